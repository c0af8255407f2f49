#!/bin/sh
# Installs what a test cluster needs (Debian 12, root): Slurm, munge, Open MPI, a C compiler.
# Quick where all of it is there. Usage: install.sh
set -eu

fail() {
    echo "install: $1" >&2
    exit 2
}

there() {
    for program in slurmctld slurmd sbatch munged mpicc mpiexec gcc; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || return 1
    done
}

! there || exit 0
[ "$(id -u)" -eq 0 ] || fail "packages are missing and only root can install them; run this as root"
command -v apt-get >/dev/null || fail "no apt-get here; install Slurm, munge and Open MPI by hand"
echo "install: installing Slurm, munge and Open MPI (half a minute)" >&2

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
    openmpi-bin libopenmpi-dev gcc libc6-dev; } >/dev/null ||
    fail "apt-get cannot install them; is a package mirror configured, with Debian 12's main?"
there || fail "apt-get went well, but a program is still missing; see the list in $0"
