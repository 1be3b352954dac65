#!/usr/bin/env bash
## Resolve the groups of pyproject.toml into requirements/GROUP.txt, with hashes and without any index's address.
## The smaller groups take the versions of dev, so that what is tested is what runs.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url)
compile+=(--custom-compile-command "make lock" "$@")

"${compile[@]}" --group dev --output-file requirements/dev.txt
for group in app templates deploy; do
    "${compile[@]}" --group "$group" --constraint requirements/dev.txt --output-file "requirements/$group.txt"
done
for group in emulator scan peers; do
    "${compile[@]}" --group "$group" --output-file "requirements/$group.txt"
done
