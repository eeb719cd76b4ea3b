#!/usr/bin/env bash
# Measures the product: scripts/bench.sh load|sample|eda|store|quality|train|serve|live [--json] [--reviews N]
#   [--memory-limit MB] (load) [--trials N] (quality) [--bus kafka|embedded] (live)
# With --json the last line is one JSON object with all figures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --locked --quiet -p orchestrator -p webapp -p benches
if [[ "${1:-}" == live && -z "${KAFKA_URL:-}" ]]; then
    scripts/services.sh status kafka >/dev/null 2>&1 || trap 'scripts/services.sh down kafka' EXIT
    scripts/services.sh up kafka >/dev/null
    eval "$(scripts/services.sh env kafka)"
fi
cargo run --release --locked --quiet -p benches -- "$@"
