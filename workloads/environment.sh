#!/bin/sh
# Prints the path of a Python that can run the trainers on this machine, and makes it first if need be.
# It is Debian's Python with the packages of system-packages.txt, and a virtual environment with requirements.txt on top.
# Usage: sh workloads/environment.sh [FOLDER]    (FOLDER/python is the virtual environment; default: Atoll's cache folder)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${ATOLL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/atoll}
environment=${1:-$cache}/python
python=$environment/bin/python3
has() { "$1" -c 'import sys; from importlib.util import find_spec as f; sys.exit(not all(map(f, sys.argv[1:])))' $2 >/dev/null 2>&1; }
works() { has "$1" "PIL numpy safetensors sklearn torch"; }

if [ -n "${ATOLL_PYTHON:-}" ]; then
  works "$ATOLL_PYTHON" || { echo "cannot use ATOLL_PYTHON=$ATOLL_PYTHON: it lacks numpy, torch, sklearn, PIL or safetensors" >&2; exit 1; }
  echo "$ATOLL_PYTHON"
  exit 0
fi
if ! works "$python"; then
  if ! has /usr/bin/python3 "PIL numpy sklearn torch ensurepip"; then
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || {
      echo "cannot make a Python for the trainers: needs root and apt-get; or set ATOLL_PYTHON to one with numpy, torch, scikit-learn, Pillow, safetensors" >&2
      exit 1
    }
    echo "Installing Debian's PyTorch and scikit-learn (once, about a minute)" >&2
    # shellcheck disable=SC2046
    {
      apt-get -o DPkg::Lock::Timeout=300 update
      DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends \
        $(grep -v '^#' "$here/system-packages.txt") python3-venv
    } >&2
  fi
  rm -rf "$environment"
  /usr/bin/python3 -m venv --system-site-packages "$environment" >&2
  "$python" -m pip install --quiet --no-deps -r "$here/requirements.txt" >&2
fi
echo "$python"
