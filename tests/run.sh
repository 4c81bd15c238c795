#!/usr/bin/env bash
# Every check of this repository: formatting, lints, documentation, tests, guards.
#
# First installs what is missing (see deploy/install.sh), and says what. Goes on after a check
# that failed, and ends with one line `N passed, N failed`: the tests of cargo and the other
# checks together.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/install.sh
. deploy/install.sh

passed=0
failed=0
failures=()
scratch=$(mktemp -d)
# Root's database server runs as another account, which has to pass through.
chmod 711 "$scratch"
postgres=

finish() {
    if [ -n "$postgres" ]; then
        tests/postgres.sh stop "$postgres" >/dev/null || true
    fi
    rm -rf "$scratch"
}
trap finish EXIT

# check NAME COMMAND…: runs it, times it and counts it as one.
check() {
    local name=$1 began=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
    fi
    printf '== %s: %s s\n' "$name" $((SECONDS - began))
}

# count_tests NAME COMMAND…: runs it, and counts what cargo's test runner says.
count_tests() {
    local name=$1 began=$SECONDS status=0 sums bad
    shift
    printf '\n== %s\n' "$name"
    "$@" 2>&1 | tee "$scratch/tests" || status=$?
    sums=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$scratch/tests" |
        awk '{ passed += $1; failed += $2 } END { print passed + 0, failed + 0 }')
    bad=${sums#* }
    passed=$((passed + ${sums% *}))
    failed=$((failed + bad))
    if [ "$status" != 0 ]; then
        failures+=("$name")
        # It did not even build, or a test program died.
        [ "$bad" != 0 ] || failed=$((failed + 1))
    fi
    printf '== %s: %s s\n' "$name" $((SECONDS - began))
}

# component NAME: whether this part of the toolchain is there; rustup is asked for it.
component() {
    cargo "$1" --version >/dev/null 2>&1 && return 0
    say "missing: the toolchain's $2"
    rustup component add "$2" && cargo "$1" --version >/dev/null 2>&1 && return 0
    say "left out: $2 (rustup component add $2)"
    return 1
}

docs() { RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --locked --quiet; }

# A server of its own: own port, own folder, own account.
start_postgres() {
    postgres=$scratch/postgres
    if CASTELLAN_TEST_POSTGRES_URL=$(tests/postgres.sh start "$postgres"); then
        export CASTELLAN_TEST_POSTGRES_URL
    else
        postgres=
        failed=$((failed + 1))
        failures+=("PostgreSQL did not start")
    fi
}

need_basics
has curl || need curl "the workflow file's steps sign in and fetch the runner with it"
python3 -c 'import ensurepip' 2>/dev/null || need python3-venv "a folder of its own for zizmor"
has strace || need strace "shows whom agents speak with"
install_missing
if [ -x tests/postgres.sh ] && ! has initdb && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    need postgresql "the store's tests run on it too; no server is started but the tests' own"
    install_without_cluster
fi
allow_bwrap
find_cargo
CASTELLAN_TEST_TOOLS=${CARGO_TARGET_DIR:-target}/tools
if tests/tools.sh "$CASTELLAN_TEST_TOOLS"; then
    CASTELLAN_TEST_TOOLS=$(cd "$CASTELLAN_TEST_TOOLS" && pwd)
    export CASTELLAN_TEST_TOOLS
else
    failed=$((failed + 1))
    failures+=("act, actionlint and zizmor were not installed")
    unset CASTELLAN_TEST_TOOLS
fi
[ ! -x tests/postgres.sh ] || start_postgres

if component fmt rustfmt; then check formatting cargo fmt --check; fi
if component clippy clippy; then
    check lints cargo clippy --all-targets --locked --quiet -- -D warnings
    # As the container image is built.
    check "lints without the demo" \
        cargo clippy --all-targets --no-default-features --locked --quiet -- -D warnings
fi
check documentation docs
# All that the tests need is there now, so that none of them may be left out.
export CASTELLAN_TEST_ALL=1
count_tests tests cargo test --locked --no-fail-fast
[ ! -x tests/guards.sh ] || check guards tests/guards.sh

echo
grep -h '^left out: ' "$scratch/tests" | sort -u || true
for name in ${failures[@]+"${failures[@]}"}; do say "failed: $name"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
