"""Datasets as tables, and scaling computed from them."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_analysis_data import MACHINE, Result, tiny, write_dataset

from repro.analysis.envelope import envelope
from repro.analysis.machines import cores_of, flags_of
from repro.analysis.metrics import metrics
from repro.analysis.rates import rates
from repro.analysis.scaling import COLUMNS, scaling, serial_fractions
from repro.analysis.tidy import Tidy, counting, load
from repro.claims.observations import observed
from repro.errors import UserError
from repro.measure import outcomes
from repro.measure.outcomes import OUR_OUTCOMES, OUTCOMES
from repro.study.expand import Cell, cells
from repro.study.load import load_study

ATTEMPT = "reference/gemm/threads/0@1x1x1,{number},reference,gemm,threads,0,1,1,1,1536,256,"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path, "smoke", tiny)


def append(path: Path, *lines: str) -> None:
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def by_cell(tidy: Tidy, cell: str) -> dict[str, object]:
    rows = tidy.cells[tidy.cells["cell"] == cell]
    assert len(rows) == 1
    return {str(key): value for key, value in rows.iloc[0].items()}


def test_tables_of_a_small_dataset(dataset: Path) -> None:
    tidy = load(dataset)
    assert tidy.name == "made-up"
    assert len(tidy.attempts) == len(tidy.cells) == 12
    assert len(tidy.measurements) == 36
    assert set(tidy.attempts["machine"]) == {MACHINE}
    cell = by_cell(tidy, "reference/gemm/threads/0@1x1x2")
    assert (cell["outcome"], cell["cores"], cell["attempts"]) == ("ok", 2, 1)


def test_the_grid_holds_every_cell_of_the_study(dataset: Path) -> None:
    grid = load(dataset).grid()
    assert list(grid["cell"]) == [str(cell.name) for cell in cells(load_study("smoke"))]
    assert (grid["outcome"] == "ok").sum() == 12
    assert (grid["outcome"] == "").sum() == len(grid) - 12


def one_core(dataset: Path) -> None:
    """As if every attempt had run on a machine of one core."""
    machine = {"machine": MACHINE, "cores": 1}
    (dataset / "environment" / "e1.json").write_text(json.dumps(machine))


def test_fewer_cores_than_threads_is_seen_in_a_dataset_made_before(dataset: Path) -> None:
    assert load(dataset).cells["available_cores"].isna().all()
    one_core(dataset)
    tidy = load(dataset)
    cell = by_cell(tidy, "reference/gemm/threads/0@1x1x2")
    assert (cell["cores"], cell["available_cores"], cell["crowded"]) == (2, 1, True)
    assert cell["flags"] == "oversubscribed"
    cell = by_cell(tidy, "reference/gemm/threads/0@1x1x1")
    assert (cell["available_cores"], cell["crowded"], cell["flags"]) == (1, False, "")


def test_what_an_attempt_recorded_of_its_cores_counts(dataset: Path) -> None:
    one_core(dataset)
    for path in dataset.glob("*/attempts.csv"):
        header, *rows = path.read_text().splitlines()
        header = f"{header},available_cores"
        path.write_text("\n".join([header, *(f"{row},2" for row in rows)]) + "\n")
    cell = by_cell(load(dataset), "reference/gemm/threads/0@1x1x2")
    assert (cell["available_cores"], cell["crowded"], cell["flags"]) == (2, False, "")


def test_a_time_on_fewer_cores_than_threads_is_no_time_on_that_many_cores(dataset: Path) -> None:
    one_core(dataset)
    tidy = load(dataset)
    assert set(tidy.measurements["cores"]) == {1}
    points = scaling(tidy.measurements)
    assert set(points["cores"]) == {1}
    assert serial_fractions(tidy).empty
    speedups = rates(tidy).query("metric == 'speedup'")
    assert set(speedups["scale"]) == {"1x1x1"}
    reached = envelope(tidy).query("model == 'reference' and framework == 'threads'")
    assert set(reached["largest_ok"]) == {"1x1x1"}
    assert set(reached["crowded"]) == {1}
    told = "a time at the scale of 6 cells: they had fewer cores than threads"
    assert told in metrics(dataset).missing


@pytest.mark.parametrize(
    ("recorded", "of_node", "outcome", "cores", "flags"),
    [
        ("", 2, "ok", 4, "oversubscribed;tampered"), ("", 2, "unavailable", 4, "tampered"),
        ("", 96, "ok", 8, "tampered"), ("", None, "ok", None, "tampered"),
        ("7", 96, "ok", 7, "oversubscribed;tampered"), ("8", 1, "ok", 8, "tampered"),
    ],
)  # fmt: skip
def test_one_row_is_read_as_the_table_is(
    recorded: str, of_node: int | None, outcome: str, cores: int | None, flags: str
) -> None:
    cell = "reference/gemm/mpi/0@2x8x1"
    row = {"cell": cell, "available_cores": recorded, "outcome": outcome, "flags": "tampered"}
    environment = {"cores": of_node} if of_node else {}
    assert (cores_of(row, environment), flags_of(row, environment)) == (cores, flags)


def test_no_claim_takes_threads_for_cores(dataset: Path) -> None:
    one_core(dataset)
    points = observed(load(dataset)).first("reference", "gemm", "threads")
    told = [(point.cores, point.outcome, len(point.seconds)) for point in points]
    assert told == [(1, "ok", 3), (2, "", 0), (4, "", 0)]


def test_nothing_ran_on_too_few_cores_where_nothing_ran(dataset: Path) -> None:
    one_core(dataset)
    path = dataset / "reference" / "attempts.csv"
    path.write_text(path.read_text().replace(",ok,", ",unavailable,"))
    assert by_cell(load(dataset), "reference/gemm/threads/0@1x1x2")["flags"] == ""


def test_infrastructure_never_hides_an_outcome(dataset: Path) -> None:
    rest = ",{outcome},,0,1.0,1.0,,e1,ab,"
    append(
        dataset / "reference" / "attempts.csv",
        ATTEMPT.format(number=2) + rest[1:].format(outcome="crash"),
        ATTEMPT.format(number=3) + rest[1:].format(outcome="infrastructure"),
    )
    cell = by_cell(load(dataset), "reference/gemm/threads/0@1x1x1")
    assert (cell["outcome"], cell["attempt"], cell["attempts"]) == ("ok", 1, 3)


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=6))
def test_the_attempt_that_counts_is_the_same_one_by_one_and_in_a_table(history: list[str]) -> None:
    """The first with an outcome of the program, else the newest `unavailable`, else the newest."""
    rows = [("a", number, outcome) for number, outcome in enumerate(history, 1)]
    table = pd.DataFrame(rows, columns=["cell", "attempt", "outcome"])
    (found,) = counting(table.sample(frac=1, random_state=1))["attempt"]
    index = outcomes.counting(history)
    assert index == found - 1
    own = [i for i, outcome in enumerate(history) if outcome not in OUR_OUTCOMES]
    absent = [i for i, outcome in enumerate(history) if outcome == "unavailable"]
    assert index == (own or absent[::-1] or [len(history) - 1])[0]


def test_only_infrastructure_stays_infrastructure(dataset: Path) -> None:
    attempts = load(dataset).attempts.assign(outcome="infrastructure")
    assert set(counting(attempts)["outcome"]) == {"infrastructure"}


def test_wrong_repetitions_and_failed_attempts_are_no_measurements(dataset: Path) -> None:
    path = dataset / "reference" / "runtimes" / "gemm_threads_0.csv"
    text = path.read_text()
    path.write_text(text.replace("true", "false", 1))
    assert len(load(dataset).measurements) == 35
    attempts = dataset / "reference" / "attempts.csv"
    attempts.write_text(attempts.read_text().replace(",ok,", ",timeout,"))
    assert set(load(dataset).measurements["model"]) == {"vendor"}


@pytest.mark.parametrize("file", ["attempts.csv", "runtimes/gemm_threads_0.csv"])
def test_a_missing_column_is_named_with_its_file(dataset: Path, file: str) -> None:
    path = dataset / "reference" / file
    path.write_text(path.read_text().replace("threads,n,tile", "threads,m,tile", 1))
    with pytest.raises(UserError, match=rf"{file}: no column n; "):
        load(dataset)


def test_a_field_that_is_no_number_is_named(dataset: Path) -> None:
    path = dataset / "reference" / "runtimes" / "gemm_threads_0.csv"
    path.write_text(path.read_text().replace("0.88", "o.88", 1))
    with pytest.raises(UserError, match=r"gemm_threads_0.csv: column seconds: .*o\.88"):
        load(dataset)


@pytest.mark.parametrize("content", ["", "a,b\n1,2,3\n"])
def test_a_broken_table_is_named(dataset: Path, content: str) -> None:
    (dataset / "vendor" / "attempts.csv").write_text(content)
    with pytest.raises(UserError, match=r"vendor/attempts\.csv: "):
        load(dataset)


def test_a_missing_environment_is_named(dataset: Path) -> None:
    (dataset / "environment" / "e1.json").unlink()
    with pytest.raises(UserError, match=r"e1\.json: names no machine"):
        load(dataset)
    (dataset / "environment" / "e1.json").write_text("{}")
    with pytest.raises(UserError, match=r"e1\.json: names no machine"):
        load(dataset)


def test_a_dataset_without_attempts_has_empty_tables(tmp_path: Path) -> None:
    tidy = load(write_dataset(tmp_path, "smoke", lambda _: None))
    assert len(tidy.attempts) == len(tidy.cells) == len(tidy.measurements) == 0
    assert list(scaling(tidy.measurements).columns) == COLUMNS
    assert set(tidy.grid()["outcome"]) == {""}


def test_scaling_of_a_program_that_halves_its_time(dataset: Path) -> None:
    points = scaling(load(dataset).measurements)
    of = points[(points["model"] == "reference") & (points["problem"] == "gemm")]
    assert list(of["cores"]) == [1, 2]
    assert list(of["repetitions"]) == [3, 3]
    one, two = (of.iloc[i] for i in range(2))
    mean = 0.88 * (1 * 1.02 * 1.04) ** (1 / 3)
    assert one["seconds"] == pytest.approx(mean, rel=1e-6)
    assert one["seconds_low"] < mean < one["seconds_high"]
    assert one["speedup"] == one["efficiency"] == 1
    assert math.isnan(one["speedup_low"])
    assert two["speedup"] == pytest.approx(2, rel=1e-6)
    assert two["efficiency"] == pytest.approx(1, rel=1e-6)
    assert two["speedup_low"] == pytest.approx(2 * two["efficiency_low"], rel=1e-6)


def test_a_program_without_its_smallest_point_names_its_base(tmp_path: Path) -> None:
    def only_larger(cell: Cell) -> Result | None:
        return ("ok", "", [8.0 / cell.scale.cores] * 2) if cell.scale.cores > 1 else None

    points = scaling(load(write_dataset(tmp_path, "smoke", only_larger)).measurements)
    assert set(points["base_cores"]) == {2}
    largest = points[points["cores"] == 4]
    assert set(largest["speedup"]) == {2.0}
    assert set(largest["efficiency"]) == {1.0}


def test_a_time_of_zero_has_no_logarithm(dataset: Path) -> None:
    points = scaling(load(dataset).measurements)
    vendor = points[(points["model"] == "vendor") & (points["problem"] == "pi")]
    assert vendor["seconds"].isna().all()
