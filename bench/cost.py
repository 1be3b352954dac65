"""What environments cost a month beside what others set up by default: from one table of prices, nothing is measured.

`python -m review peers` shows the same with what each consists of. How many tasks it takes hangs on the CPU of a
request: that is taken to be `peers.CPU_MS`. What the CPU of a million requests costs is told of what a load took.
"""

from decimal import Decimal

from bench.rows import OF_CPU, Row
from review import workspace
from review.price import peers
from review.price.table import table
from review.price.traffic import Traffic

# Environment: its aim. What others set up by default survives no zone, so production may cost more.
OURS = {"lab": 1, "production": None}


def rows() -> list[Row]:
    """Of each environment in US dollars, with a million requests a month."""
    prices, traffic = table(workspace.REGION), Traffic()
    others = list(peers.peers(prices, traffic))
    found = []
    for env, most in OURS.items():
        month = float(peers.ours(env, workspace.REGION, traffic).month(prices, traffic.requests, peers.CPU_MS))
        for other in others:
            theirs = float(other.month(prices, traffic.requests, peers.CPU_MS))
            found.append(Row("cost", f"{env}: a month, beside {other.name}", month, theirs, "$", at_most=most))
    return found


def of_a_million(what: str, cpu_ms: float) -> list[Row]:
    """What the CPU of a million such requests costs in US dollars in each environment."""
    prices, traffic = table(workspace.REGION), Traffic()
    return [
        Row("cost", f"{env}: CPU of a million {what}", float(million), unit=OF_CPU)
        for env in OURS
        for million in [peers.ours(env, workspace.REGION, traffic).million(prices, Decimal(cpu_ms))]
    ]
