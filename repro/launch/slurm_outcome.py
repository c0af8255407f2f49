"""The outcome of a task that left none: from Slurm's state of it, and from its samples."""

import csv
from pathlib import Path

from repro.launch.slurm_client import Task
from repro.measure import attempts
from repro.measure.attempts import Attempt
from repro.measure.classify import Verdict
from repro.measure.stall import StallClock

ALIVE = frozenset(
    {
        "PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD",
        "REQUEUE_FED", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SPECIAL_EXIT",
        "RESV_DEL_HOLD",
    }
)  # fmt: skip
"""States of a task that may still write an outcome."""


def outcome_of_task(task: Task | None, attempt: Attempt) -> Verdict:
    """The outcome of an attempt that started and has none, by Slurm's state of its task.

    A task whose watchdog lives writes its own outcome; this is for those whose watchdog ended
    together with the program.
    """
    if task is None:
        return Verdict("infrastructure", "Slurm does not know the job any more")
    what = f"Slurm says {task.state}"
    if task.state == "TIMEOUT":
        if still := _still_at_the_end(attempt.path, attempt.plan().limits.stall_s):
            return Verdict("deadlock", f"{what}; no CPU time for the last {still:.0f} s")
        return Verdict("timeout", f"{what}; it used CPU time to the end")
    if task.state == "OUT_OF_MEMORY":
        return Verdict("out-of-memory", what)
    if task.state == "CANCELLED":
        return Verdict("infrastructure", f"{what}: cancelled")
    told = f" on {task.node_list}" if task.state in ("NODE_FAIL", "BOOT_FAIL") else ""
    code = f", exit code {task.exit_code}" if task.exit_code else ""
    return Verdict("infrastructure", f"{what}{told}{code}")


def _still_at_the_end(directory: Path, limit: float) -> float | None:
    """Seconds without activity before the last sample, if they are more than the limit."""
    path = directory / attempts.SAMPLES
    if not path.exists():
        return None
    clock, now, phase = StallClock(limit), 0.0, ""
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            now = float(row["seconds"])
            clock.look(now, float(row["cpu_seconds"]), alive=row["phase"] != phase)
            phase = row["phase"]
    return clock.stalled_for(now) if clock.is_stalled(now) else None
