#!/usr/bin/env bash
# Measures the product: scripts/bench.sh load|sample|store|quality|train|serve [--json] [--reviews N]
#   [--memory-limit MB] (load) [--trials N] (quality)
# With --json the last line is one JSON object with all figures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --locked --quiet -p orchestrator -p benches
exec cargo run --release --locked --quiet -p benches -- "$@"
