#!/usr/bin/env bash
# Builds castellan and shows the whole story on this machine: `castellan demo`.
#
#   deploy/demo.sh           the story, then its page until Ctrl+C
#   deploy/demo.sh --exit    ends after the story
#   deploy/demo.sh --help    all options
#
# First installs what is missing (see deploy/install.sh), and says what. Everything else
# happens below the target folder, /tmp and /var/tmp.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/install.sh
. deploy/install.sh

need_basics
install_missing
allow_bwrap
find_cargo

say "building (some minutes the first time)"
cargo build --locked
exec "${CARGO_TARGET_DIR:-target}/debug/castellan" demo "$@"
