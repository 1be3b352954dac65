"""A build beside `cdk synth` of the same tiers, written as a CDK user would: bench/peers/cdk/app.py."""

import sys
import tempfile

from bench.process import ROOT, in_turn, usual_environment
from bench.rows import Missing, Row

RUNS = 3
PEERS = ROOT / ".venv-peers"
CDK = PEERS / "node/node_modules/.bin/cdk"
APP = ROOT / "bench/peers/cdk/app.py"


def rows() -> list[Row]:
    """CPU time of both as whole processes with all that they start; CDK asks nothing of the network."""
    if not CDK.exists():
        raise Missing("CDK is not installed: make bench-peers (needs Node.js)")
    quiet = usual_environment(CDK_DISABLE_CLI_TELEMETRY="true", JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="1")
    with tempfile.TemporaryDirectory() as place:
        synth = [
            CDK,
            "synth",
            "--quiet",
            "--no-notices",
            "--app",
            f"{PEERS}/bin/python {APP}",
            "--output",
            f"{place}/cdk",
        ]
        ours = [sys.executable, "build_templates.py", "--out", f"{place}/ours"]
        used = in_turn({"ours": ours, "cdk": synth}, RUNS, environment=quiet)
    return [Row("build", "all stacks, beside cdk synth", used["ours"].cpu, used["cdk"].cpu, at_least=60, fewer=True)]
