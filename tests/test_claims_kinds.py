"""Kinds of claims that parts are judged by: both ways, cannot tell, and on too few cores."""

import random
from pathlib import Path

import pytest
from test_analysis_data import Result, write_dataset

from repro.analysis.tidy import load
from repro.claims.control import Trial
from repro.claims.kinds.failure_rate import FailureRate
from repro.claims.kinds.small_tiles import SmallTiles
from repro.claims.kinds.steadiness import Steadiness, spread
from repro.claims.model import Verdict
from repro.claims.observations import Observations, Point, observed
from repro.study.expand import Cell
from repro.study.names import Program

from a_study import study_toml

OUTCOMES = {
    "name": "hangs", "source": "this test", "text": "It hangs.", "test": "It does.",
    "study": "waves", "models": ["ada"], "kind": "failure-rate", "problem": "stencil",
    "framework": "dagger", "outcomes": ["deadlock", "timeout"], "cores": [24, 32], "above": 0.05,
    "unit": "threads",
}  # fmt: skip
HANGS = FailureRate.model_validate(OUTCOMES)


def at(threads: int, hung: int, of: int, cores: int = 192) -> Point:
    """A cell with trials; on too few cores it has no outcome, as `observed` has it."""
    outcomes = ["deadlock", "timeout"] * hung
    outcomes = [*outcomes[:hung], *["ok"] * (of - hung)]
    outcome = "ok" if cores >= threads else ""
    trials = tuple(Trial(each, min(cores, threads)) for each in outcomes)
    return Point(f"ada@1x1x{threads}", threads, outcome, trials=trials)


def dagger(*points: Point) -> Observations:
    return Observations({Program("ada", "stencil", "dagger", 0): points})


@pytest.mark.parametrize(
    ("points", "word"),
    [
        ([at(24, 5, 20), at(32, 0, 20)], "supported"),  # 8.7 % at the least
        ([at(24, 5, 20)], "supported"),  # whatever it does at 32
        ([at(24, 0, 80), at(32, 0, 80)], "refuted"),  # 4.5 % at the most
        ([at(24, 0, 80)], "cannot tell"),
        ([at(24, 0, 80), at(32, 0, 20)], "cannot tell"),
        ([at(24, 1, 20), at(32, 0, 80)], "cannot tell"),
        ([at(48, 20, 20)], "cannot tell"),
        ([], "cannot tell"),
    ],
)
def test_a_rate_is_judged_by_its_whole_interval(points: list[Point], word: str) -> None:
    assert HANGS.judge(dagger(*points)).word == word


def test_the_rate_that_decides_is_shown() -> None:
    found = HANGS.judge(dagger(at(24, 0, 80), at(32, 5, 20)))
    assert found.headline is not None
    assert (found.headline.number, found.headline.interval) == ("25 %", "8.66 to 49.1 %")
    assert found.missing == []


def test_trials_on_too_few_cores_count_and_are_told() -> None:
    found = HANGS.judge(dagger(at(24, 9, 20, cores=2), at(32, 1, 20, cores=2)))
    assert found.word == "supported"
    assert found.reason.startswith("deadlock or timeout of ada at 24 threads on 2 cores: 9 of 20 (")
    assert found.cells == ["ada@1x1x24", "ada@1x1x32"]


def test_a_rate_without_trials_says_at_which_threads_they_lack() -> None:
    found = HANGS.judge(dagger(at(24, 0, 80, cores=1)))
    assert found.missing == ["trials of ada/stencil/dagger at 32 threads"]
    assert "on 1 core: 0 of 80" in found.reason
    assert HANGS.needs == "trials at 24 and 32 threads"


STEADY = Steadiness.model_validate({
    "name": "steady", "source": "this test", "text": "It is steady.", "test": "It is.",
    "study": "waves", "models": ["ada"], "kind": "steadiness", "problem": "stencil",
    "steadier": "mpi", "other": "dagger", "large": 2,
})  # fmt: skip


def timed(times: dict[int, list[float]]) -> list[Point]:
    return [
        Point(f"cell@1x{cores}x1", cores, "ok" if seconds else "crash", seconds=tuple(seconds))
        for cores, seconds in times.items()
    ]


def both(mpi: dict[int, list[float]], other: dict[int, list[float]]) -> Observations:
    return Observations({
        Program("ada", "stencil", "mpi", 0): timed(mpi),
        Program("ada", "stencil", "dagger", 0): timed(other),
    })  # fmt: skip


def varying(by: float, centre: float = 10.0) -> list[float]:
    return [centre * (1 + by * i) for i in (-2, -1, 0, 1, 2)]


CALM, WILD = {1: varying(0.002, 20), 2: varying(0.002)}, {1: varying(0.02, 20), 2: varying(0.02)}


@pytest.mark.parametrize(
    ("mpi", "other", "word"),
    [
        (CALM, WILD, "supported"),
        (WILD, CALM, "refuted"),
        (CALM, CALM, "cannot tell"),
        (CALM, {1: varying(0.003, 20), 2: varying(0.0015)}, "cannot tell"),
        (CALM | {2: []}, WILD, "refuted"),  # ok at fewer scale points
        (CALM, {1: [], 2: []}, "supported"),  # the other has no times at all
        ({1: [], 2: []}, {1: [], 2: []}, "refuted"),
        (CALM, {1: varying(0.02)}, "cannot tell"),  # not on two cores
    ],
)
def test_steadiness_is_judged_by_the_ratio_of_spreads(
    mpi: dict[int, list[float]], other: dict[int, list[float]], word: str
) -> None:
    assert STEADY.judge(both(mpi, other)).word == word


def test_the_ratio_of_spreads_is_shown() -> None:
    found = STEADY.judge(both(CALM, WILD))
    assert found.headline is not None
    assert found.headline.found.value == pytest.approx(10, rel=0.02)
    assert found.reason.startswith(
        "ada: ok 2 and 2 of 2; holds: ada: spread of dagger over mpi's 10"
    )


def test_the_spread_is_the_mean_deviation_of_logarithms() -> None:
    (point,) = timed({2: [1.0, 2.0, 4.0]})
    found = spread([point])
    assert found is not None
    assert found.mean == pytest.approx(-0.36651292)  # log log 2
    assert (found.variance, found.n) == (0, 2)
    assert spread(timed({2: [3.0]})) is None
    assert spread(timed({2: [3.0, 3.0, 3.0]})) is None


def test_equal_programs_seldom_seem_steadier() -> None:
    """The interval of the ratio holds 1 in about 95 of 100 cases, for five repetitions twice."""
    chance, wrong = random.Random(1), 0  # noqa: S311
    for _ in range(400):
        one, other = (
            {cores: [chance.lognormvariate(0, 0.05) for _ in range(5)] for cores in (1, 2)}
            for _ in range(2)
        )
        wrong += STEADY.judge(both(one, other)).word != "cannot tell"
    assert 0.02 < wrong / 400 < 0.09


TILES = SmallTiles.model_validate({
    "name": "tiles", "source": "this test", "text": "It loses more.", "test": "It does.",
    "study": "waves", "models": ["reference"], "kind": "small-tiles", "problem": "gemm",
    "weaker": "mpi", "other": "threads", "above": 1.25,
})  # fmt: skip
SIZES = [{"n": 1024, "tile": tile} for tile in (256, 16, 512)]


def cut(tmp_path: Path, loss: float, *, without: str = "none", seconds: int = 3) -> Verdict:
    """Two frameworks, one of which is `loss` times as slow with tiles of 16."""
    study = tmp_path / "waves.toml"
    models = {"reference": {"title": "By hand"}}
    study.write_text(study_toml(
        models, {"gemm": SIZES}, ["threads", "mpi"],
        shared=["1x1x1", "1x1x2"], distributed=["1x1x1", "1x2x1"], name="waves",
    ))  # fmt: skip

    def result(cell: Cell) -> Result | None:
        if without in str(cell.name):
            return None
        slow = {16: 2.0, 256: 1.0, 512: 1.1}[cell.tile]
        slow *= loss if (cell.tile, cell.program.framework) == (16, "mpi") else 1
        return "ok", "", [slow / cell.scale.cores * (1 + 0.01 * i) for i in range(seconds)]

    return TILES.judge(observed(load(write_dataset(tmp_path, str(study), result))))


@pytest.mark.parametrize(
    ("loss", "word"), [(3, "supported"), (1, "refuted"), (1.25, "cannot tell")]
)
def test_the_loss_with_the_smallest_tile_is_compared(
    tmp_path: Path, loss: float, word: str
) -> None:
    found = cut(tmp_path, loss)
    assert found.word == word
    assert found.headline is not None
    assert found.headline.found.value == pytest.approx(loss)
    assert found.headline.what.startswith("reference on 2 cores, tiles of 16: mpi's loss of speed")
    best = {"reference/gemm/mpi/0@1x2x1", "reference/gemm/threads/0@1x1x2"}
    assert set(found.cells) == best | {f"{cell},n=1024,tile=16" for cell in best}


def test_fewer_cores_are_taken_where_the_most_have_one_tile(tmp_path: Path) -> None:
    found = cut(tmp_path, 3, without="mpi/0@1x2x1,n")
    assert found.headline is not None
    assert found.headline.what.startswith("reference on 1 cores")


def test_tiles_that_one_of_them_lacks_do_not_count(tmp_path: Path) -> None:
    found = cut(tmp_path, 3, without="threads/0@1x1x2,n=1024,tile=16")
    assert found.word == "refuted"
    assert found.headline is not None
    assert "tiles of 256" in found.headline.what


def test_one_tile_tells_nothing(tmp_path: Path) -> None:
    found = cut(tmp_path, 3, without=",tile=")
    assert (found.word, found.headline) == ("cannot tell", None)
    both = "with threads and mpi, with several tiles"
    assert found.missing == [f"times of reference/gemm {both}"]
