"""Run the extended emulator: `python -m rehearsal.emulator --port 4566`. It listens on this machine only."""

import argparse
import os
import shutil
import sys
import threading
import time
from pathlib import Path


def end_with(parent: int, scratch: Path | None) -> None:
    """End this process when its parent is gone, so that a killed rehearsal leaves neither server nor files behind."""
    while os.getppid() == parent:
        time.sleep(1)
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


def main(argv: list[str]) -> int:
    """Start the emulator with every part of the extension, and serve until it is told to end."""
    parser = argparse.ArgumentParser(prog="rehearsal.emulator", description="The embedded AWS, on 127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--scratch", type=Path, help="directory to remove if the process that started this one is killed"
    )
    options = parser.parse_args(argv)
    # The emulator reads its settings when it is imported.
    os.environ.update(BIND_HOST="127.0.0.1", GATEWAY_PORT=str(options.port))

    import ministack.app

    from rehearsal.emulator import (
        changesets,
        containers,
        credentials,
        database,
        database_groups,
        deletion,
        edge,
        firewall,
        lifecycle,
        listing,
        monitoring,
        network,
        reading,
        references,
        registry,
        scaling,
        stacks,
        state,
        storage,
    )

    types = (network, credentials, storage, database, database_groups, containers, scaling, edge, firewall, monitoring)
    for part in (*types, registry, deletion, reading, references, lifecycle, listing, stacks, changesets, state):
        part.install()
    threading.Thread(target=end_with, args=(os.getppid(), options.scratch), daemon=True).start()
    sys.argv = ["ministack"]
    ministack.app.main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
