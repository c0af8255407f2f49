"""What each cell of a run has come to."""

from typing import Any

from repro.launch.run_directory import Run
from repro.measure.attempts import Attempt, attempts_of


def cell_states(run: Run) -> list[dict[str, Any]]:
    """One entry a cell, in the study's order: name, attempts, state and, once over, the outcome.

    The state is the outcome of the newest attempt; where that is the infrastructure's failure, of
    the newest that was not. Older attempts are not read.
    """
    return [_cell_state(run, str(cell.name)) for cell in run.cells()]


def _cell_state(run: Run, cell: str) -> dict[str, Any]:
    history = attempts_of(run.path, cell)
    nothing = {"state": "not attempted", "detail": "", "flags": []}
    newest: dict[str, Any] = {}
    for attempt in reversed(history):
        state = _state(attempt)
        newest = newest or state
        if state["state"] != "infrastructure":
            newest = state
            break
    return {"cell": cell, "attempts": len(history), **(newest or nothing)}


def _state(attempt: Attempt) -> dict[str, Any]:
    try:
        outcome = attempt.outcome()
    except FileNotFoundError:
        return {"state": attempt.state, "detail": "", "flags": []}
    return {
        "state": outcome["outcome"],
        "detail": outcome["detail"],
        "flags": outcome["flags"],
        "wall_seconds": outcome["wall_seconds"],
    }
