#!/usr/bin/env bash
## Build both images here, without pushing them, and say how large they are.
##
## Usage: docker/images.sh [ENV]   for the processor that config/ENV.env names; without it for this machine's
##
##   CONTAINER_ENGINE  docker or podman; the first one found if it is not set
##   BUILD_ARGS        further words for each build, as in --build-arg PYTHON_IMAGE=...
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "error: $*" >&2
    exit 1
}

environment=${1:-}
engine=${CONTAINER_ENGINE:-$(command -v docker || command -v podman || true)}
[ -n "$engine" ] || fail "no container engine to build the images with: install docker or podman, or set CONTAINER_ENGINE"
"$engine" info > /dev/null 2>&1 || fail "$engine does not answer \`$engine info\`: start it, or set CONTAINER_ENGINE"

options=()
if [ -n "$environment" ]; then
    [ -f "config/$environment.env" ] || fail "there is no config/$environment.env"
    case $(sed -n 's/^CpuArchitecture=//p' "config/$environment.env") in
        ARM64) options+=(--platform linux/arm64) ;;
        *) options+=(--platform linux/amd64) ;; # the parameter's default
    esac
fi
read -ra more <<< "${BUILD_ARGS:-}"

for target in app web; do
    "$engine" build --file docker/Dockerfile --target "$target" --tag "flaskcrud-$target" "${options[@]}" "${more[@]}" .
done
"$engine" images --filter "reference=*flaskcrud-*" --format "{{.Repository}}  {{.Size}}"
