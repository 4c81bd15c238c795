# Installs what is missing. Sourced by deploy/demo.sh and tests/run.sh, with the root of the
# repository as the working directory; not run by itself.
#
# It says what it installs and why, and uses sudo for that alone. What is there is left as it
# is, so a machine that has everything needs no network here. It knows apt-get; elsewhere it
# names what is missing and stops.
# shellcheck shell=bash

# Where the sandbox finds programs: the machine's own, not a person's.
machine_path=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
# Packages to install; filled by need.
missing=()

say() { printf '%s\n' "castellan: $*"; }

stop() {
    printf '%s\n' "castellan: $*" >&2
    exit 1
}

# has PROGRAM: whether the machine itself has it.
has() { PATH=$machine_path command -v "$1" >/dev/null 2>&1; }

# need PACKAGE REASON: remembers that it has to be installed.
need() {
    say "missing: $1 ($2)"
    missing+=("$1")
}

# as_root COMMAND…: runs it as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        stop "this needs root, and sudo is not installed. As root, run: $*"
    fi
}

# Whether a C program can be compiled and linked here.
compiles() {
    local folder ok=1
    folder=$(mktemp -d)
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$folder/a.c"
    cc -o "$folder/a" "$folder/a.c" >/dev/null 2>&1 && ok=0
    rm -rf "$folder"
    return $ok
}

# What every command of the README needs.
need_basics() {
    compiles || need build-essential "compiles the C parts of the dependencies, and links"
    has git || need git "keeps mirrors of repositories and reads commits"
    has python3 || need python3 "the sample repository is written in it"
    has bwrap || need bubblewrap "the sandbox that agents and commands run in"
    has prlimit || need util-linux "its prlimit limits what a sandbox may use"
}

# Installs what need has remembered.
install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    has apt-get || stop "please install by hand: ${missing[*]} (this script only knows apt-get)"
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        stop "this needs root, and sudo is not installed. As root, run: apt-get install ${missing[*]}"
    fi
    say "installing with apt-get: ${missing[*]}"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
    missing=()
}

# Debian starts a PostgreSQL server of its own when it installs one. The tests start theirs, so
# what need has remembered is installed while the package is kept from that.
install_without_cluster() {
    local conf=/etc/postgresql-common/createcluster.d/castellan.conf status=0
    as_root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
    # In a shell of its own, with its own errexit: however it ends, the file is taken away again.
    set +e
    (
        set -e
        install_missing
    )
    status=$?
    set -e
    as_root rm -f "$conf"
    [ "$status" != 0 ] || missing=()
    return "$status"
}

# Whether an unprivileged account can start bubblewrap.
bwrap_starts() {
    local trial=(bwrap --unshare-user --unshare-pid --ro-bind / / true)
    if [ "$(id -u)" = 0 ]; then
        trial=(setpriv --reuid 65534 --regid 65534 --clear-groups "${trial[@]}")
    fi
    PATH=$machine_path "${trial[@]}" >/dev/null 2>&1
}

# Ubuntu 24.04 keeps unprivileged programs from user namespaces; a profile lets bubblewrap.
allow_bwrap() {
    local switch=/proc/sys/kernel/apparmor_restrict_unprivileged_userns
    if ! bwrap_starts && [ "$(cat $switch 2>/dev/null)" = 1 ]; then
        say "AppArmor keeps user namespaces from bubblewrap: loading deploy/apparmor/bwrap"
        as_root install -m 644 deploy/apparmor/bwrap /etc/apparmor.d/bwrap
        as_root apparmor_parser -r /etc/apparmor.d/bwrap
    fi
    # Anything else that is in the way is named by castellan itself, with its remedy.
}

# Finds cargo and checks that it is new enough for this crate. It is never installed here.
find_cargo() {
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null 2>&1; then
        PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin
        export PATH
    fi
    command -v cargo >/dev/null 2>&1 ||
        stop "cargo is not installed. Install stable Rust $wanted or newer with rustup (https://rustup.rs), then run this again."
    have=$(cargo --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n' "$wanted" "${have%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
        stop "cargo $have is too old, this needs $wanted. With rustup: rustup update stable"
    fi
}
