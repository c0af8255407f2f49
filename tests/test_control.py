"""`repro run --with-control`: trials of failed cells and of their controls."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from repro.analysis.attribution import attributions
from repro.analysis.sequential import Budget
from repro.analysis.tidy import load
from repro.archive.collect import collect, describe
from repro.archive.source import open_source
from repro.container.julia import Julia
from repro.files import canonical_json
from repro.launch.control import ControlTrials
from repro.launch.control_findings import is_sampled
from repro.launch.decide import Means
from repro.launch.run_directory import (
    close_attempt,
    commit_attempt,
    driving,
    environment_path,
    make_run,
    new_attempt,
)
from repro.launch.status import overview
from repro.measure.attempts import attempts_of
from repro.study.filters import select

from trials import Trial, plan_of

REPRO = Path(sys.executable).with_name("repro")
CONTROL = "reference/pi/threads/0@1x1x1"
FAILS = "fails/pi/threads/0@1x1x1"

Answer = Callable[[str, int], str]
"""The outcome of an attempt of a cell, by its name and number."""


def failing(directory: Path) -> Path:
    """A model whose program does not parse."""
    kernels = directory / "fails"
    kernels.mkdir()
    (kernels / "pi_threads.jl").write_text("function compute_pi(n")
    return kernels


def repro(trial: Trial, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*command(trial), *more], capture_output=True, text=True, check=False)


def command(trial: Trial) -> list[str]:
    where = ["--study", str(trial.study), "--run", str(trial.path)]
    return [str(REPRO), "run", "fails/*", *where, "--with-control"]


def test_a_program_that_always_fails_is_told_from_its_control_whoever_is_killed(
    tmp_path: Path, julia: Julia
) -> None:
    assert julia
    trial = Trial.of(tmp_path, "reference", failing(tmp_path), control="reference", repetitions=1)
    assert "at most 22 of 2 cells" in repro(trial, "--dry-run").stdout
    assert not trial.path.exists()

    driver = subprocess.Popen(command(trial), stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not trial.attempts(CONTROL):
        assert time.monotonic() < until, "no trial of the control"
        time.sleep(0.02)
    driver.kill()
    driver.wait()

    ended = repro(trial)
    assert ended.returncode == 0, ended.stderr
    told = f"{FAILS}: load-error, failed so 3 of 3, its control 0 of 3 (0% to 71%): the program's"
    assert told in ended.stderr
    assert f"{CONTROL} (trial 3 of at most 20, control of {FAILS}) ok" in ended.stderr
    assert "1 failed cells: 1 the program's, 0 the framework's, 0 undecided" in ended.stderr
    assert [a.outcome().outcome for a in trial.attempts(FAILS)] == ["load-error"] * 3
    assert [a.outcome().outcome for a in trial.attempts(CONTROL)] == ["ok"] * 3
    assert "at most 0 of 0 cells" in repro(trial, "--dry-run").stdout

    source = open_source(trial.path)
    collect(source, describe(source, "tried", "", "CC-BY-4.0"), tmp_path)
    (row,) = attributions(load(tmp_path / "tried")).to_dict("records")
    assert (row["failed"], row["of"], row["control_failed"], row["control_of"]) == (3, 3, 0, 3)
    assert row["fault"] == "program", "what a dataset says is what the run was told"


class Played:
    """A run whose attempts nobody made: each has the outcome that it is told."""

    def __init__(self, directory: Path, *, ours: str = "pi-cached", **study: object) -> None:
        """A study of a model and `reference`, its control, on 12 scale points."""
        points = [f"1x1x{threads}" for threads in range(1, 13)]
        study = {"shared": points, "control": "reference", "time_limit_s": 360} | study
        self.trial = Trial.of(directory, "reference", ours, "vendor", **study)
        text = self.trial.study.read_text()
        table = '["models"."vendor"]\n'
        self.trial.study.write_text(text.replace(table, f"{table}baseline = true\n"))
        with driving(self.trial.path):
            self.run = make_run(self.trial.path, self.trial.study, "local")
        self.means = Means(self.run.study, (), (), starts_ranks=False, cores=64)
        self.said: list[str] = []

    def end(self, cell: str, outcome: str, machine: str = "here") -> None:
        """Make one more attempt."""
        path = environment_path(self.run.path, machine)
        path.parent.mkdir(exist_ok=True)
        path.write_text(canonical_json({"machine": machine, "cores": 64}))
        number = len(attempts_of(self.run.path, cell)) + 1
        plan = plan_of(cell, number, environment=machine)
        attempt = commit_attempt(new_attempt(self.run.path, cell, number), plan)
        close_attempt(attempt, outcome, "made up")

    def trials(self, *patterns: str) -> ControlTrials:
        """Trials for the cells that match, on threads."""
        cells = [cell for cell in self.run.cells() if cell.program.framework == "threads"]
        chosen = select(cells, patterns, name=lambda cell: str(cell.name))
        return ControlTrials(self.run, chosen, self.means, Budget(), self.said.append)

    def play(self, trials: ControlTrials, answer: Answer) -> list[list[str]]:
        """Make all trials that are wanted; the cells of each round."""
        rounds = []
        while wanted := trials.next_round():
            rounds.append([str(cell.name) for cell in wanted.cells])
            for name in rounds[-1]:
                self.end(name, answer(name, len(attempts_of(self.run.path, name)) + 1))
        return rounds

    def count(self, cell: str) -> int:
        """How many attempts a cell has."""
        return len(attempts_of(self.run.path, cell))


OURS = "pi-cached/pi/threads/0@1x1x2"
ITS_CONTROL = "reference/pi/threads/0@1x1x2"


def test_a_control_that_fails_too_makes_it_the_frameworks(tmp_path: Path) -> None:
    played = Played(tmp_path)
    played.end(OURS, "deadlock")
    trials = played.trials("pi-cached/pi/*@*x2")
    assert trials.at_most().trials == 22
    rounds = played.play(trials, lambda _cell, _number: "timeout")
    assert rounds == [[OURS, ITS_CONTROL]] * 2, "a hang is a hang, whatever it is called"
    told = "failed so 3 of 3, its control 2 of 2 (16% to 100%): the framework's"
    assert played.said == [f"{OURS}: deadlock, {told}"]
    assert trials.summary()[0] == "1 failed cells: 0 the program's, 1 the framework's, 0 undecided"
    assert trials.at_most().trials == 0


def test_a_program_that_fails_once_only_stays_undecided(tmp_path: Path) -> None:
    played = Played(tmp_path)
    played.end(OURS, "deadlock")
    played.play(played.trials("pi-cached/*"), lambda _cell, _number: "ok")
    assert (played.count(OURS), played.count(ITS_CONTROL)) == (3, 17)
    assert played.said == []
    state = {s.cell: s for s in overview(played.run).cells}[OURS]
    assert (state.state, state.attempts, state.more_trials) == ("deadlock", 3, 2)
    assert not state.trial_open
    commit_attempt(new_attempt(played.run.path, OURS, 4), plan_of(OURS, 4))
    state = {s.cell: s for s in overview(played.run).cells}[OURS]
    assert (state.state, state.more_trials, state.trial_open) == ("deadlock", 3, True)


def test_the_same_attempts_in_any_order_ask_for_the_same_trials(tmp_path: Path) -> None:
    wanted = []
    for number, history in enumerate((["ok", "deadlock", "ok"], ["deadlock", "ok", "ok"])):
        (tmp_path / str(number)).mkdir()
        played = Played(tmp_path / str(number))
        for outcome in ["deadlock", "crash", "deadlock"]:
            played.end(OURS, outcome)
        for outcome in history:
            played.end(ITS_CONTROL, outcome)
        wanted.append(played.play(played.trials("pi-cached/*"), lambda _cell, _number: "ok"))
    assert wanted[0] == wanted[1] != []


def test_cells_without_a_failure_of_a_program_are_not_tried(tmp_path: Path) -> None:
    played = Played(tmp_path)
    for cell in ("vendor/gemm/threads/0@1x1x2", "reference/gemm/threads/0@1x1x2"):
        played.end(cell, "crash")
    played.end(OURS, "infrastructure")
    trials = played.trials()
    assert trials.next_round() is None
    assert trials.summary() == [
        "0 failed cells: 0 the program's, 0 the framework's, 0 undecided",
        "12 cells have no outcome yet",
    ]


def test_the_controls_of_one_in_ten_ok_cells_are_tried(tmp_path: Path) -> None:
    played = Played(tmp_path)
    ours = [f"pi-cached/pi/threads/0@1x1x{threads}" for threads in range(1, 13)]
    for cell in ours:
        played.end(cell, "ok")
    sampled = [cell for cell in ours if is_sampled(played.run.study.seed, cell)]
    assert len(sampled) in range(1, 5)
    rounds = played.play(played.trials(), lambda _cell, _number: "ok")
    controls = [cell.replace("pi-cached", "reference") for cell in sampled]
    assert rounds == [controls] * 19
    assert {played.count(cell) for cell in ours} == {1}
    share = sum(is_sampled(seed, OURS) for seed in range(10_000)) / 10_000
    assert abs(share - 0.1) < 0.02


def test_a_trial_that_does_not_count_is_not_repeated_for_ever(tmp_path: Path) -> None:
    played = Played(tmp_path)
    played.end(OURS, "crash", machine="elsewhere")
    rounds = played.play(played.trials("pi-cached/*"), lambda _cell, _number: "ok")
    assert rounds == [[OURS, ITS_CONTROL]]
    assert [line.partition(":")[0] for line in played.said] == [OURS, ITS_CONTROL]
    assert "another machine" in played.said[0]
    played.end(ITS_CONTROL, "crash", machine="elsewhere")
    told = played.trials("pi-cached/*").next_round()
    assert told
    assert told.reasons[ITS_CONTROL].startswith("trial 2 of at most 20")


def test_what_cannot_run_here_is_not_tried(tmp_path: Path) -> None:
    played = Played(tmp_path)
    cell = OURS.replace("x2", "x12")
    played.end(cell, "crash")
    small = Means(played.run.study, (), (), starts_ranks=False, cores=2)
    trials = ControlTrials(played.run, played.trials().chosen, small, Budget(), played.said.append)
    assert trials.next_round() is None
    assert played.said[0] == f"{cell}: cannot be tried here: larger than the site"


def test_a_study_without_a_control_is_one_line(tmp_path: Path) -> None:
    trial = Trial.of(tmp_path, "reference", failing(tmp_path))
    answer = repro(trial, "--dry-run")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert 'names no control: add `control = "reference"`' in answer.stderr
