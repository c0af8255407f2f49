"""What to do with a cell, decided by what is on disk and nothing else."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from repro.measure.attempts import Attempt, attempts_of
from repro.measure.outcomes import PROGRAM_OUTCOMES
from repro.study.expand import Cell
from repro.study.kernels import find_kernel
from repro.study.model import Study


class Todo(Enum):
    """What to do with a cell."""

    NOTHING = "done"
    WAIT = "running"
    START = "to run"
    UNAVAILABLE = "package missing"
    NO_PROGRAM = "no program yet"
    TOO_LARGE = "larger than the site"


@dataclass(frozen=True)
class Decision:
    """What to do with a cell, and with which kernel and attempt."""

    cell: Cell
    todo: Todo
    kernel: Path | None = None
    attempt: Attempt | None = None
    """The attempt to wait for, or one that was planned but never started."""

    next_number: int = 1
    """The number of the next attempt."""


@dataclass(frozen=True)
class Means:
    """What is available to run cells with."""

    study: Study
    datasets: tuple[Path, ...]
    """Where to look for kernels of LLMs."""

    packages: tuple[str, ...]
    """Installed Julia packages."""

    starts_ranks: bool
    """Is there an MPI that can start ranks?"""

    cores: int
    """Cores of the site that a cell may use."""

    nodes: int = 1
    """Nodes of the site that a cell may use."""

    oversubscribe: bool = False
    """Also run cells that need more cores than the site has."""

    def missing(self, cell: Cell) -> list[str]:
        """What the cell needs that is not installed."""
        missing = [f"{name}.jl" for name in cell.packages if name not in self.packages]
        if cell.framework.definition.start == "ranks" and not self.starts_ranks:
            missing.append("Open MPI")
        return missing

    def has_room(self, cell: Cell) -> bool:
        """Do as many of the site's nodes have a core for every thread of the cell?"""
        return cell.scale.cores * self.nodes <= self.cores * cell.scale.nodes


def decide(
    run: Path, cell: Cell, means: Means, *, again: bool = False, queued: Container[str] = ()
) -> Decision:
    """Decide what to do with a cell.

    Args:
        run: the run directory.
        cell: the cell.
        means: what is available to run it with.
        again: make another attempt even if it has an outcome.
        queued: cells that a batch system has queued or running.
    """
    history = attempts_of(run, str(cell.name))
    last = history[-1] if history else None
    state = last.state if last else None
    if str(cell.name) in queued:
        state = "running"
    number = last.number + 1 if last else 1
    kernel = find_kernel(means.study, cell.program, means.datasets)
    if state == "running":
        return Decision(cell, Todo.WAIT, kernel, last, number)
    if not again and _is_settled(history, cell, means):
        return Decision(cell, Todo.NOTHING, kernel, last, number)
    if kernel is None:
        return Decision(cell, Todo.NO_PROGRAM)
    if means.missing(cell):
        return Decision(cell, Todo.UNAVAILABLE, kernel, None, number)
    if cell.scale.nodes > means.nodes or not (means.has_room(cell) or means.oversubscribe):
        return Decision(cell, Todo.TOO_LARGE, kernel)
    planned = last if state == "planned" else None
    return Decision(cell, Todo.START, kernel, planned, number)


def _is_settled(history: Sequence[Attempt], cell: Cell, means: Means) -> bool:
    """Does the cell have an outcome of the program, or is it as unavailable as it was?

    An outcome of the program is kept, whatever comes of later trials.
    """
    newest = history[-1].outcome_if_over() if history else None
    if newest and newest.outcome == "unavailable" and means.missing(cell):
        return True
    over = (attempt.outcome_if_over() for attempt in reversed(history))  # most often the newest
    return any(outcome and outcome.outcome in PROGRAM_OUTCOMES for outcome in over)
