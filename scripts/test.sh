#!/usr/bin/env bash
# Installs what the tests need (MongoDB, Chromium) and runs all of them.
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

install_chromium
if ! scripts/services.sh status mongo >/dev/null 2>&1; then
  trap 'scripts/services.sh down mongo' EXIT
fi
scripts/services.sh up mongo
eval "$(scripts/services.sh env)"

export REQUIRE_SERVICES=1
if [ $# -eq 0 ]; then set -- --workspace; fi
log "cargo test --release --locked $*"
cargo test --release --locked "$@"
