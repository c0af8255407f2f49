"""Datasets that are empty, partial or broken: what is left is shown, what is not is named."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_analysis_data import write_varied

from paper_figures import render
from repro import ROOT
from repro.cli.main import cli
from repro.errors import UserError

CELL = "reference/gemm/threads/0@1x1x2"


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and output, or 2 and the one line of an error; anything else passes."""
    words = [str(word) for word in arguments]
    answer = CliRunner().invoke(cli, words, standalone_mode=False)
    if isinstance(answer.exception, UserError):
        assert "\n" not in str(answer.exception)
        return 2, str(answer.exception)
    if answer.exception:
        raise answer.exception
    return int(answer.return_value or 0), answer.output


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "data" / "baseline", tmp_path / "baseline")


def put(column: str, value: str, table: str = "attempts") -> Callable[[Path], Any]:
    """Put a value into a column of a table of the reference programs."""

    def change(dataset: Path) -> None:
        name = {"attempts": "attempts.csv", "runtimes": "runtimes/gemm_threads_0.csv"}[table]
        path = dataset / "reference" / name
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row | {column: value} for row in rows)

    return change


def write(name: str, text: str) -> Callable[[Path], Any]:
    return lambda dataset: (dataset / name).write_text(text, encoding="utf-8")


def write_study(old: str, new: str) -> Callable[[Path], Any]:
    def change(dataset: Path) -> None:
        path = dataset / "study.toml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return change


BROKEN: dict[str, Callable[[Path], Any]] = {
    "no-manifest": lambda dataset: (dataset / "SHA256SUMS").unlink(),
    "no-description": lambda dataset: (dataset / "dataset.toml").unlink(),
    "a-field-of-megabytes": write("vendor/attempts.csv", "cell," + "9" * 10**6 + "\n"),
    "nested-for-ever": write("environment/11838d1dfea9.json", "[" * 10**5),
    "a-number-for-ever": write("environment/11838d1dfea9.json", "9" * 5000),
    "no-environment": lambda dataset: shutil.rmtree(dataset / "environment"),
    "an-environment-that-is-no-name": put("environment", "9" * 400),
    "another-model-s-rows": put("model", "vendor"),
    "rows-of-no-model": put("model", "", "runtimes"),
    "a-kernel-that-is-missing": lambda dataset: (
        dataset / "vendor" / "kernels" / "pi_threads_0.jl"
    ).unlink(),
    "a-manifest-of-something-else": write("SHA256SUMS", "x\n"),
    "another-size": write_study("n = 4096", "n = 4095"),
    "no-number": put("tile", "²"),
    "no-time": put("seconds", "inf", "runtimes"),
    "a-model-that-the-study-lacks": write_study("vendor]", "other]"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_left_is_shown_and_the_rest_is_named(
    baseline: Path, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "FORMATS", ("svg",))  # which is quicker
    BROKEN[fault](baseline)
    for command in (["metrics"], ["claims"], ["figures", "--out", tmp_path / "figures"]):
        code, told = run(*command, "--dataset", baseline)
        assert (code, "damaged" in told) == (1, True), command
    notes = (tmp_path / "figures" / "outcome_matrix.svg").read_text(encoding="utf-8")
    assert "damaged or missing files" in notes  # as a comment beside the letters' shapes
    code, told = run("cell", "show", CELL, "--dataset", baseline)
    assert code in {0, 2}
    assert "gemm/threads" in told if code == 0 else str(baseline) in told
    assert run("cell", "compare", CELL, "--dataset", baseline, "--run", tmp_path / "none")[0] != 0
    exported = run("export", baseline, "--zenodo-json", tmp_path / "z.json", "--creator", "X, Y")
    assert exported[0] in {0, 2}


def test_a_dataset_of_two_files_has_gaps_only(baseline: Path, tmp_path: Path) -> None:
    for path in baseline.iterdir():
        if path.name not in {"dataset.toml", "study.toml"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    code, told = run("metrics", "--dataset", baseline)
    assert code == 1
    assert "0 of 12 cells have an outcome; in no rate: 12 never attempted" in told
    assert "SHA256SUMS: missing" in told
    assert run("figures", "--dataset", baseline, "--out", tmp_path / "figures")[0] == 1
    assert "no data in baseline" in (tmp_path / "figures" / "pass_at_k.svg").read_text()
    assert "missing" in run("claims", "--dataset", baseline)[1]
    assert run("verify", baseline)[0] == 2


def test_one_broken_dataset_does_not_stop_the_others(
    baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(baseline, baseline.with_name("second"))
    (baseline / "study.toml").unlink()
    monkeypatch.chdir(tmp_path)
    code, told = run("figures", "--data", tmp_path)
    assert code == 1
    assert "baseline: no figures: " in told
    assert (tmp_path / "figures" / "second" / "pass_at_k.pdf").is_file()


def test_a_directory_without_any_of_its_files_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    code, told = run("metrics", "--dataset", tmp_path / "nothing")
    assert (code, "not a dataset: it has none of dataset.toml" in told) == (2, True)


def test_a_damaged_transcript_is_named(tmp_path: Path) -> None:
    data = write_varied(tmp_path)
    sessions = sorted(data.glob("*/transcripts/*/*/session.json"))
    sessions[0].write_text("7")
    sessions[1].write_text("[" * 10**5)
    about = json.loads(sessions[2].read_text()) | {"seconds": 1e300}
    sessions[2].write_text(json.dumps(about))
    code, told = run("metrics", "--dataset", data, "--json")
    damaged = json.loads(told)[0]["damaged"]
    assert code == 1
    assert [str(path) in line for path, line in zip(sessions, damaged, strict=False)] == [True] * 3
