#!/bin/sh
# Makes .venv from requirements.lock, every package checked by its hash. Called by make.
# Usage: setup.sh PYTHON
set -eu
python=$1

fail() {
    echo "setup: $1" >&2
    exit 2
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python is missing or older than 3.11; install Python 3.11 and run make PYTHON=python3.11"

# Debian packages venv separately; root installs it, other users are told how.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    hint="install Python's venv module (Debian: apt-get install python3-venv)"
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing python3-venv" >&2
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } \
            >/dev/null || fail "$hint"
    else
        fail "$hint"
    fi
fi

echo "setup: installing pinned packages into .venv (a minute)" >&2
"$python" -m venv --clear .venv || fail "$python cannot make a virtual environment here"
export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/pip install --quiet --quiet --require-hashes --requirement requirements.lock ||
    fail "the pinned packages cannot be installed; check that pip can reach a package index"
.venv/bin/pip install --quiet --quiet --no-deps --no-build-isolation --editable .
