#!/usr/bin/env bash
## The three tiers in containers on this machine: docker/compose.yaml with secrets that are made once and kept.
##
## Usage: docker/up.sh [WORD...]   words for compose instead of `up --build`, as in: docker/up.sh down --volumes
##
##   COMPOSE  the command, as in "podman compose"; `docker compose` if it is not set
set -euo pipefail
cd "$(dirname "$0")/.."

read -ra compose <<< "${COMPOSE:-docker compose}"
"${compose[@]}" version > /dev/null 2>&1 || {
    echo "error: \`${compose[*]} version\` does not work: install docker with compose, or set COMPOSE=\"podman compose\"" >&2
    exit 1
}

secrets=build/compose.env
if [ ! -f "$secrets" ]; then
    mkdir -p build
    (
        umask 077
        for name in DATABASE_PASSWORD APP_DATABASE_PASSWORD SECRET_KEY; do
            echo "$name=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
        done > "$secrets"
    )
fi
[ $# -gt 0 ] || set -- up --build
exec "${compose[@]}" --env-file "$secrets" --file docker/compose.yaml "$@"
