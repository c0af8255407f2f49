#!/bin/sh
# Installs the RO-Crate community's validator into PREFIX, a Python environment of its own: it wants an
# older `rich` than this package has. Quick where it is there.
# Usage: install-crate-validator.sh PYTHON PREFIX
set -eu
version=0.13.0
fail() {
    echo "install-crate-validator: $1" >&2
    exit 2
}
[ $# -eq 2 ] || fail "give a Python and the directory that is to have the validator"
[ -e "$2/$version" ] && exit 0
"$1" -m venv "$2" >&2 || fail "$1 cannot make an environment (Debian: apt-get install python3-venv)"
"$2/bin/pip" install --quiet --disable-pip-version-check "roc-validator==$version" >&2 ||
    fail "pip cannot install it"
touch "$2/$version"
