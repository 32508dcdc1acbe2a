#!/bin/sh
# Runs a TypeScript file of this repository with the Node that the lock file pins, installing the npm packages first when they
# are missing or older than the lock file. The machine's own Node only has to be able to run npm.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
stamp="$root/node_modules/.atoll-lock"
if ! cmp -s "$root/package-lock.json" "$stamp" 2>/dev/null; then
  command -v npm >/dev/null 2>&1 || { echo "cannot install packages: npm is not on the PATH. Install Node.js (any version with npm 10 or newer) and run this again." >&2; exit 1; }
  echo "Installing npm packages (once per lock file) ..." >&2
  # Not "npm ci": it refuses a lock file without the optional packages of platforms that a registry mirror does not carry.
  (cd "$root" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  cp "$root/package-lock.json" "$stamp"
fi
PATH="$root/node_modules/.bin:$PATH"
export PATH
script=$1
shift
exec node "$root/$script" "$@"
