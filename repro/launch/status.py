"""What each cell of a run has come to, or what it waits for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.errors import UserError
from repro.launch.run_directory import Run
from repro.measure.attempts import Attempt, attempts_of
from repro.measure.outcomes import OUTCOMES, PROGRAM_OUTCOMES

if TYPE_CHECKING:
    from repro.launch.slurm_client import SlurmClient
    from repro.launch.slurm_text import Task

_QUEUED = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
"""States of a living task that has no node; in the others it has."""


@dataclass(frozen=True)
class Overview:
    """The cells of a run at one moment."""

    cells: list[dict[str, Any]]
    """One entry a cell, in the study's order: `cell`, `attempts`, `state`, `detail`, `flags`, once
    over `wall_seconds`, and `slurm`: where Slurm has it, or None."""

    tasks: "dict[str, Task]"
    """What Slurm says of those without an outcome of their program."""

    silent: str | None = None
    """Why nothing is known from Slurm, which was asked; the states are then those on disk."""

    @property
    def counts(self) -> Counter[str]:
        """How many cells are in each state."""
        return Counter(cell["state"] for cell in self.cells)

    @property
    def is_over(self) -> bool:
        """Has every cell an outcome?"""
        return all(cell["state"] in OUTCOMES for cell in self.cells)


def was_handed_over(run: Run) -> bool:
    """Was anything of the run given to Slurm?"""
    return (run.path / "submissions").is_dir()


def overview(run: Run, wanted: Callable[[str], bool] = lambda _name: True) -> Overview:
    """Look at the disk, then ask Slurm about what has no outcome there; nothing is changed.

    The state is the outcome of the newest attempt; where that is the infrastructure's failure, of
    the newest that was not. Older attempts are not read. Slurm's word decides between `queued`,
    `running` and what else has no outcome.
    """
    names = [name for cell in run.cells() if wanted(name := str(cell.name))]
    batch = was_handed_over(run)
    states = {name: _cell_state(run.path, name, probe=not batch) for name in names}
    waiting = {name for name, state in states.items() if batch and _is_open(state)}
    tasks: dict[str, Task] = {}
    silent = None
    if waiting:
        tasks, silent = _ask(run.path, waiting, run.submit_via)
        for name in waiting:  # what Slurm has not may have ended since the first look
            states[name] = _in_slurm(states[name], tasks.get(name)) or _cell_state(run.path, name)
    cells = [{**state, "slurm": _about(tasks.get(name))} for name, state in states.items()]
    return Overview(cells, tasks, silent)


def _is_open(state: dict[str, Any]) -> bool:
    """May Slurm have it? Also after a failure of the infrastructure: it can be queued again."""
    return state["attempts"] > 0 and state["state"] not in (*PROGRAM_OUTCOMES, "unavailable")


def _cell_state(run: Path, cell: str, *, probe: bool = True) -> dict[str, Any]:
    """A cell's entry from the disk; `probe`: find out about an attempt without an outcome, too."""
    history = attempts_of(run, cell)
    nothing = {"state": "not attempted", "detail": "", "flags": []}
    newest: dict[str, Any] = {}
    for attempt in reversed(history):
        state = _state(attempt, probe=probe)
        newest = newest or state
        if state["state"] != "infrastructure":
            newest = state
            break
    return {"cell": cell, "attempts": len(history), **(newest or nothing)}


def _state(attempt: Attempt, *, probe: bool) -> dict[str, Any]:
    try:
        outcome = attempt.outcome()
    except FileNotFoundError:
        return {"state": attempt.state if probe else "open", "detail": "", "flags": []}
    return {
        "state": outcome["outcome"],
        "detail": outcome["detail"],
        "flags": outcome["flags"],
        "wall_seconds": outcome["wall_seconds"],
    }


def _ask(
    run: Path, cells: Collection[str], submit_via: str | None
) -> "tuple[dict[str, Task], str | None]":
    """Slurm's word on each cell that it was given, or why there is none."""
    from repro.launch.site.settings import BY_HAND
    from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent

    if submit_via == BY_HAND:
        return {}, "the jobs are submitted by hand"
    try:
        return _tasks(run, cells, SlurmClient.reached(submit_via)), None
    except (SlurmError, SlurmSilent, UserError) as error:
        return {}, str(error)


def _tasks(run: Path, cells: Collection[str], slurm: "SlurmClient") -> "dict[str, Task]":
    """Of each cell the task that lives, else the one that was handed over last."""
    from repro.launch.slurm_outcome import ALIVE
    from repro.launch.submissions import submissions

    handed = [s for s in submissions(run) if any(a.cell in cells for a in s.attempts)]
    jobs = [submission.job for submission in handed]
    numbers = [job for job in jobs if job is not None]
    lost = len(numbers) < len(jobs)  # Slurm never said a number: only the name finds the job
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


def _in_slurm(state: dict[str, Any], task: "Task | None") -> dict[str, Any] | None:
    """The entry of a cell whose task lives; None if the disk has the last word."""
    from repro.launch.slurm_outcome import ALIVE

    if task is None or task.state not in ALIVE:
        return None
    word = "queued" if task.state in _QUEUED else "running"
    if word == "running" and state["state"] == "infrastructure":  # the task is about to end
        return None
    return state | {"state": word, "detail": "", "flags": []}


def _about(task: "Task | None") -> dict[str, Any] | None:
    names = ("job", "index", "state", "reason", "elapsed_s")
    return {name: getattr(task, name) for name in names} if task else None


def scale_of(cell: dict[str, Any]) -> str:
    """The scale point in the name of a cell's entry."""
    return str(cell["cell"]).partition("@")[2].partition(",")[0]


def time_left(cells: Sequence[dict[str, Any]]) -> tuple[float | None, int]:
    """About how long it is until what Slurm has is over, and of how many cells that is unknown.

    A cell is taken to last as long as those that are over at its scale point did on average, and
    as many cells to run at once as do now.

    Returns:
        Seconds, None if nothing is known; and the number of cells that are not counted in them,
        because none is over at their scale point.
    """
    lasted: dict[str, list[float]] = defaultdict(list)
    for cell in cells:
        if cell["state"] in PROGRAM_OUTCOMES and cell["wall_seconds"]:
            lasted[scale_of(cell)].append(cell["wall_seconds"])
    ahead = [cell for cell in cells if cell["slurm"] and cell["state"] in ("queued", "running")]
    known = [cell for cell in ahead if scale_of(cell) in lasted]
    left = [_left(cell, lasted[scale_of(cell)]) for cell in known]
    at_once = sum(cell["state"] == "running" for cell in ahead)
    if not any(left) or not at_once:
        return None, len(ahead)
    return max(sum(left) / at_once, *left), len(ahead) - len(known)


def _left(cell: dict[str, Any], lasted: Sequence[float]) -> float:
    gone = cell["slurm"]["elapsed_s"] if cell["state"] == "running" else 0
    return max(0.0, sum(lasted) / len(lasted) - float(gone))
