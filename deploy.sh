#!/usr/bin/env bash
## Deploy an environment: preflight, image repositories, images, stack.
##
## Usage: ./deploy.sh ENV      ENV is a file of config/, as in: ./deploy.sh lab
##
## Environment:
##   YES=1                agree beforehand to the changes that are shown
##   ALLOW_REPLACE        what holds data and may be removed or replaced this time, as Data/DBInstance; else the guard ends
##                        the deployment with exit code 3
##   CONTAINER_ENGINE     docker or podman; the first one found if it is not set
##   AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, ...   where to and as whom, as for every AWS tool
##   CLOUDFORMATION_ROLE  the ARN of a role under which CloudFormation works, instead of under yours
##   SKIP                 as in Data/DBInstance: what a rollback that failed shall leave as it is
##   AWS_ENDPOINT_URL     another place than AWS itself, as in a rehearsal
##   PYTHON               the Python that has requirements/deploy.txt; .venv/bin/python if it is not set
##
## It can be run again at any time: what is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
    echo "error: $*" >&2
    exit 1
}

help() {
    sed -n 's/^## \{0,1\}//p' "$0"
}

case "${1:-}" in
    -h | --help) help && exit 0 ;;
    "" | -*) help >&2 && exit 2 ;;
esac
[ $# -eq 1 ] || fail "one environment at a time; found:$(printf ' %q' "$@")"
environment=$1

# Ctrl-C, or a pipeline that is cancelled: one line, said here for every step (deploy/command_line.py has the same).
stopped() {
    echo >&2
    echo "stopped; what was begun at AWS goes on there: \`make deploy ENV=$environment\` goes on from here," \
        "\`make follow ENV=$environment\` only watches" >&2
    exit "$1"
}
trap 'stopped 130' INT
trap 'stopped 143' TERM
export STEP_OF=deploy.sh

python=${PYTHON:-.venv/bin/python}
command -v "$python" > /dev/null || fail "$python is missing: run \`make setup\`"

engine=${CONTAINER_ENGINE:-$(command -v docker || command -v podman || true)}

require_engine() {
    [ -n "$engine" ] || fail "no container engine to build the images with: install docker or podman, or set CONTAINER_ENGINE"
    "$engine" info > /dev/null 2>&1 || fail "$engine does not answer \`$engine info\`: start it, or set CONTAINER_ENGINE"
}

# Build and push what the registry does not hold yet. One line of `missing` is: target platform reference
build_images() {
    local target platform reference
    # Before there were repositories the images had no names yet.
    case $missing in *" -") missing=$("$python" -m deploy images "$environment") ;; esac
    if [ -z "$missing" ]; then
        echo "images: both are in the registry already"
        return
    fi
    reference=${missing##* }
    "$python" -m deploy registry-password "$environment" |
        "$engine" login --username AWS --password-stdin "${reference%%/*}" > /dev/null
    while read -r target platform reference; do
        echo "images: building and pushing ${reference#*/}"
        "$engine" build --file docker/Dockerfile --target "$target" --platform "$platform" --tag "$reference" .
        "$engine" push "$reference"
    done <<< "$missing"
}

# Most of a start is loading the libraries. Where nothing is to be built there are two: preflight, which says where to and
# then what is missing, and the stacks.
found=$("$python" -m deploy preflight "$environment")
where=${found%%$'\n'*}
missing=${found#"$where"}
missing=${missing#$'\n'}
echo "$where"
bootstrap=--bootstrap
if [ -n "$missing" ]; then
    require_engine
    "$python" -m deploy bootstrap "$environment"
    bootstrap=
fi
build_images
STEP_OF='' exec "$python" -m deploy up ${bootstrap:+"$bootstrap"} "$environment"
