"""Opening datasets and reading what they hold; what is wrong is said in one line."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from repro.archive import find, tables
from repro.archive.collect import collect, describe
from repro.archive.dataset import Dataset
from repro.archive.source import open_source
from repro.errors import UserError
from repro.study.names import CellName, Program

from archive_runs import FIRST, KERNEL, full_run


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    source = open_source(full_run(tmp_path / "run"))
    collect(source, describe(source, "d", "A. Nyone", "CC-BY-4.0"), tmp_path / "data")
    return Dataset.open("d", tmp_path / "data")


def test_a_dataset_is_found_by_name_and_by_path(dataset: Dataset) -> None:
    assert Dataset.open(str(dataset.path), Path("elsewhere")) == dataset
    (dataset.path.parent / ".draft").mkdir()
    (dataset.path.parent / "note.txt").touch()
    assert find.names(dataset.path.parent) == ["d"]
    assert find.names(dataset.path / "nowhere") == []


def test_what_it_holds(dataset: Dataset) -> None:
    about = dataset.description()
    assert (about.name, about.created, about.creator) == ("d", date(2026, 11, 20), "A. Nyone")
    assert dataset.models() == ["reference", "vendor"]
    assert [row["attempt"] for row in dataset.attempts()] == ["1", "2", "1", "1"]
    assert tuple(dataset.attempts()[0]) == tables.ATTEMPT_COLUMNS
    assert [row["repetition"] for row in dataset.runtimes()] == ["1", "2", "1", "2", "1"]
    assert tuple(dataset.runtimes()[0]) == tables.RUNTIME_COLUMNS
    assert dataset.kernel(Program.parse("reference/pi/threads/0")).read_bytes() == KERNEL
    assert (dataset.log(CellName.parse(FIRST), 2) / "outcome.json").is_file()
    assert dataset.environments()["e1"]["julia"]["version"] == "1.12.6"


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_there(dataset: Dataset) -> None:
    data = dataset.path.parent
    assert refused(lambda: Dataset.open("e", data)).endswith(f"no such dataset; {data} has: d")
    assert "no program" in refused(lambda: dataset.kernel(Program.parse("reference/pi/mpi/0")))
    assert "has no such attempt" in refused(lambda: dataset.log(CellName.parse(FIRST), 3))
    for file in ("SHA256SUMS", "dataset.toml"):
        (dataset.path / file).unlink()
        assert f"no {file}" in refused(lambda: Dataset.open("d", data))


@pytest.mark.parametrize("column", ["outcome", "flags", "detail"])
def test_a_missing_column_is_named_with_its_file(dataset: Dataset, column: str) -> None:
    path = dataset.path / "vendor" / "attempts.csv"
    path.write_text(path.read_text().replace(column, "x", 1))
    said = refused(dataset.attempts)
    assert f"vendor/attempts.csv: no column {column}" in said


def test_damaged_tables_are_named(dataset: Dataset) -> None:
    path = dataset.path / "vendor" / "runtimes" / "gemm_threads_0.csv"
    sound = path.read_text()
    path.write_text(sound + "cut,1,vend\n")
    assert "gemm_threads_0.csv: row 2 is not as long" in refused(dataset.runtimes)
    path.write_text(sound.strip() + ",more\n")
    assert "gemm_threads_0.csv: row 1 is not as long" in refused(dataset.runtimes)
    path.write_bytes(b"\xff")
    assert "gemm_threads_0.csv: damaged" in refused(dataset.runtimes)
    path.write_text("")
    assert "gemm_threads_0.csv: no column cell" in refused(dataset.runtimes)


def test_a_damaged_description_is_named(dataset: Dataset) -> None:
    path = dataset.path / "dataset.toml"
    path.write_text(path.read_text().replace("CC-BY-4.0", "a b"))
    assert "dataset.toml: licence = 'a b'" in refused(dataset.description)


def test_what_readers_must_know_is_in_the_description_and_the_metadata(
    dataset: Dataset, tmp_path: Path
) -> None:
    assert "about" not in (dataset.path / "dataset.toml").read_text(encoding="utf-8")
    source, words = open_source(tmp_path / "run"), 'Two cores. "Dagger" was not to be had.'
    about = describe(source, "e", "", "CC-BY-4.0", words)
    collect(source, about, tmp_path / "data")
    made = Dataset.open("e", tmp_path / "data")
    assert made.description().about == words
    crate = json.loads((made.path / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    (root,) = (each for each in crate["@graph"] if each["@id"] == "./")
    assert root["description"].endswith(f". {words}")
