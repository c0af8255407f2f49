#!/bin/sh
# Installs what the tests here need (Debian 12, root): for a cluster Slurm, munge, Open MPI and a C
# compiler, and sshd to reach it by; for a container image mmdebstrap, Buildah, and what lets root build
# in a user namespace; for agents Bubblewrap and ripgrep; for the report Chromium.
# Quick where all of it is there. Usage: install.sh
set -eu

fail() {
    echo "install: $1" >&2
    exit 2
}

there() {
    for program in slurmctld slurmd sbatch munged mpicc mpiexec gcc \
        mmdebstrap newuidmap buildah sshd bwrap rg chromium; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || return 1
    done
    grep -q '^root:' /etc/subuid && grep -q '^root:' /etc/subgid
}

! there || exit 0
[ "$(id -u)" -eq 0 ] || fail "packages are missing and only root can install them; run this as root"
command -v apt-get >/dev/null || fail "no apt-get here; install Slurm, munge and Open MPI by hand"
echo "install: installing Slurm, Open MPI, mmdebstrap, Buildah, Bubblewrap and Chromium (a minute)" >&2

# A package must not start a daemon: the tests start their own. The machine's own rule, if any, stays.
rule=/usr/sbin/policy-rc.d
if [ ! -e "$rule" ]; then
    trap 'rm -f "$rule"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$rule"
    chmod 755 "$rule"
fi
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge \
    openmpi-bin libopenmpi-dev gcc libc6-dev \
    mmdebstrap uidmap buildah containers-storage openssh-server bubblewrap ripgrep \
    chromium fonts-dejavu-core; } >/dev/null ||
    fail "apt-get cannot install them; is a package mirror configured, with Debian 12's main?"
# User ids that root may map: in a container it is not almighty, and Apptainer builds as --fakeroot.
for file in /etc/subuid /etc/subgid; do
    grep -q '^root:' "$file" 2>/dev/null || echo root:100000:65536 >>"$file"
done
there || fail "apt-get went well, but a program is still missing; see the list in $0"
