"""What each cell of a run has come to."""

from typing import Any

from repro.launch.run_directory import Run
from repro.measure.attempts import Attempt, all_attempts


def cell_states(run: Run) -> list[dict[str, Any]]:
    """One entry a cell, in the study's order: name, attempts, state and, once over, the outcome.

    The state is the outcome of the newest attempt; where that is the infrastructure's failure, of
    the newest that was not.
    """
    latest: dict[str, dict[str, Any]] = {}
    for attempt in all_attempts(run.path):
        entry = _entry(attempt)
        before = latest.get(attempt.cell)
        if before and entry["state"] == "infrastructure" and before["state"] != "infrastructure":
            before["attempts"] = attempt.number
        else:
            latest[attempt.cell] = entry
    nothing = {"attempts": 0, "state": "not attempted", "detail": "", "flags": []}
    return [
        latest.get(str(cell.name)) or {"cell": str(cell.name), **nothing} for cell in run.cells()
    ]


def _entry(attempt: Attempt) -> dict[str, Any]:
    entry: dict[str, Any] = {"cell": attempt.cell, "attempts": attempt.number}
    try:
        outcome = attempt.outcome()
    except FileNotFoundError:
        return entry | {"state": attempt.state, "detail": "", "flags": []}
    return entry | {
        "state": outcome["outcome"],
        "detail": outcome["detail"],
        "flags": outcome["flags"],
        "wall_seconds": outcome["wall_seconds"],
    }
