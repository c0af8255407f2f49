"""The state of each cell of a run."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import UserError
from repro.launch.run_directory import Run
from repro.measure.attempts import OUTCOME, Attempt, attempts_of
from repro.measure.outcomes import OUTCOMES, PROGRAM_OUTCOMES

if TYPE_CHECKING:
    from repro.launch.slurm_client import SlurmClient
    from repro.launch.slurm_text import Task

_QUEUED = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
"""States of a living task without nodes; in its other states it has them."""


@dataclass(frozen=True)
class InSlurm:
    """Where Slurm has a cell."""

    job: int
    index: int
    state: str
    reason: str
    elapsed_s: int


@dataclass(frozen=True, kw_only=True)
class CellState:
    """A cell at one moment; `json_of` gives what `repro status --json` prints."""

    cell: str
    attempts: int
    """How many there are."""

    state: str
    """An outcome, or `queued`, `running`, `planned`, `interrupted`, `open`, `not attempted`."""

    detail: str
    flags: tuple[str, ...]
    wall_seconds: float | None = None
    """None: no attempt is over."""

    slurm: InSlurm | None
    more_trials: int = 0
    """Attempts after the one whose outcome is the state."""

    trial_open: bool = False
    """Has the newest of them no outcome yet?"""

    @property
    def scale(self) -> str:
        """Its scale point, as its name has it."""
        return self.cell.partition("@")[2].partition(",")[0]


@dataclass(frozen=True)
class Overview:
    """The cells of a run at one moment."""

    cells: list[CellState]
    """In the study's order."""

    tasks: "dict[str, Task]"
    """What Slurm reports of cells without an outcome of their program."""

    silent: str | None = None
    """Why Slurm gave no answer; the states are then those on disk. None: it was not needed."""

    @property
    def counts(self) -> Counter[str]:
        """How many cells are in each state."""
        return Counter(cell.state for cell in self.cells)

    @property
    def is_over(self) -> bool:
        """Does every cell have an outcome?"""
        return all(cell.state in OUTCOMES for cell in self.cells)


def was_handed_over(run: Run) -> bool:
    """Was anything of the run submitted to Slurm?"""
    return (run.path / "submissions").is_dir()


def overview(run: Run, wanted: Callable[[str], bool] = lambda _name: True) -> Overview:
    """Read the disk, then ask Slurm about cells without an outcome; nothing is changed.

    A cell's state is its outcome, by `outcomes.counting`: later attempts are not read. Where there
    is none, it is the state of the newest attempt, and Slurm decides between `queued`, `running`
    and others.
    """
    names = [name for cell in run.cells() if wanted(name := str(cell.name))]
    batch = was_handed_over(run)
    states = {name: _cell_state(run.path, name, probe=not batch) for name in names}
    waiting = {name for name, state in states.items() if batch and _is_open(state)}
    tasks: dict[str, Task] = {}
    silent = None
    if waiting:
        tasks, silent = _ask(run.path, waiting, run.about.submit_via)
        for name in waiting:  # what Slurm does not have may have ended since it was read
            states[name] = _in_slurm(states[name], tasks.get(name)) or _cell_state(run.path, name)
    cells = [replace(state, slurm=_about(tasks.get(n))) for n, state in states.items()]
    return Overview(cells, tasks, silent)


def _is_open(state: CellState) -> bool:
    """Can Slurm have it? Even after a failure of the infrastructure, as it may be queued again."""
    if state.trial_open:
        return True
    return state.attempts > 0 and state.state not in (*PROGRAM_OUTCOMES, "unavailable")


def _cell_state(run: Path, cell: str, *, probe: bool = True) -> CellState:
    """A cell's state on disk; `probe`: also find out whether its attempt runs."""
    history = attempts_of(run, cell)
    nothing = CellState(
        cell=cell,
        attempts=len(history),
        state="not attempted",
        detail="",
        flags=(),
        slurm=None,
    )
    unavailable, newest = None, nothing
    for index, attempt in enumerate(history):
        newest = _with_attempt(nothing, attempt, probe=probe)
        if newest.state in PROGRAM_OUTCOMES:
            more = history[index + 1 :]
            unfinished = bool(more) and not (more[-1].path / OUTCOME).exists()
            return replace(newest, more_trials=len(more), trial_open=unfinished)
        if newest.state == "unavailable":
            unavailable = newest
    return unavailable if unavailable and newest.state == "infrastructure" else newest


def _with_attempt(cell: CellState, attempt: Attempt, *, probe: bool) -> CellState:
    outcome = attempt.outcome_if_over()
    if outcome is None:
        return replace(cell, state=attempt.state if probe else "open")
    return replace(
        cell,
        state=outcome.outcome,
        detail=outcome.detail,
        flags=outcome.flags,
        wall_seconds=outcome.wall_seconds,
    )


def _ask(
    run: Path, cells: Collection[str], submit_via: str | None
) -> "tuple[dict[str, Task], str | None]":
    """What Slurm reports of each cell that it was given, or why it reports nothing."""
    from repro.launch.site.settings import BY_HAND
    from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent

    if submit_via == BY_HAND:
        return {}, "the jobs are submitted by hand"
    try:
        return _tasks(run, cells, SlurmClient.reached(submit_via)), None
    except (SlurmError, SlurmSilent, UserError) as error:
        return {}, str(error)


def _tasks(run: Path, cells: Collection[str], slurm: "SlurmClient") -> "dict[str, Task]":
    """Of each cell the task that lives, else the one that was submitted last."""
    from repro.launch.slurm_outcome import ALIVE
    from repro.launch.submissions import submissions

    handed = [s for s in submissions(run) if any(a.cell in cells for a in s.attempts)]
    jobs = [submission.job for submission in handed]
    numbers = [job for job in jobs if job is not None]
    lost = len(numbers) < len(jobs)  # Slurm never gave a number: only the name finds the job
    known = slurm.named("repro-") if lost else slurm.tasks(numbers)
    said = {(task.name, task.index): task for task in known}
    found: dict[str, list[Task]] = defaultdict(list)
    for submission in handed:
        for index, attempt in enumerate(submission.attempts, start=1):
            if attempt.cell in cells and (task := said.get((submission.name, index))):
                found[attempt.cell].append(task)
    return {
        c: max(told, key=lambda t: (t.state in ALIVE, t.submitted)) for c, told in found.items()
    }


def _in_slurm(cell: CellState, task: "Task | None") -> CellState | None:
    """The state of a cell whose task lives; None: its state on disk holds."""
    word = state_in_slurm(task)
    if word is None or cell.trial_open:  # a cell with trials has its outcome
        return None
    if word == "running" and cell.state == "infrastructure":  # the task is about to end
        return None
    return replace(cell, state=word, detail="", flags=())


def state_in_slurm(task: "Task | None") -> str | None:
    """`queued` or `running`; None: there is no task, or it has ended."""
    from repro.launch.slurm_outcome import ALIVE

    if task is None or task.state not in ALIVE:
        return None
    return "queued" if task.state in _QUEUED else "running"


def _about(task: "Task | None") -> InSlurm | None:
    if task is None:
        return None
    return InSlurm(task.job, task.index, task.state, task.reason, task.elapsed_s)


def time_left(cells: Sequence[CellState]) -> tuple[float | None, int]:
    """Estimate how long the cells that Slurm has will take.

    A cell is assumed to take as long as the average of those that have ended at its scale point,
    and as many cells to run at once as do now.

    Returns:
        Seconds, None if nothing is known; and the number of cells that are not included, because
        none has ended at their scale point.
    """
    lasted: dict[str, list[float]] = defaultdict(list)
    for cell in cells:
        if cell.state in PROGRAM_OUTCOMES and cell.wall_seconds:
            lasted[cell.scale].append(cell.wall_seconds)
    ahead = [cell for cell in cells if cell.slurm and cell.state in ("queued", "running")]
    known = [cell for cell in ahead if cell.scale in lasted]
    left = [_left(cell, lasted[cell.scale]) for cell in known]
    at_once = sum(cell.state == "running" for cell in ahead)
    if not any(left) or not at_once:
        return None, len(ahead)
    return max(sum(left) / at_once, *left), len(ahead) - len(known)


def _left(cell: CellState, lasted: Sequence[float]) -> float:
    gone = cell.slurm.elapsed_s if cell.slurm and cell.state == "running" else 0
    return max(0.0, sum(lasted) / len(lasted) - gone)
