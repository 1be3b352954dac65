#!/usr/bin/env bash
## Make the virtual environment $1 with what $2 pins, hashes checked. It is marked ready only when all of it is there.
set -euo pipefail
environment=$1 pins=$2
python=${PYTHON3:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: Python 3.11 or newer is needed; $python is $("$python" --version 2>&1). Set PYTHON3 to a newer one" >&2
    exit 1
}
echo "$environment: installing $pins"
"$python" -m venv --clear "$environment" || {
    echo "error: $python cannot make virtual environments: on Debian, apt-get install python3-venv" >&2
    exit 1
}
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$pins"
touch "$environment/.ready"
