#!/bin/sh
# rank.sh COMMAND...: runs a rank of MPI, and says on standard error how it failed.
#
# A launcher ends the other ranks as soon as one has ended. Open MPI 5 gives them a quarter of a second:
# too little to print their stacks. The launcher started this shell, which outlives the rank, so
# the watchdog has time to ask the other ranks where they are.
trap : USR1             # it is for Julia
trap 'ended=yes' TERM   # by the launcher or the watchdog: there is nothing to tell
ended=
"$@"
code=$?
if [ "$code" -ne 0 ] && [ -z "$ended" ]; then
    echo "repro: rank ${PMIX_RANK:-${PMI_RANK:-$SLURM_PROCID}} ended with exit code $code" >&2
    sleep 10
fi
exit "$code"
