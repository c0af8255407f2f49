"""How an attempt ended: the words for it, and the record of it, `outcome.json`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
"""Caused by the program: kept, and counted in rates."""

OUR_OUTCOMES = ("unavailable", "infrastructure")
"""Not caused by the program: reported, retried (`infrastructure`), never counted in a rate."""

OUTCOMES = PROGRAM_OUTCOMES + OUR_OUTCOMES


def counting(outcomes: Sequence[str]) -> int | None:
    """Which of a cell's attempts, the oldest first, gives the cell its outcome.

    The first with an outcome of the program: it was made before anything was known. What is tried
    afterwards is a trial, which tells how often a program fails; as trials end when they have
    shown enough, the newest of them is no fair sample. Without such an attempt the newest
    `unavailable` one counts, else the newest.

    Returns:
        Its index; None if there is no attempt.
    """
    for index, outcome in enumerate(outcomes):
        if outcome in PROGRAM_OUTCOMES:
            return index
    ranked = sorted(range(len(outcomes)), key=lambda i: (outcomes[i] == "unavailable", i))
    return ranked[-1] if ranked else None


FLAGS = {
    "oversubscribed": "fewer cores than threads, or more runnable threads than cores for most of "
    "the run",
    "idle-threads": "at least a quarter of the cores' time unused during the repetitions",
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
"""They stand beside an outcome; `ok` with a flag is still `ok`."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; None stands for what is not known."""

    outcome: str
    """One of `OUTCOMES`."""

    detail: str
    """The evidence, in one line."""

    flags: tuple[str, ...]
    exit_code: int | None
    """None: it did not end by itself."""

    signal: str | None
    """The signal that ended it, such as `SIGKILL`."""

    wall_seconds: float | None
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    started: str | None
    """UTC, `2026-11-20T23:59:58Z`."""

    ended: str | None

    available_cores: int | None = None
    """Cores that it could run on, at most one for each of its threads."""

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome is {self.outcome!r}, not one of {', '.join(OUTCOMES)}")

    @classmethod
    def unmeasured(cls, outcome: str, detail: str, flags: Iterable[str] = ()) -> "Outcome":
        """The outcome of an attempt in which no watchdog measured anything."""
        return cls(
            outcome=outcome,
            detail=detail,
            flags=tuple(sorted(flags)),
            exit_code=None,
            signal=None,
            wall_seconds=0.0,
            cpu_seconds=0.0,
            peak_memory_bytes=0,
            started=None,
            ended=None,
        )
