"""Verdicts on one cell, the archive beside this machine."""

import re

import pytest

from repro import ROOT
from repro.analysis.reproduction import (
    Side,
    TimedAttempt,
    baseline_of,
    judge,
    times,
)
from repro.analysis.reproduction_sides import side_of_dataset
from repro.archive.dataset import Dataset
from repro.study.names import CellName

CELL = CellName.parse("gpt-5.5/gemm/dagger/0@1x1x8")
STEADY = (1.00, 1.01, 0.99)


def side(where: str, cell: list[TimedAttempt], baseline: tuple[float, ...] = STEADY) -> Side:
    return Side(where, tuple(cell), (TimedAttempt(1, "ok", baseline),))


def ok(*seconds: float) -> list[TimedAttempt]:
    return [TimedAttempt(1, "ok", seconds)]


def scaled(factor: float) -> list[TimedAttempt]:
    return ok(*(factor * value for value in STEADY))


def test_the_baseline_keeps_problem_and_size() -> None:
    assert str(baseline_of(CELL)) == "reference/gemm/threads/0@1x1x1"
    other = CellName.parse("gpt-5.5/pi/mpi/2@1x4x1,n=77")
    assert str(baseline_of(other)) == "reference/pi/threads/0@1x1x1,n=77"


def test_the_first_outcome_of_the_archives_program_counts_and_the_newest_of_a_rerun() -> None:
    attempts = (
        TimedAttempt(4, "infrastructure"),
        TimedAttempt(3, "crash"),
        TimedAttempt(2, "ok", (1.0,)),
        TimedAttempt(1, "infrastructure"),
    )
    assert Side("in the archive", attempts, ()).outcome == "ok"
    assert Side("here", attempts, (), newest=True).outcome == "crash"
    failed = Side("here", attempts[::3], (), newest=True)
    assert failed.counts == attempts[0]
    assert Side("here", (), ()).counts is None


def test_times_are_those_of_all_attempts_that_are_ok() -> None:
    attempts = [
        TimedAttempt(1, "ok", (1.0, 2.0)),
        TimedAttempt(2, "timeout", (9.0,)),
        TimedAttempt(3, "ok", (3.0,)),
    ]
    assert times(attempts) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("outcome", ["ok", "timeout"])
def test_too_few_cores_for_the_threads_tell_nothing(outcome: str) -> None:
    few = [TimedAttempt(1, outcome, (4.0, 4.1, 4.2), cores=2)]
    enough = [TimedAttempt(1, "ok", (0.20, 0.21, 0.19), cores=192)]
    for archive, here in ((enough, few), (few, enough)):
        verdict = judge(CELL, side("in the archive", archive), side("here", here))
        assert verdict.word == "cannot tell"
        assert f"{outcome} on 2 cores for 8 threads " in verdict.reason


def test_same_speedup_on_a_machine_three_times_slower() -> None:
    slow = tuple(3 * value for value in STEADY)
    verdict = judge(CELL, side("in the archive", scaled(0.2)), side("here", scaled(0.6), slow))
    assert verdict.word == "reproduced"
    assert verdict.archive is not None
    assert verdict.archive.value == pytest.approx(5)
    assert verdict.here is not None
    assert verdict.here.value == pytest.approx(5)
    assert verdict.ratio is not None
    assert verdict.ratio.value == pytest.approx(1)


def test_the_interval_of_the_ratio_by_hand() -> None:
    # Each of the four means has v = s^2/3 of log(1), log(1.01), log(0.99): V = 4v, and with
    # equal variances and n = 3 the degrees of freedom are 4 * 2 = 8; t(0.975; 8) = 2.306004.
    verdict = judge(CELL, side("in the archive", scaled(0.2)), side("here", scaled(0.2)))
    assert verdict.ratio is not None
    assert verdict.ratio.high == pytest.approx(1.026985, rel=1e-4)
    assert verdict.ratio.low == pytest.approx(1 / 1.026985, rel=1e-4)


@pytest.mark.parametrize(
    ("factor", "words"), [(1.8, "1.80 times slower here"), (1 / 1.8, "1.80 times faster here")]
)
def test_another_speedup_differs_and_says_how(factor: float, words: str) -> None:
    verdict = judge(CELL, side("in the archive", scaled(0.2)), side("here", scaled(0.2 * factor)))
    assert verdict.word == "differs"
    assert words in verdict.reason


def test_an_interval_over_the_margin_asks_for_repetitions() -> None:
    wide = ok(0.17, 0.20, 0.24)
    verdict = judge(CELL, side("in the archive", scaled(0.2)), side("here", wide))
    assert verdict.word == "cannot tell"
    assert re.search(r"repeat with --repeat \d+$", verdict.reason)


def test_repetitions_do_not_help_where_the_archive_is_unsteady() -> None:
    wide = ok(0.10, 0.20, 0.40)
    verdict = judge(CELL, side("in the archive", wide), side("here", scaled(0.2)))
    assert verdict.word == "cannot tell"
    assert "too variable in the archive" in verdict.reason


@pytest.mark.parametrize("outcome", ["deadlock", "wrong-result", "timeout"])
def test_the_same_failure_reproduces(outcome: str) -> None:
    attempts = [TimedAttempt(1, outcome)]
    verdict = judge(CELL, side("in the archive", attempts), side("here", attempts))
    assert (verdict.word, verdict.reason) == ("reproduced", f"the same outcome: {outcome}")


def test_another_outcome_differs() -> None:
    verdict = judge(
        CELL, side("in the archive", [TimedAttempt(1, "deadlock")]), side("here", scaled(1))
    )
    assert verdict.word == "differs"
    assert verdict.reason == "deadlock in the archive, ok here"


@pytest.mark.parametrize("outcome", ["unavailable", "infrastructure"])
def test_what_is_not_the_program_s_doing_tells_nothing(outcome: str) -> None:
    attempts = [TimedAttempt(1, outcome, detail="package Dagger is not installed")]
    verdict = judge(CELL, side("in the archive", scaled(1)), side("here", attempts))
    assert verdict.word == "cannot tell"
    assert verdict.reason == f"{outcome} here: package Dagger is not installed"


def test_a_cell_never_attempted() -> None:
    verdict = judge(CELL, side("in the archive", []), side("here", scaled(1)))
    assert verdict.word == "cannot tell"
    assert verdict.reason == f"no attempt of {CELL} in the archive"


def test_a_baseline_without_times_is_named() -> None:
    here = Side("here", tuple(scaled(1)), ())
    verdict = judge(CELL, side("in the archive", scaled(1)), here)
    assert verdict.word == "cannot tell"
    assert "no time of reference/gemm/threads/0@1x1x1 here" in verdict.reason


def test_one_repetition_is_too_few() -> None:
    verdict = judge(CELL, side("in the archive", scaled(1)), side("here", ok(1.0)))
    assert verdict.word == "cannot tell"
    assert verdict.reason.endswith("repeat with --repeat 5")


def test_a_time_below_the_clock_is_no_time() -> None:
    verdict = judge(CELL, side("in the archive", ok(0.0, 0.0)), side("here", ok(0.0, 0.0)))
    assert verdict.word == "cannot tell"
    assert "less time than the clock resolves" in verdict.reason


def test_of_the_baseline_itself_only_outcomes_are_compared() -> None:
    verdict = judge(baseline_of(CELL), side("in the archive", scaled(1)), side("here", scaled(9)))
    assert verdict.word == "reproduced"
    assert "only outcomes can be compared" in verdict.reason
    assert verdict.ratio is None


def test_a_side_names_the_machine_and_julia_of_the_attempt_that_counts() -> None:
    cell = CellName.parse("reference/pi/threads/0@1x1x2")
    places = {name: side_of_dataset(Dataset(ROOT / "data" / name), cell).place
              for name in ("baseline", "frameworks")}  # fmt: skip
    assert places == {
        "baseline": "Intel(R) Xeon(R) Processor @ 2.80GHz, 2 cores, 24 GiB; Julia 1.5.3",
        "frameworks": "AMD EPYC, 2 cores, 24 GiB; Julia 1.12.6",
    }
    assert side("here", []).place == ""
