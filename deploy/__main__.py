"""python -m deploy VERB ENV: see command_line.py."""

import signal
import sys

if __name__ == "__main__":
    # The libraries take most of a second to load. Until that is done, nothing is begun and there is nothing to say.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from deploy.command_line import main

    sys.exit(main(sys.argv[1:]))
