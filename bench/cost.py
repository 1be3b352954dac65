"""What environments cost a month beside what others set up by default: from one table of prices, nothing is measured.

`python -m review peers` shows the same with what each consists of. What a million requests cost hangs on the CPU that
one takes: that is taken to be `peers.CPU_MS`, and named in the row.
"""

from bench.rows import Row
from review import workspace
from review.price import peers
from review.price.table import table
from review.price.traffic import Traffic

# Environment: its aim. What others set up by default survives no zone, so production may cost more.
OURS = {"lab": 1, "production": None}


def rows() -> list[Row]:
    """Of each environment in US dollars, with a million requests a month; then the CPU of a million requests."""
    prices, traffic = table(workspace.REGION), Traffic()
    others = list(peers.peers(prices, traffic))
    found = []
    for env, most in OURS.items():
        ours = peers.ours(env, workspace.REGION, traffic)
        month = float(ours.month(prices, traffic.requests, peers.CPU_MS))
        for other in others:
            theirs = float(other.month(prices, traffic.requests, peers.CPU_MS))
            found.append(Row("cost", f"{env}: a month, beside {other.name}", month, theirs, "$", at_most=most))
        million = float(ours.million(prices, peers.CPU_MS))
        found.append(Row("cost", f"{env}: CPU of a million requests of {peers.CPU_MS} ms", million, unit="$"))
    return found
