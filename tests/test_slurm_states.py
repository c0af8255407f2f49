"""From Slurm's word and what a task left behind to an outcome; what is still to come of a run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from repro.files import canonical_json
from repro.launch.slurm import _may_be_unseen
from repro.launch.slurm_client import Task
from repro.launch.slurm_outcome import outcome_of_task
from repro.launch.status import CellState, InSlurm, time_left
from repro.launch.submissions import Submission, open_submissions
from repro.measure.attempts import ATTEMPT, OUTCOME, SAMPLES, Attempt
from repro.measure.plan import Limits
from repro.records import write_record

from trials import plan_of

HEADER = "seconds,phase,cpu_seconds,memory_bytes,processes,threads,runnable\n"


def task(state: str, **more: Any) -> Task:
    about: dict[str, Any] = {
        "job": 7, "index": 1, "name": "repro-1a2b3c4d", "reason": "None", "exit_code": 0,
        "signal": 0, "node_list": "n1", "elapsed_s": 60, "limit_s": 60,
        "submitted": "2026-01-01T00:00:00Z", "started": None, "ended": None, "restarts": 0,
        "source": "squeue",
    }  # fmt: skip
    return Task(state=state, **about | more)


def left_behind(directory: Path, cpu_seconds: list[float]) -> Attempt:
    """An attempt with a sample of its CPU time every second, all in one phase."""
    cell = "a/pi/threads/0@1x1x1"
    limits = Limits(time_s=60, stall_s=20, memory_bytes=2**30)
    write_record(directory / ATTEMPT, plan_of(cell, limits=limits))
    rows = [f"{at},repetition,{used},1,1,1,0\n" for at, used in enumerate(cpu_seconds)]
    (directory / SAMPLES).write_text(HEADER + "".join(rows))
    return Attempt(cell, 1, directory)


WORKING = [float(second) for second in range(60)]
STOPPED = [min(float(second), 10.0) for second in range(60)]


@pytest.mark.parametrize(
    ("said", "cpu_seconds", "outcome", "detail"),
    [
        (task("TIMEOUT"), WORKING, "timeout", "it used CPU time to the end"),
        (task("TIMEOUT"), STOPPED, "deadlock", "no CPU time for the last"),
        (task("TIMEOUT"), STOPPED[:15], "timeout", "it used CPU time to the end"),
        (task("OUT_OF_MEMORY"), WORKING, "out-of-memory", "Slurm says OUT_OF_MEMORY"),
        (task("NODE_FAIL"), WORKING, "infrastructure", "Slurm says NODE_FAIL on n1"),
        (task("BOOT_FAIL"), WORKING, "infrastructure", "Slurm says BOOT_FAIL on n1"),
        (task("CANCELLED"), STOPPED, "infrastructure", "cancelled"),
        (task("PREEMPTED"), STOPPED, "infrastructure", "Slurm says PREEMPTED"),
        (task("FAILED", exit_code=3), WORKING, "infrastructure", "FAILED, exit code 3"),
        (None, STOPPED, "infrastructure", "Slurm does not know the job any more"),
    ],
)
def test_slurms_word_and_the_evidence_give_the_outcome(
    said: Task | None, cpu_seconds: list[float], outcome: str, detail: str, tmp_path: Path
) -> None:
    found = outcome_of_task(said, left_behind(tmp_path, cpu_seconds))
    assert found.outcome == outcome
    assert detail in found.detail


def test_without_samples_a_time_limit_is_no_deadlock(tmp_path: Path) -> None:
    attempt = left_behind(tmp_path, [])
    (tmp_path / SAMPLES).unlink()
    assert outcome_of_task(task("TIMEOUT"), attempt).outcome == "timeout"


@pytest.mark.parametrize(
    ("state", "ago", "unseen"),
    [("COMPLETED", 5, True), ("COMPLETED", 600, False), ("FAILED", 5, False)],
)
def test_what_ended_well_a_moment_ago_may_not_be_seen_yet(
    state: str, ago: int, *, unseen: bool
) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=ago)
    said = task(state, ended=ended.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert _may_be_unseen(said) == unseen


def submission(run: Path, name: str, number: int, *, done: bool) -> Submission:
    """A submission of one attempt of one cell."""
    cell = "a/pi/threads/0@1x1x1"
    path = run / "cells" / cell / str(number)
    path.mkdir(parents=True, exist_ok=True)
    if done:
        (path / OUTCOME).touch()
    directory = run / "submissions" / name
    directory.mkdir(parents=True)
    about = {"name": f"repro-{name}", "tasks": [{"cell": cell, "attempt": number}]}
    (directory / "submission.json").write_text(canonical_json(about))
    return Submission(directory, f"repro-{name}", (Attempt(cell, number, path),))


def names(run: Path) -> list[str]:
    return [found.name for found in open_submissions(run)]


def test_a_submission_is_open_while_its_cell_has_no_outcome(tmp_path: Path) -> None:
    submission(tmp_path, "aa", 1, done=False)
    assert names(tmp_path) == ["repro-aa"]
    (tmp_path / "cells/a/pi/threads/0@1x1x1/1" / OUTCOME).touch()
    assert names(tmp_path) == []
    (tmp_path / "cells/a/pi/threads/0@1x1x1/2").mkdir()  # Slurm runs the task again
    assert names(tmp_path) == ["repro-aa"]
    submission(tmp_path, "bb", 3, done=False)  # it was handed over again
    assert names(tmp_path) == ["repro-bb"]


def test_attempts_that_somebody_removed_are_not_waited_for(tmp_path: Path) -> None:
    made = submission(tmp_path, "aa", 1, done=False)
    made.attempts[0].path.rmdir()
    assert names(tmp_path) == []


def cell(state: str, seconds: int, point: str = "1x1x1") -> CellState:
    waits = state in ("queued", "running")
    slurm = InSlurm(7, 1, state, "None", seconds) if waits else None
    name = f"a/pi/threads/0@{point}"
    return CellState(
        cell=name, attempts=1, state=state, detail="", flags=(), wall_seconds=seconds, slurm=slurm
    )


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        ([cell("ok", 10), cell("running", 4)], (6.0, 0)),
        ([cell("ok", 10), cell("timeout", 30), cell("running", 5), cell("queued", 0)], (35.0, 0)),
        ([cell("ok", 10), cell("running", 4), cell("queued", 0, "1x1x2")], (6.0, 1)),
        ([cell("ok", 10), cell("queued", 0)], (None, 1)),
        ([cell("running", 4)], (None, 1)),
        ([cell("ok", 10)], (None, 0)),
    ],
)
def test_time_left(cells: list[CellState], left: tuple[float | None, int]) -> None:
    assert time_left(cells) == left
