"""Whose code a hung program was in: the last stacks of its processes, counted by owner."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from repro.files import reading
from repro.measure import attempts
from repro.measure.plan import Plan
from repro.measure.rank_output import by_rank, clear_looks
from repro.measure.stacks import HARNESS, IDLE, JULIA, PROGRAM, UNCLEAR, Place, tasks, threads
from repro.records import read_record

_OTHERS = (JULIA, HARNESS, IDLE, UNCLEAR)
"""Owners that are neither the program nor its framework, in the order in which they are told."""


@dataclass(frozen=True)
class LastStacks:
    """The last stacks of all processes of an attempt; docs/hangs.md says who owns a stack."""

    noun: str
    """What they are of: `tasks`, `threads` or `ranks`."""

    places: tuple[Place, ...]
    """One per stack; at least one."""

    @cached_property
    def counts(self) -> dict[str, int]:
        """Stacks by owner: `program`, `MPI`, another framework's name, `Julia`, `idle`, ..."""
        return dict(Counter(place.owner for place in self.places))

    @property
    def inside(self) -> str:
        """The owner that matters most: the program, then a framework, then any other."""
        return min(self.counts, key=_order)

    def __str__(self) -> str:
        """Return it as a detail says it: `0 of 66 tasks in the program, 65 in Dagger, 1 idle`."""
        own = f"{self.counts.get(PROGRAM, 0)} of {len(self.places)} {self.noun} in the program"
        rest = sorted(set(self.counts) - {PROGRAM}, key=_order)
        return ", ".join([own, *(f"{self.counts[owner]} {_words(owner)}" for owner in rest)])


def last_stacks(words: str, kernels: str, *, launched: bool) -> LastStacks | None:
    """The stacks of all tasks, if Julia printed them; otherwise those of threads; None: no stack.

    Args:
        words: what the processes printed, as it came or as an attempt keeps it.
        kernels: the directory of the kernel, as the stacks have it.
        launched: a launcher passed it on. Of a rank's threads the one that matters is taken.
    """
    ranks = (own for rank, own in sorted(by_rank(words).items()) if rank >= 0)
    processes = list(ranks) if launched else [words]
    if found := [place for own in processes for place in tasks(own, kernels)]:
        return LastStacks("tasks", tuple(found))
    if launched:
        found = [place for own in processes for place in clear_looks(own, kernels)[-1:]]
    else:
        found = threads(words, kernels)
    return LastStacks("ranks" if launched else "threads", tuple(found)) if found else None


def last_stacks_of(directory: Path) -> LastStacks | None:
    """The same of an attempt's directory, in a run or in a dataset.

    Raises:
        UserError: its plan or its output is missing or damaged.
    """
    plan = read_record(Plan, directory / attempts.ATTEMPT)
    words = ""
    for name in files_of_stacks(launched=plan.launched):
        with reading(directory / name):
            words += (directory / name).read_text(encoding="utf-8", errors="replace")
    return last_stacks(words, plan.kernels, launched=plan.launched)


def files_of_stacks(*, launched: bool) -> tuple[str, ...]:
    """The files that have the stacks; workers print theirs through the driver's standard output."""
    return (attempts.STDERR,) if launched else (attempts.STDERR, attempts.STDOUT)


def _order(owner: str) -> tuple[int, str]:
    if owner in _OTHERS:
        return 2 + _OTHERS.index(owner), owner
    return int(owner != PROGRAM), owner


def _words(owner: str) -> str:
    if owner == HARNESS:
        return "in the harness"
    return owner if owner in (IDLE, UNCLEAR) else f"in {owner}"
