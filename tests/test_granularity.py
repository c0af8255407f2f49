"""Granularity: where speed is lost, the cost of a unit, and the figure of both."""

from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from test_analysis_data import MACHINE, Result, tiled, write_dataset

from paper_figures import failure_envelope, granularity, outcome_matrix, strong_scaling, style
from repro.analysis.envelope import envelope
from repro.analysis.granularity import curves, losses, unit_costs
from repro.analysis.rates import outcomes
from repro.analysis.tidy import Tidy, load
from repro.study.expand import Cell


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Tidy:
    return load(write_dataset(tmp_path_factory.mktemp("data"), "granularity", tiled, "tiles"))


def of(table: pd.DataFrame, problem: str, framework: str, model: str = "reference") -> pd.DataFrame:
    same = (table["problem"] == problem) & (table["framework"] == framework)
    return table[same & (table["model"] == model)].reset_index(drop=True)


def lost(table: pd.DataFrame, loss: float) -> list[float]:
    """The tile below which a part of the speed is lost, and those on either side."""
    row = table[table["loss"] == loss].iloc[0]
    return [float(row[name]) for name in ("tile", "tile_low", "tile_high")]


def test_speed_is_against_the_program_s_own_best_tile(tiles: Tidy) -> None:
    curve = of(curves(tiles, MACHINE), "gemm", "threads")
    assert curve["tile"].tolist() == [32, 64, 128, 256, 1024]
    speeds = [0.25, 0.5, 1, 1 / 1.01, 1 / 1.3]
    assert curve["speed"].tolist() == pytest.approx(speeds)
    assert curve["speed_low"].isna().tolist() == [False] * 2 + [True] + [False] * 2
    assert (curve["speed_low"].dropna() < curve["speed"].loc[curve["speed_low"].notna()]).all()
    assert curve["seconds"].iloc[2] == pytest.approx(0.1, rel=1e-3)


def test_a_loss_lies_between_tiles_whose_intervals_are_on_either_side(tiles: Tidy) -> None:
    found = of(losses(curves(tiles, MACHINE)), "gemm", "threads")
    assert found["best_tile"].tolist() == [128, 128]
    # A tenth: from half the speed at 64 to all of it at 128, straight in logarithms.
    assert lost(found, 0.1) == pytest.approx([0.9 * 128, 64, 128])
    # A half: at 64 by the means, whose intervals reach to both sides.
    assert lost(found, 0.5) == pytest.approx([64, 32, 128])


def test_tiles_larger_than_the_best_are_no_loss_of_granularity(tiles: Tidy) -> None:
    found = of(losses(curves(tiles, MACHINE)), "gemm", "mpi")
    assert found["tile"].isna().all()
    assert found["tile_low"].isna().all()
    assert found["tile_high"].tolist() == found["smallest_tile"].tolist() == [32, 32]


def test_a_tile_without_a_time_is_left_out_and_keeps_its_outcome(tiles: Tidy) -> None:
    curve = curves(tiles, MACHINE)
    failed = of(curve, "gemm", "dagger-distributed").set_index("tile").loc[64]
    assert failed["outcome"] == "timeout"
    assert failed[["seconds", "speed"]].isna().all()
    assert failed["repetitions"] == 0
    missing = of(curve, "cholesky", "mpi")
    assert set(missing["outcome"]) == {""}
    assert of(losses(curve), "cholesky", "mpi").empty


def test_one_repetition_gives_the_tiles_on_either_side(tmp_path: Path) -> None:
    def once(cell: Cell) -> Result | None:
        found = tiled(cell)
        return (*found[:2], found[2][1:2]) if found else None

    tidy = load(write_dataset(tmp_path, "granularity", once))
    found = of(losses(curves(tidy, MACHINE)), "gemm", "threads")
    assert lost(found, 0.5) == pytest.approx([64, 32, 64])


def test_a_unit_costs_the_time_over_n(tiles: Tidy) -> None:
    units = unit_costs(tiles, MACHINE)
    assert len(units) == 4
    assert set(units["problem"]) == {"empty"}
    assert units["seconds"].tolist() == pytest.approx([4e-7] * 4, rel=1e-3)
    assert (units["low"] < units["seconds"]).all()


def test_rates_and_envelopes_take_the_first_tile_only(tiles: Tidy) -> None:
    counted = outcomes(tiles)
    assert not counted["cell"].str.contains("tile").any()
    assert not counted.duplicated(["model", "problem", "framework", "scale"]).any()
    assert set(counted["outcome"]) == {"ok"}, "distributed Dagger fails at another tile"
    rows = envelope(tiles)
    assert (rows["ok"] + rows["no_data"] == 1).all()


def words(tidy: Tidy) -> list[str]:
    with style.printed():
        figure = granularity.draw(tidy, 0)
    assert figure
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in texts]


def test_the_figure_says_below_which_tile_speed_is_lost_and_what_is_missing(tiles: Tidy) -> None:
    texts = words(tiles)
    assert texts.count("115 (64-128)") == 6, "all but MPI's, which has no loss or no time"
    assert texts.count("115 (32-128)") == 1, "distributed Dagger's, without a time at 64"
    assert texts.count("64 (32-128)") == 5
    assert texts.count("under 128") == 4, "of cholesky at 64, half the speed or no time"
    assert texts.count("under 32") == 2
    assert texts.count("0.4 µs (0.39-0.41)") == 4
    assert texts.count("T") == 2
    assert any(text.startswith(f"Dataset tiles; machine: {MACHINE}; nodes") for text in texts)
    (missing,) = [text for text in texts if text.startswith("Not drawn")]
    assert missing == "Not drawn: 2 cells timeout, 4 cells never attempted."


@pytest.mark.parametrize("figure", [outcome_matrix, failure_envelope])
def test_a_program_of_one_problem_has_a_row_that_is_empty_elsewhere(
    tiles: Tidy, figure: ModuleType
) -> None:
    with style.printed():
        axes = figure.draw(tiles, 0).axes
    rows = [[label.get_text() for label in panel.get_yticklabels()] for panel in axes]
    assert rows.count(["Reference (by hand)", "A task for each tile"]) == 2
    limits = [panel.get_ylim() for panel in axes]
    assert limits.count((2, 0)) == 2 * 3, "threads and dagger, of each of three problems"


def test_a_study_of_one_scale_point_shows_no_scaling(tiles: Tidy) -> None:
    assert strong_scaling.draw(tiles, 0, "shared") is None


def test_the_numbers_have_every_cell_with_the_losses_of_its_series(tiles: Tidy) -> None:
    table = granularity.numbers(tiles, 0)
    assert len(table) == len(tiles.grid())
    rows = of(table, "gemm", "dagger", "tasks")
    assert rows["lost_10_tile"].tolist() == pytest.approx([115.2] * 5)
    assert rows["lost_50_tile_low"].tolist() == [32] * 5
    assert of(table, "empty", "mpi")["seconds"].tolist() == pytest.approx([4e-7], rel=1e-3)


def test_a_study_with_one_tile_has_no_such_figure(tmp_path: Path) -> None:
    tidy = load(write_dataset(tmp_path, "smoke", lambda _: ("ok", "", [1.0, 1.1])))
    assert granularity.draw(tidy, 0) is None


def test_a_figure_without_a_time_says_so(tmp_path: Path) -> None:
    tidy = load(write_dataset(tmp_path, "granularity", lambda _: ("unavailable", "", [])))
    texts = words(tidy)
    assert "Dataset made-up has no times of programs with several tiles." in texts
    assert texts.count("no data in made-up") == 4
    assert any(text.endswith("cells unavailable.") for text in texts)
