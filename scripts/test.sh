#!/usr/bin/env bash
# Installs what building and tests need (OpenSSL's headers, MongoDB, Kafka, Chromium) and runs all tests.
# Arguments go to `cargo test`, such as: scripts/test.sh -p storage
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

log() { printf '==> %s\n' "$*" >&2; }

install_chromium() {
  if command -v chromedriver >/dev/null && { [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; }; then
    return
  fi
  log "installing Chromium for the browser tests"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      chromium chromium-driver fonts-dejavu-core >/dev/null
  else
    log "chromium and chromedriver are missing and cannot be installed without root: install them first"
    exit 1
  fi
}

install_openssl() {
  if pkg-config --exists openssl 2>/dev/null; then
    return
  fi
  log "installing the headers of OpenSSL, which the Kafka client is built with"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libssl-dev pkg-config >/dev/null
  else
    log "OpenSSL's headers or pkg-config are missing and cannot be installed without root: install them first"
    exit 1
  fi
}

install_openssl
install_chromium
started=()
for service in mongo kafka; do
  scripts/services.sh status "$service" >/dev/null 2>&1 || started+=("$service")
done
if [ ${#started[@]} -gt 0 ]; then
  trap 'scripts/services.sh down "${started[@]}"' EXIT
fi
scripts/services.sh up mongo kafka
eval "$(scripts/services.sh env)"

export REQUIRE_SERVICES=1
if [ $# -eq 0 ]; then set -- --workspace; fi
log "cargo test --release --locked $*"
cargo test --release --locked "$@"
