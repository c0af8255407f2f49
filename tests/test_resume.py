"""Nothing is lost and nothing is run twice, whoever is killed and whenever."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.container.julia import Julia
from repro.launch.decide import Means, Todo, decide
from repro.launch.run_directory import (
    close_attempt,
    commit_attempt,
    driving,
    make_run,
    new_attempt,
)
from repro.measure import attempts
from repro.measure.attempts import all_attempts, attempts_of
from repro.measure.outcomes import OUTCOMES, PROGRAM_OUTCOMES

from trials import Trial, plan_of

REPRO = Path(sys.executable).with_name("repro")
CELL = "quick/pi/threads/0@1x1x1"


def start_driver(trial: Trial) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [REPRO, "run", "--study", trial.study, "--run", trial.path, "--oversubscribe"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def watchdog_of(trial: Trial) -> int:
    """The process number of the one watchdog at work."""
    command = ["pgrep", "-f", f"repro.measure.watchdog {trial.path}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return int(found[0]) if found else 0


def test_killing_the_driver_again_and_again_loses_and_repeats_nothing(
    tmp_path: Path, julia: Julia
) -> None:
    assert julia
    trial = Trial.of(tmp_path, "quick", "pi-cached", repetitions=1, shared=["1x1x1", "1x1x2"])
    moments = random.Random(20260616)  # noqa: S311 - moments to kill at, not secrets
    for _ in range(7):
        driver = start_driver(trial)
        time.sleep(moments.uniform(0.6, 3.0))
        driver.kill()
        driver.wait()
    assert start_driver(trial).wait() == 0
    found = list(all_attempts(trial.path))
    assert {attempt.cell: attempt.outcome().outcome for attempt in found} == {
        "pi-cached/pi/threads/0@1x1x1": "wrong-result",
        "pi-cached/pi/threads/0@1x1x2": "wrong-result",
        "quick/pi/threads/0@1x1x1": "ok",
        "quick/pi/threads/0@1x1x2": "ok",
    }
    assert all(attempt.number == 1 for attempt in found)


def test_a_killed_watchdog_is_infrastructure_and_its_cell_is_repeated(
    tmp_path: Path, julia: Julia
) -> None:
    assert julia
    trial = Trial.of(tmp_path, "sleeps", repetitions=1)
    driver = start_driver(trial)
    wait_for(lambda: list(trial.path.glob(f"cells/**/{attempts.STARTED}")))
    os.kill(watchdog_of(trial), signal.SIGKILL)
    assert driver.wait() == 0
    outcomes = [attempt.outcome() for attempt in all_attempts(trial.path)]
    assert [outcome.outcome for outcome in outcomes] == ["infrastructure", "ok"]
    assert outcomes[0].detail == "the watchdog was killed"


def test_ctrl_c_ends_the_program_and_the_same_command_goes_on(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = Trial.of(tmp_path, "sleeps", repetitions=1)
    driver = start_driver(trial)
    wait_for(lambda: list(trial.path.glob(f"cells/**/{attempts.STARTED}")))
    driver.send_signal(signal.SIGINT)
    assert driver.wait() == 130
    (first,) = all_attempts(trial.path)
    assert first.outcome().outcome == "infrastructure"
    assert first.outcome().detail == "stopped by the driver"
    assert start_driver(trial).wait() == 0
    assert [a.outcome().outcome for a in all_attempts(trial.path)] == ["infrastructure", "ok"]


def test_a_program_outlives_its_driver_and_is_waited_for_by_the_next(
    tmp_path: Path, julia: Julia
) -> None:
    assert julia
    trial = Trial.of(tmp_path, "sleeps", repetitions=1)
    driver = start_driver(trial)
    wait_for(lambda: list(trial.path.glob(f"cells/**/{attempts.STARTED}")))
    driver.kill()
    driver.wait()
    (attempt,) = all_attempts(trial.path)
    assert attempt.state == "running"
    assert start_driver(trial).wait() == 0
    (attempt,) = all_attempts(trial.path)
    assert attempt.outcome().outcome == "ok"


def test_a_grown_study_goes_on_and_a_changed_one_is_refused(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = Trial.of(tmp_path, "quick", repetitions=1)
    trial.run()
    grown = Trial.of(tmp_path, "quick", repetitions=1, shared=["1x1x1", "1x1x2"])
    assert len(make_run(grown.path, grown.study, "local").cells()) == 12
    changed = Trial.of(tmp_path, "quick", repetitions=2)
    answer = subprocess.run(
        [REPRO, "run", "--study", changed.study, "--run", changed.path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "the study has changed for quick/pi/threads/0@1x1x1" in answer.stderr


@given(st.lists(st.sampled_from([*OUTCOMES, "interrupted", "planned"]), max_size=5))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # it writes files, and waits for the disk
def test_what_is_done_about_a_cell_follows_from_its_attempts(
    tmp_path_factory: pytest.TempPathFactory, history: list[str]
) -> None:
    """A property of every history, also of those that no run should ever leave behind."""
    trial = Trial.of(tmp_path_factory.mktemp("history"), "quick")
    with driving(trial.path):
        run = make_run(trial.path, trial.study, "local")
    for number, what in enumerate(history, start=1):
        plan = plan_of(CELL, number)
        attempt = commit_attempt(new_attempt(run.path, CELL, number), plan)
        if what != "planned":
            (attempt.path / attempts.STARTED).touch()
        if what in OUTCOMES:
            close_attempt(attempt, what, "made up")
    (cell,) = [cell for cell in run.cells() if str(cell.name) == CELL]
    decision = decide(run.path, cell, Means(run.study, (), (), starts_ranks=False, cores=2))
    last = history[-1] if history else "nothing"
    if any(outcome in PROGRAM_OUTCOMES for outcome in history):
        assert decision.todo is Todo.NOTHING, "what came of later trials changes nothing"
    else:
        assert decision.todo is Todo.START
        assert (decision.attempt is not None) == (last == "planned")
        assert decision.next_number == len(history) + 1
    assert len(attempts_of(run.path, CELL)) == len(history)
