"""The words for what an attempt came to."""

PROGRAM_OUTCOMES = (
    "ok",
    "wrong-result",
    "load-error",
    "runtime-error",
    "deadlock",
    "timeout",
    "out-of-memory",
    "crash",
)
"""The program's doing: kept, and counted in rates."""

OUR_OUTCOMES = ("unavailable", "infrastructure")
"""Not the program's doing: reported, retried (`infrastructure`), never counted in a rate."""

OUTCOMES = PROGRAM_OUTCOMES + OUR_OUTCOMES

FLAGS = {
    "oversubscribed": "more runnable threads than allotted cores for most of the run",
    "raised-blas-threads": "set more than one BLAS thread",
    "single-blas-call": "the whole problem is one call of the vendor's library",
    "no-parallel-construct": "no call of the framework that makes parallel work or moves data",
    "single-task": "one task is made, and waited for",
    "one-rank-computes": "all work stands where only one rank comes",
    "no-work-division": "no work depends on the rank",
    "one-worker-computes": "every task is tied to the same worker, or to the driver",
    "whole-matrix": "a program for distributed memory makes a whole matrix",
    "tampered": "wrote into its own result file",
}
"""Said beside an outcome; `ok` with a flag is still `ok`."""
