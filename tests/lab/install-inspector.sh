#!/bin/sh
# Installs the MCP project's own inspector, whose command line tries a server, into PREFIX by npm.
# The version is the newest that Node.js 20 runs. Quick where it is there.
# Usage: install-inspector.sh PREFIX
set -eu
version=0.15.0
fail() {
    echo "install-inspector: $1" >&2
    exit 2
}
[ $# -eq 1 ] || fail "give the directory that is to have it"
[ -e "$1/$version" ] && exit 0
command -v npm >/dev/null || fail "npm is not on PATH (Debian: apt-get install npm)"
mkdir -p "$1"
npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix "$1" \
    "@modelcontextprotocol/inspector@$version" >&2 || fail "npm cannot install it"
touch "$1/$version"
