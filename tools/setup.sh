#!/bin/sh
# Prepare .venv and .jars: what `make run` and `make test` begin with. Quick and quiet when nothing is to do.
set -eu
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3.11}
READY=.venv/.govlake-ready
WANTED=$(cat requirements.lock setup.py pyproject.toml conf/ivy.xml conf/jars.sha256 | cksum)

say() { printf '%s\n' "$*" >&2; }

if [ -f "$READY" ] && [ "$(cat "$READY")" = "$WANTED" ] && (cd .jars && sha256sum --status -c ../conf/jars.sha256); then
    exit 0
fi
if ! command -v "$PYTHON" >/dev/null; then
    say "setup: no $PYTHON on this machine. Install Python 3.11 (Debian: apt-get install python3.11 python3.11-venv), or name one: make PYTHON=/path/to/python3.11 …"
    exit 1
fi
rm -f "$READY"

say "[1/4] .venv with $($PYTHON --version)"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
[ -x .venv/bin/uv ] || command -v uv >/dev/null || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
UV=$( [ -x .venv/bin/uv ] && echo .venv/bin/uv || command -v uv)

say "[2/4] $(grep -c == requirements.lock) packages, each checked against its hash (about 1.9 GB the first time)"
VIRTUAL_ENV=.venv "$UV" pip install --quiet --require-hashes -r requirements.lock

say "[3/4] govlake itself"
VIRTUAL_ENV=.venv "$UV" pip install --quiet --no-deps --no-build-isolation -e .

say "[4/4] Delta's jars, each checked against its SHA-256"
.venv/bin/python tools/fetch_jars.py

printf '%s' "$WANTED" > "$READY"
say "set up: .venv/bin/govlake is ready"
