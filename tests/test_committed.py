"""The datasets and figures in this repository are what they say they are."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro import ROOT
from repro.archive.dataset import Dataset
from repro.archive.verify import verify
from repro.cli.main import cli

BASELINE = ROOT / "data" / "baseline"
FILES = sorted(str(path.relative_to(BASELINE)) for path in BASELINE.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(BASELINE, tmp_path_factory.mktemp("data") / "baseline"))


def test_sha256sum_alone_verifies_it() -> None:
    subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=BASELINE, check=True
    )
    assert verify(BASELINE).problems == []


@pytest.mark.parametrize("name", [name for name in FILES if name != "SHA256SUMS"])
def test_a_flipped_byte_of_any_file_is_named(copied: Path, name: str) -> None:
    path = copied / name
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]) if before else b"x")
    assert [(p.kind, p.path) for p in verify(copied).problems] == [("changed", name)]
    path.write_bytes(before)


def test_a_change_of_the_manifest_itself_is_noticed(copied: Path) -> None:
    path = copied / "SHA256SUMS"
    before = path.read_bytes()
    path.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    assert verify(copied).problems
    path.write_bytes(before)


def test_a_file_added_and_a_file_removed_are_named(copied: Path) -> None:
    (copied / "reference" / "extra.txt").write_text("")
    (copied / "study.toml").rename(copied / "moved")
    found = {(problem.kind, problem.path) for problem in verify(copied).problems}
    assert found == {
        ("extra", "moved"),
        ("extra", "reference/extra.txt"),
        ("missing", "study.toml"),
    }
    (copied / "moved").rename(copied / "study.toml")
    (copied / "reference" / "extra.txt").unlink()


def test_the_committed_figures_are_what_the_data_draws() -> None:
    answer = CliRunner().invoke(cli, ["figures", "--dataset", "baseline", "--check"])
    assert "30 files, all as expected" in answer.output


def test_it_is_reference_and_vendor_on_threads_with_five_repetitions_each() -> None:
    dataset = Dataset.open("baseline", ROOT / "data")
    attempts = dataset.attempts()
    assert {(row["model"], row["problem"], row["framework"]) for row in attempts} == {
        (model, problem, "threads")
        for model in ("reference", "vendor")
        for problem in ("pi", "gemm", "cholesky")
    }
    assert {(row["outcome"], row["repetitions"], row["flags"]) for row in attempts} == {
        ("ok", "5", "")
    }
    (environment,) = dataset.environments().values()
    assert environment["julia"]["version"]
    assert environment["cpu"]["Model name"]
