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
    "no-parallel-construct": "no call of the framework it claims to use",
    "tampered": "wrote into its own result file",
}
"""Said beside an outcome; `ok` with a flag is still `ok`."""
