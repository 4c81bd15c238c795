#!/bin/sh
# Starts or stops a PostgreSQL server of the tests' own: own port, own data folder, own socket
# folder, loopback only. Runs as root (it then drops to an unprivileged account, since initdb
# refuses root) or as an ordinary user. Installs nothing.
#
#   tests/postgres.sh start DIR   prints the URL for CASTELLAN_TEST_POSTGRES_URL; 3: no PostgreSQL here
#   tests/postgres.sh stop DIR
set -eu

usage() { echo "usage: $0 start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
action=$1 dir=$2

# The newest installed version: Debian and Ubuntu keep the server's programs off the PATH.
bin=
for found in /usr/lib/postgresql/*/bin; do
    [ -x "$found/initdb" ] && bin=$found
done
if [ -z "$bin" ] && command -v initdb >/dev/null; then
    bin=$(dirname "$(command -v initdb)")
fi
[ -n "$bin" ] || { echo "PostgreSQL is not installed (no initdb)" >&2; exit 3; }

# As root: as nobody, who owns the folder. The environment stays behind.
own() {
    if [ "$(id -u)" = 0 ]; then
        env -i PATH="/usr/bin:/bin" LC_ALL=C HOME="$dir" \
            setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        env -i PATH="/usr/bin:/bin" LC_ALL=C HOME="$dir" "$@"
    fi
}

start() {
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [ "$(id -u)" != 0 ] || chown 65534:65534 "$dir"
    chmod 700 "$dir"
    cd "$dir"
    if [ ! -d "$dir/data" ]; then
        own "$bin/initdb" -D "$dir/data" -U castellan --auth=trust --no-sync >"$dir/initdb.log" 2>&1 ||
            { cat "$dir/initdb.log" >&2; exit 1; }
    fi
    # A socket's path has at most 107 bytes, so it has a short folder of its own.
    sockets=$(mktemp -d /tmp/castellan-pg.XXXXXX)
    [ "$(id -u)" != 0 ] || chown 65534:65534 "$sockets"
    echo "$sockets" >"$dir/sockets"
    # A free port: the first of a few that nobody listens on.
    port=$((20000 + $$ % 20000))
    for _ in 1 2 3 4 5 6 7 8; do
        if own "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 30 -o \
            "-c listen_addresses=127.0.0.1 -p $port -k $sockets -c fsync=off -c max_connections=300" \
            start >/dev/null 2>&1; then
            echo "postgres://castellan@127.0.0.1:$port/postgres"
            return 0
        fi
        port=$((port + 101))
    done
    tail -n 20 "$dir/server.log" >&2
    rm -rf "$sockets"
    exit 1
}

stop() {
    dir=$(cd "$dir" && pwd)
    cd "$dir"
    own "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null
    if [ -f "$dir/sockets" ]; then
        sockets=$(cat "$dir/sockets")
        case $sockets in /tmp/castellan-pg.*) rm -rf "$sockets" ;; esac
    fi
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
