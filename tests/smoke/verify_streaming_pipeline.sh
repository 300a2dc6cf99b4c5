#!/bin/sh
# Audits a live agent: wire, Claude's disk and the bus must hold the same turn. See docs/agent.md.
#   verify_streaming_pipeline.sh <agent> [--url URL] [--out FOLDER] | <agent> --replay FOLDER
# Exit code 0: they do; 1: they do not; 2: it could not be found out.
root=$(cd "$(dirname "$0")/../.." && pwd)
program="$root/dist/scripts/audit/main.js"
if [ ! -f "$program" ]; then
  echo "agenticore: not built yet; run: npm ci && npm run build" >&2
  exit 2
fi
exec node "$program" "$@"
