"""What is assumed of the use of a site: the part of a bill that no template knows."""

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, get_type_hints

from review.problem import Problem

HOURS = Decimal(730)  # a month, as AWS's own examples have it
GB = Decimal(2**30)


@dataclass(frozen=True)
class Traffic:
    """The assumptions. Their names on the command line have - for _."""

    requests: Annotated[Decimal, "requests a month"] = Decimal(1000000)
    response_bytes: Annotated[Decimal, "bytes of an answer, sent to the internet"] = Decimal(20000)
    task_log_bytes: Annotated[Decimal, "bytes that nginx and the application log for a request"] = Decimal(600)
    access_log_bytes: Annotated[Decimal, "bytes of the load balancer's log for a request, compressed"] = Decimal(300)
    firewall_log_bytes: Annotated[Decimal, "bytes of the firewall's log for a request"] = Decimal(2000)
    flow_log_bytes: Annotated[Decimal, "bytes of the VPC's flow log for a request"] = Decimal(600)
    query_bytes: Annotated[Decimal, "bytes between task and database for a request"] = Decimal(5000)
    outbound_gb: Annotated[Decimal, "GB a month that the application itself sends to the internet"] = Decimal(0)
    database_log_gb: Annotated[Decimal, "GB a month of the database's error and slow query logs"] = Decimal("0.1")
    database_used: Annotated[Decimal, "share of the database's storage that is in use"] = Decimal("0.5")
    database_change: Annotated[Decimal, "share of the database's storage that changes in a day"] = Decimal("0.01")
    image_gb: Annotated[Decimal, "GB of images kept in each repository"] = Decimal(1)
    monitoring_bytes: Annotated[Decimal, "bytes of a record of the database's operating system"] = Decimal(6000)

    def gb(self, bytes_per_request: Decimal) -> Decimal:
        """GB a month of something that each request brings so many bytes of."""
        return self.requests * bytes_per_request / GB


def inputs() -> dict[str, tuple[str, str]]:
    """The assumptions as the command line names them: their attributes and what they mean."""
    hints = get_type_hints(Traffic, include_extras=True)
    return {name.replace("_", "-"): (name, hint.__metadata__[0]) for name, hint in hints.items()}


def parse(words: list[str]) -> Traffic:
    """The assumptions with those of `words`, as in requests=5000000, changed. Problem: a word that is wrong."""
    names = inputs()
    changed = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in names or not equals:
            raise Problem(f"traffic: {word}: expected NAME=NUMBER with one of {', '.join(names)}")
        changed[names[name][0]] = _number(word, value)
    return replace(Traffic(), **changed)


def _number(word, value):
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise Problem(f"traffic: {word}: must be a number, not below 0")
    return number
