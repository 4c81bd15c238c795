#!/usr/bin/env bash
# tests/agents.sh FOLDER: puts the four agents that Castellan has presets for into FOLDER, as a runner would.
#
# They come from npm, in the versions and with the hashes of deploy/agents/*/package-lock.json, about
# 1.3 GB together. No package's script is run.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

for recipe in "$here"/deploy/agents/*/; do
    name=$(basename "$recipe")
    # The first version that a manifest names is the agent's own.
    version=$(grep -om1 '[0-9]*\.[0-9]*\.[0-9]*' "$recipe/package.json")
    whole="$folder/$name-$version"
    [ ! -e "$whole" ] || continue
    printf '%s\n' "castellan: installing into $whole: $name $version and what it needs"
    partial=$(mktemp -d "$folder/$name-partial-XXXXXX")
    cp "$recipe/package.json" "$recipe/package-lock.json" "$partial"
    (cd "$partial" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --no-progress --loglevel=error)
    chmod 755 "$partial"
    mv "$partial" "$whole"
done
