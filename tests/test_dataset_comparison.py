"""Two datasets beside each other: what must be the same, what may vary, and what is damaged."""

import json
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scipy.stats import ttest_ind
from test_user_errors import refused

from repro import ROOT
from repro.analysis.dataset_comparison import Row, _judged
from repro.analysis.intervals import Interval
from repro.analysis.reproduction import ENOUGH
from repro.analysis.significance import adjusted, p_beyond
from repro.archive.collect import collect, describe
from repro.archive.source import open_source
from repro.cli.main import cli

from archive_runs import FIRST, OUTCOME, SECOND, add_attempt, make_run, repetition

BASE, OTHER = "reference/gemm/threads/0@1x1x1", "reference/gemm/threads/0@1x1x2"
STEADY = (1.00, 1.01, 0.99, 1.02, 0.98)


def times(factor: float) -> list[dict[str, Any]]:
    return [repetition(i, seconds=s * factor) for i, s in enumerate(STEADY, 1)]


def dataset(data: Path, name: str, cells: dict[str, Any], machine: str = "M1") -> Path:
    """A dataset of cells with an outcome's word, or a factor of their times."""
    run = make_run(data.parent / f"run-{name}")
    environment = {"machine": machine, "julia": {"version": "1.12.6"}, "image": None}
    (run / "environment" / "e1.json").write_text(json.dumps(environment), encoding="utf-8")
    for cell, found in cells.items():
        if isinstance(found, str):
            add_attempt(run, cell, outcome=OUTCOME | {"outcome": found}, records=[])
        else:
            add_attempt(run, cell, records=times(found))
    source = open_source(run)
    collect(source, describe(source, name, "", "CC0-1.0"), data)
    return data / name


def compare(data: Path, *options: str) -> Result:
    command = ["compare", "a", "b", "--data", str(data), *options]
    return CliRunner().invoke(cli, command, standalone_mode=False)


def told(data: Path, *options: str) -> dict[str, Any]:
    answer = compare(data, "--json", *options)
    assert answer.exception is None, answer.exception
    found: dict[str, Any] = json.loads(answer.output)
    assert answer.return_value == int(not found["agree"])
    return found


def words(found: dict[str, Any]) -> dict[str, str]:
    return {row["cell"]: row["word"] for row in found["cells"]}


def test_a_dataset_agrees_with_itself() -> None:
    command = ["compare", "baseline", "baseline", "--json"]
    answer = CliRunner().invoke(cli, command, standalone_mode=False)
    found = json.loads(answer.output)
    assert answer.return_value == 0
    assert found["agree"]
    assert set(words(found).values()) == {"alike"}
    assert found["a"]["julia"] == ["1.5.3"]
    assert found["a"]["created"] == "2026-11-23"
    assert {row["time_ratio"]["value"] for row in found["cells"]} == {1}


def test_outcomes_kernels_times_and_what_only_one_has(tmp_path: Path) -> None:
    data = tmp_path / "data"
    third = "reference/pi/threads/0@1x1x4"
    dataset(data, "a", {BASE: 1.0, OTHER: 1.0, FIRST: 1.0, SECOND: "deadlock", third: "deadlock"})
    dataset(data, "b", {BASE: 1.1, OTHER: 2.0, FIRST: "timeout", SECOND: "deadlock"})
    found = told(data)
    assert words(found) == {
        BASE: "alike", OTHER: "differs", FIRST: "differs", SECOND: "alike"
    }  # fmt: skip
    assert (found["only_a"], found["only_b"]) == ([third], [])
    rows = {row["cell"]: row for row in found["cells"]}
    assert rows[FIRST]["reason"] == "ok in A, timeout in B"
    assert rows[OTHER]["basis"] == "seconds"
    assert rows[OTHER]["time_ratio"]["value"] == pytest.approx(2)
    assert rows[OTHER]["p_adjusted"] >= rows[OTHER]["p"]
    assert words(told(data, "--factor", "3"))[OTHER] == "alike"
    said = compare(data).output
    assert f"only A has 1: {third}" in said
    assert "beyond a factor of 1.25, corrected p" in said


def test_fewer_cores_than_threads_in_one_of_them_say_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {BASE: 1.0, OTHER: 0.5, FIRST: 1.0, SECOND: 0.5})
    path = dataset(data, "b", {BASE: 1.0, OTHER: 1.0, FIRST: 1.0, SECOND: "timeout"}, "M2")
    machine = {"machine": "M2", "cores": 1, "julia": {"version": "1.12.6"}, "image": None}
    (path / "environment" / "e1.json").write_text(json.dumps(machine), encoding="utf-8")
    rows = {row["cell"]: row for row in told(data)["cells"]}
    for cell in (OTHER, SECOND):
        assert rows[cell]["word"] == "cannot tell"
        assert rows[cell]["reason"] == "fewer cores than threads in B"
    assert rows[BASE]["word"] == rows[FIRST]["word"] == "alike"


def test_an_outcome_that_is_not_the_programs_says_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {FIRST: 1.0})
    dataset(data, "b", {FIRST: "unavailable"})
    found = told(data)
    assert words(found) == {FIRST: "cannot tell"}
    assert found["agree"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("kernel", "the kernels differ"),
        ("n", "n = 1000 in A, 2000 in B"),
        ("seed", "the seeds differ"),
    ],
)
def test_what_should_be_the_same_bit_for_bit(tmp_path: Path, change: str, said: str) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {FIRST: 1.0})
    made = dataset(data, "b", {FIRST: 1.0})
    attempts = made / "reference" / "attempts.csv"
    runtimes = made / "reference" / "runtimes" / "pi_threads_0.csv"
    if change == "kernel":
        digest = attempts.read_text().splitlines()[1].split(",")[-2]
        attempts.write_text(attempts.read_text().replace(digest, "0" * 64))
    elif change == "n":
        attempts.write_text(attempts.read_text().replace(",1000,", ",2000,"))
    else:
        runtimes.write_text(runtimes.read_text().replace(str(2**64 - 1), "5"))
    found = told(data)
    assert not found["agree"]
    assert found["cells"][0]["reason"] == said


def test_kernels_of_programs_that_never_ran_are_compared(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in "ab":
        made = dataset(data, name, {FIRST: 1.0})
        (made / "m" / "kernels").mkdir(parents=True)
        (made / "m" / "kernels" / "pi_mpi_0.jl").write_text("same = 1\n")
        (made / "m" / "kernels" / "pi_mpi_1.jl").write_text(f"{name} = 1\n")
    found = words(told(data))
    assert found == {FIRST: "alike", "m/pi_mpi_0": "alike", "m/pi_mpi_1": "differs"}


def test_other_machines_are_compared_by_their_speedups(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {BASE: 1.0, OTHER: 0.5, SECOND: 1.0})
    dataset(data, "b", {BASE: 3.0, OTHER: 1.5, SECOND: 1.0}, machine="M2")
    found = told(data)
    rows = {row["cell"]: row for row in found["cells"]}
    assert found["agree"]
    assert rows[OTHER]["time_ratio"]["value"] == pytest.approx(3)
    assert (rows[OTHER]["basis"], rows[OTHER]["word"]) == ("speedup", "alike")
    assert rows[OTHER]["tested"]["value"] == pytest.approx(1)
    assert rows[BASE]["word"] == "alike"
    assert rows[SECOND]["word"] == "cannot tell"
    assert "A has no time of reference/pi/threads/0@1x1x1" in rows[SECOND]["reason"]
    shutil.rmtree(data / "b")
    shutil.rmtree(tmp_path / "run-b")
    dataset(data, "b", {BASE: 3.0, OTHER: 3.0, SECOND: 1.0}, machine="M2")
    assert words(told(data))[OTHER] == "differs"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("study.toml", "name ="),
        ("dataset.toml", None),
        ("SHA256SUMS", None),
        ("reference/attempts.csv", "cell\n"),
        ("reference/runtimes/pi_threads_0.csv", "\xff\n"),
        ("environment/e1.json", "{"),
        ("environment/e1.json", "[]"),
    ],
)
def test_a_damaged_dataset_is_compared_as_far_as_it_goes(
    tmp_path: Path, file: str, content: str | None
) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {FIRST: 1.0, SECOND: "crash"})
    made = dataset(data, "b", {FIRST: 1.0, SECOND: "crash"})
    if content is None:
        (made / file).unlink()
    else:
        (made / file).write_text(content, encoding="latin-1")
    found = told(data)
    assert not found["agree"]
    assert [file in line for line in found["b"]["damaged"]] == [True]
    assert found["a"]["damaged"] == []
    if file != "reference/attempts.csv":
        assert words(found)[SECOND] == "alike"
    assert f"damaged:   {made / file}" in compare(data).output


def test_a_row_of_no_cell_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dataset(data, "a", {FIRST: 1.0})
    table = dataset(data, "b", {FIRST: 1.0}) / "reference" / "attempts.csv"
    table.write_text(table.read_text().replace(FIRST, "pi"))
    found = told(data)
    assert found["b"]["damaged"] == [
        f"{data / 'b'}: 1 rows disagree with their cell's name, the first of 'pi'"
    ]
    assert found["only_a"] == [FIRST]


def test_what_a_user_can_get_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no such dataset" in refused("compare", "baseline", "nowhere")
    assert "not a dataset" in refused("compare", "baseline", f"{tmp_path}/empty")
    assert "--factor" in refused("compare", "baseline", "baseline", "--factor", "0.5")
    assert (ROOT / "data" / "baseline").is_dir()


def test_what_cannot_be_told_says_what_might_tell(tmp_path: Path) -> None:
    def of(*seconds: float) -> list[dict[str, Any]]:
        return [repetition(i, seconds=value) for i, value in enumerate(seconds, 1)]

    for name, first, second in (
        ("a", of(1.0, 1.3), of(1.0)), ("b", of(1.2, 1.05), of(1.5)),
    ):  # fmt: skip
        run = make_run(tmp_path / f"run-{name}")
        add_attempt(run, BASE, records=first)
        add_attempt(run, OTHER, records=second)
        collect(open_source(run), describe(open_source(run), name, "", "CC0-1.0"), tmp_path)
    found = {row["cell"]: row for row in told(tmp_path)["cells"]}
    assert {row["word"] for row in found.values()} == {"cannot tell"}
    assert re.search(r"too wide .*; \d+ repetitions in both might decide$", found[BASE]["reason"])
    assert found[BASE]["settled_by"] in ENOUGH
    assert "fewer than two usable times in one" in found[OTHER]["reason"]


def test_what_only_one_cell_says_does_not_stand_among_many() -> None:
    """Beyond the factor with its own interval, and not after correction for all."""
    row = Row("c", "cannot tell", "", ("ok", "ok"), basis="seconds", tested=Interval(2, 1.3, 3))
    judged = _judged(replace(row, p=0.02, p_adjusted=0.4), 1.25)
    assert judged.word == "cannot tell"
    assert "on its own, but not after correction for all cells (p = 0.4)" in judged.reason


def test_without_a_factor_it_is_welchs_test() -> None:
    import numpy as np

    a, b = (1.0, 1.1, 0.9, 1.05), (1.2, 1.4, 1.1)
    expected = ttest_ind(np.log(a), np.log(b), equal_var=False).pvalue
    assert p_beyond([a], [b], 1) == pytest.approx(expected)
    within = p_beyond([a], [b], 1.25)
    assert within is not None
    assert within > expected
    assert p_beyond([a], [(1.0,)], 1) is None
    assert p_beyond([a], [(1.0, 0.0)], 1) is None
    assert [p_beyond([(1.0, 1.0)], [(2.0, 2.0)], f) for f in (1.5, 3)] == [0, 1]


def test_correction_keeps_false_alarms_rare() -> None:
    assert adjusted([]) == []
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    draw = random.Random(7)  # noqa: S311 - no secret
    alarms = 0
    for _ in range(100):
        ps = []
        for _ in range(20):
            a, b = ([draw.lognormvariate(0, 0.05) for _ in range(5)] for _ in "ab")
            ps.append(p_beyond([a], [b], 1) or 0.0)
        alarms += min(adjusted(ps)) <= 0.05
    assert alarms <= 12, "5 of 100 are expected, 12 would be a rare accident"
