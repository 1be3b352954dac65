"""What a control is, and the few shapes that checks have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

Resources = Mapping[str, dict]
# The logical ids that break the control, in order; None where there is nothing that it speaks of.
Check = Callable[[Resources], list[str] | None]
# Does a resource of these properties obey?
Test = Callable[[dict], bool]

HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide/"
CONFIG = "https://docs.aws.amazon.com/config/latest/developerguide/"
PILLARS = {
    "SEC": "https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/",
    "REL": "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/",
}


@dataclass(frozen=True)
class Control:
    """One control.

    `standards` are those of Security Hub that have it: FSBP (foundational best practices), NIST (SP 800-53 r5),
    PCI (DSS v4.0.1), CIS (AWS foundations v5.0.0); CONFIG is a rule of AWS's conformance packs, WA a point of the
    Well-Architected framework. `open` says, by pattern of logical id, why what breaks the control stays so. A control
    with `account` is about the account or an operator's deed, which no template decides: it says what to do instead.
    """

    id: str
    standards: str
    title: str
    check: Check | None = None
    open: Mapping[str, str] = field(default_factory=dict)
    account: str = ""

    @property
    def url(self) -> str:
        """Where AWS describes it."""
        if self.id[:3] in PILLARS:
            return PILLARS[self.id[:3]]
        service, dot, number = self.id.lower().partition(".")
        return f"{HUB}{service}-controls.html#{service}-{number}" if dot else f"{CONFIG}{self.id}.html"


@dataclass(frozen=True)
class Verdict:
    """What a control says of an environment: holds, none (nothing that it speaks of), open, broken or account."""

    control: Control
    state: str
    reasons: tuple[str, ...] = ()


def judge(control: Control, resources: Resources) -> Verdict:
    """The verdict on a set of resources."""
    if control.check is None:
        return Verdict(control, "account", (control.account,))
    faults = control.check(resources)
    if faults is None:
        return Verdict(control, "none")
    why = {title: next((why for name, why in control.open.items() if fnmatch(title, name)), "") for title in faults}
    if broken := [title for title, reason in why.items() if not reason]:
        return Verdict(control, "broken", tuple(broken))
    return Verdict(control, "open" if faults else "holds", tuple(dict.fromkeys(why.values())))


def of_type(resources: Resources, *kinds: str) -> dict[str, dict]:
    """The properties of the resources of some types, by logical id."""
    return {title: body.get("Properties", {}) for title, body in resources.items() if body["Type"] in kinds}


def each(kind: str, holds: Test, only: Test | None = None) -> Check:
    """Every resource of the type (of those that `only` takes) obeys."""

    def check(resources: Resources) -> list[str] | None:
        found = {title: given for title, given in of_type(resources, kind).items() if only is None or only(given)}
        return [title for title, given in found.items() if not holds(given)] if found else None

    return check


def between(kind: str, holds: Callable[[str, dict, Resources], bool], only: Test | None = None) -> Check:
    """Every resource of the type obeys, in view of the others: holds(logical id, its properties, all)."""

    def check(resources: Resources) -> list[str] | None:
        found = {title: given for title, given in of_type(resources, kind).items() if only is None or only(given)}
        return [title for title, given in found.items() if not holds(title, given, resources)] if found else None

    return check


def together(*checks: Check) -> Check:
    """All of the checks; what there is nothing to say of does not count, unless it is all of them."""

    def check(resources: Resources) -> list[str] | None:
        answers = [answer for one in checks if (answer := one(resources)) is not None]
        return [title for answer in answers for title in answer] if answers else None

    return check


def required(kind: str, check: Check) -> Check:
    """Like `check`, but the lack of what it speaks of is a fault, named by the type."""

    def checked(resources: Resources) -> list[str]:
        answer = check(resources)
        return [kind] if answer is None else answer

    return checked


def not_used(*kinds: str) -> Check:
    """There is nothing of these types; if there is, nobody has judged it yet, and it counts as a fault."""
    return lambda resources: list(of_type(resources, *kinds)) or None


def tagged(kind: str) -> Check:
    """Every resource of the type has a tag of its own."""
    return each(kind, lambda given: bool(given.get("Tags")))


def listed(value: object) -> list:
    """A list, also of one thing or nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]


def attribute(given: dict, name: str) -> object:
    """An attribute of a load balancer or target group; None if it is not set."""
    pairs = [*listed(given.get("LoadBalancerAttributes")), *listed(given.get("TargetGroupAttributes"))]
    return next((pair["Value"] for pair in pairs if pair["Key"] == name), None)


def statements(document: object) -> Iterable[dict]:
    """The statements of a policy document."""
    return listed(document.get("Statement")) if isinstance(document, dict) else []


def target(value: object) -> str | None:
    """The logical id that a Ref or GetAtt leads to."""
    if isinstance(value, dict) and len(value) == 1:
        (name, argument), *_ = value.items()
        if name == "Ref":
            return argument
        if name == "Fn::GetAtt":
            return argument[0] if isinstance(argument, list) else argument.partition(".")[0]
    return None
