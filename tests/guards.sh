#!/bin/sh
# Takes every guard away, one by one, in a test build: the test that is named for it in
# tests/it/guards.rs must then fail, and pass with the guard in place. Prints a table, and ends
# with one line "N passed, N failed". Any argument goes to cargo (as in --offline).
set -eu
cd "$(dirname "$0")/.."

built=$(cargo test --test it --no-run --features unguarded --message-format=json "$@" |
    sed -n 's/.*"name":"it".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$built" ] || { echo "the tests could not be built" >&2; exit 1; }

# Runs one test; 0: it passed. A name that no test has is not a pass.
passes() {
    said=$("$built" --exact "$1" 2>&1) || return 1
    case $said in *"test result: ok. 1 passed"*) return 0 ;; esac
    echo "there is no test $1" >&2
    exit 1
}

passed=0 failed=0
table=$(sed -n '/^const MISSED_BY/,/^];/p' tests/it/guards.rs | tr -d '\n' | tr '(' '\n' |
    sed -n 's/^ *"\([a-z-]*\)", *"\([a-z0-9_:]*\)".*/\1 \2/p')
[ -n "$table" ] || { echo "tests/it/guards.rs has no table" >&2; exit 1; }
printf '%-14s %-10s %-10s %s\n' guard with without test
while read -r guard test; do
    with=fails without=passes
    if passes "$test"; then with=passes; fi
    if ! (CASTELLAN_GUARD_OFF=$guard && export CASTELLAN_GUARD_OFF && passes "$test"); then without=fails; fi
    printf '%-14s %-10s %-10s %s\n' "$guard" "$with" "$without" "$test"
    if [ "$with $without" = "passes fails" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done <<TABLE
$table
TABLE
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
