#!/usr/bin/env bash
## What the rehearsal, the slow tests, the benchmarks and the drills use beside Python: Debian package and the command by which it is known.
## As root on Debian they are installed; elsewhere one line names what is missing, and what needs it is left out.
set -euo pipefail
PATH=$PATH:/usr/sbin

packages=(nginx-light:nginx mariadb-server:mariadbd chromium:chromium wrk:wrk iproute2:ip)
missing=()
for entry in "${packages[@]}"; do
    command -v "${entry#*:}" > /dev/null || missing+=("${entry%%:*}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "installing ${missing[*]}"
    log=$(mktemp)
    # No service is started: the tests start private instances of their own.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 < /dev/null || {
        tail -n 3 "$log" >&2
        echo "note: apt-get could not install ${missing[*]}; what needs them is left out" >&2
    }
    rm -f "$log"
else
    echo "note: not installed: ${missing[*]}; what needs them is left out. On Debian: sudo apt-get install ${missing[*]}" >&2
fi
