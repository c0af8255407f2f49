"""Somebody else's archive becomes a dataset: by a mapping, and nothing is guessed."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_user_errors import refused

from repro import ROOT
from repro.analysis.tidy import load
from repro.archive.dataset import Dataset
from repro.archive.verify import verify
from repro.cli.main import cli
from repro.study.kernels import program_sha256

from a_study import study_toml

STUDY = study_toml(
    {"gpt-5.5": {}, "qwen": {}},
    {"gemm": [{"n": 4096, "tile": 512}]},
    ["threads", "mpi"],
    shared=["1x1x1", "1x1x24"], distributed=["1x1x1", "2x384x1"], name="theirs", repetitions=2,
)  # fmt: skip
MAP = """
delimiter = ";"
unit_s = 0.001
[dataset]
study = "{study}"
site = "otus"
created = 2026-06-16
creator = "Nyone, A."
licence = "CC-BY-4.0"
machine = "Made-up, 192 cores"
julia = "1.12.6"
[models]
"gpt-5.5" = "GPT"
qwen = "Qwen"
[problems]
gemm = ["matmul"]
[frameworks]
mpi = ["MPI"]
[outcomes]
deadlock = ["hang"]
ok = ["done"]
[files]
kernels = ["{model}/kernels/{problem}_{framework}.jl"]
tests = ["{model}/tests/test_{problem}_{framework}.jl"]
logs = ["{model}/logs/{problem}_{framework}_{cores}.log", "{model}/logs/{problem}_{framework}.log"]
runtimes = ["{model}/runtimes/{framework}.csv"]
ignore = ["prompts{*}", "{model}/kernels/tiles.jl"]
[columns]
problem = "kernel"
cores = "p"
seconds = ["run1_ms", "run2_ms"]
outcome = "state"
[constants]
correct = "true"
"""
THREADS = "kernel;p;run1_ms;run2_ms;state\nmatmul;1;2000;2100;done\nmatmul;24;;;hang\n"
MPI = "kernel;p;run1_ms;run2_ms;state\nmatmul;384;10.5;11;done\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    files = {
        "kernels/matmul_threads.jl": 'include("tiles.jl")\n',
        "kernels/tiles.jl": "t() = 1\n",
        "kernels/matmul_MPI.jl": "g() = 2\n",
        "tests/test_matmul_threads.jl": "test\n",
        "logs/matmul_threads_24.log": "stuck\n",
        "logs/matmul_MPI.log": "all\n",
        "runtimes/threads.csv": THREADS,
        "runtimes/MPI.csv": MPI,
    }
    for model in ("GPT", "Qwen"):
        for name, text in files.items():
            path = tmp_path / "archive" / model / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (tmp_path / "archive" / "prompts.json").write_text("{}")
    (tmp_path / "theirs.toml").write_text(STUDY)
    (tmp_path / "map.toml").write_text(MAP.replace("{study}", f"{tmp_path}/theirs.toml"))
    return tmp_path / "archive"


def changed_map(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "map.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def imported(archive: Path, *options: str, models: tuple[str, ...] = ("gpt-5.5",)) -> Result:
    where = archive.parent
    command = ["import", str(archive), "--dataset", "d", "--data", str(where / "data")]
    command += ["--map", str(where / "map.toml"), *options]
    for model in models:
        command += ["--model", model]
    answer = CliRunner().invoke(cli, command, standalone_mode=False)
    assert answer.exception is None, answer.exception
    return answer


def test_an_archive_becomes_a_dataset_that_everything_can_read(archive: Path) -> None:
    answer = imported(archive)
    assert answer.return_value == 0, answer.output
    assert "gpt-5.5: 2 kernels, 1 tests, 2 logs, 3 cells, 4 repetitions" in answer.output
    dataset = Dataset.open("d", archive.parent / "data")
    assert verify(dataset.path).problems == []
    tidy = load(dataset.path)
    found = dict(zip(tidy.cells["cell"], tidy.cells["outcome"], strict=True))
    assert found == {
        "gpt-5.5/gemm/mpi/0@2x384x1": "ok",
        "gpt-5.5/gemm/threads/0@1x1x1": "ok",
        "gpt-5.5/gemm/threads/0@1x1x24": "deadlock",
    }
    assert list(tidy.measurements["seconds"]) == [0.0105, 0.011, 2.0, 2.1]
    assert set(tidy.cells["machine"]) == {"Made-up, 192 cores"}
    assert (tidy.cells["n"] == 4096).all()
    assert (tidy.cells["tile"] == 512).all()
    assert dataset.description().licence == "CC-BY-4.0"
    kernels = dataset.path / "gpt-5.5" / "kernels"
    assert sorted(path.name for path in kernels.iterdir()) == [
        "gemm_mpi_0.jl", "gemm_threads_0.jl", "tiles.jl"
    ]  # fmt: skip
    digests = {row["kernel_sha256"] for row in dataset.attempts()}
    assert digests == {program_sha256(path) for path in kernels.glob("gemm*")}
    logs = dataset.path / "gpt-5.5" / "logs"
    assert (logs / "gemm_threads_0/1x1x24/1/matmul_threads_24.log").read_text() == "stuck\n"
    assert (logs / "gemm_mpi_0/matmul_MPI.log").is_file()
    assert (dataset.path / "import.toml").read_text() == (archive.parent / "map.toml").read_text()
    assert not (dataset.path / "qwen").exists()


def test_several_models(archive: Path) -> None:
    answer = imported(archive, models=("gpt-5.5", "qwen"))
    assert answer.return_value == 0, answer.output
    assert Dataset.open("d", archive.parent / "data").models() == ["gpt-5.5", "qwen"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("MPI.csv", "384", "385", "MPI.csv, row 2: fits none of the study's cells"),
        ("MPI.csv", "done", "well", "MPI.csv, row 2: outcome 'well' is not in the mapping"),
        ("MPI.csv", "done", "", "MPI.csv, row 2: has no outcome"),
        ("MPI.csv", "384", "x", "MPI.csv, row 2: cores 'x' is not a number"),
        ("MPI.csv", "10.5", "-1", "MPI.csv, row 2: '-1' is not a time"),
        ("MPI.csv", "10.5", "nan", "MPI.csv, row 2: 'nan' is not a time"),
        ("MPI.csv", "10.5", "ten", "MPI.csv, row 2: could not convert"),
        ("MPI.csv", ";11;", ";", "MPI.csv, row 2: not as long as the header"),
        ("MPI.csv", "state", "status", "MPI.csv: has no column state; it has ["),
        ("MPI.csv", "10.5;11", ";", "MPI.csv, row 2: is ok but has no time"),
        ("threads.csv", "24", "1", "0@1x1x1: its rows have outcomes deadlock and ok"),
    ],
)
def test_what_cannot_be_mapped_is_named_and_nothing_is_written(
    archive: Path, file: str, old: str, new: str, said: str
) -> None:
    path = archive / "GPT" / "runtimes" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    answer = imported(archive)
    assert answer.return_value == 1
    assert said in answer.output
    assert answer.output.count("not mapped: ") == 1
    assert not (archive.parent / "data").exists()
    assert imported(archive, "--partial").return_value == 0
    assert verify(archive.parent / "data" / "d").problems == []


def test_files_that_fit_nothing_are_named(archive: Path) -> None:
    (archive / "GPT" / "kernels" / "lu_threads.jl").touch()
    (archive / "GPT" / "kernels" / "matmul_MPI.jl").unlink()
    (archive / "link").symlink_to(archive / "GPT")
    output = imported(archive).output
    assert "not mapped: GPT/kernels/lu_threads.jl: fits no pattern" in output
    assert "not mapped: link: a symbolic link" in output
    assert (
        "not mapped: gpt-5.5/gemm/mpi/0@2x384x1: the archive has no kernel of gpt-5.5/gemm/mpi/0"
        in output
    )


def test_what_several_cells_fit_is_not_guessed(archive: Path) -> None:
    changed_map(archive.parent, 'cores = "p"\n', "")
    output = imported(archive).output
    assert (
        "threads.csv, row 2: fits several of the study's cells (gpt-5.5/gemm/threads/0@1x1x1, "
        "gpt-5.5/gemm/threads/0@1x1x24); refine the mapping" in output
    )


def test_a_name_and_a_column_that_disagree(archive: Path) -> None:
    changed_map(archive.parent, '"{model}/runtimes/{framework}.csv"',
                '"{model}/runtimes/{framework}_{cores}.csv"')  # fmt: skip
    runtimes = archive / "GPT" / "runtimes"
    (runtimes / "threads.csv").rename(runtimes / "threads_24.csv")
    (runtimes / "MPI.csv").rename(runtimes / "MPI_384.csv")
    output = imported(archive).output
    assert "threads_24.csv, row 2: cores is 1, but 24 in the file's name" in output


def test_a_row_a_repetition(archive: Path) -> None:
    changed_map(archive.parent, 'seconds = ["run1_ms", "run2_ms"]',
                'seconds = "run1_ms"\nrepetition = "run2_ms"')  # fmt: skip
    table = archive / "GPT" / "runtimes" / "MPI.csv"
    table.write_text(MPI.replace("10.5;11", "20;2") + "matmul;384;10;1;done\n")
    (archive / "GPT" / "runtimes" / "threads.csv").write_text(THREADS.splitlines()[0] + "\n")
    assert imported(archive).return_value == 0
    assert list(load(archive.parent / "data" / "d").measurements["seconds"]) == [0.01, 0.02]
    table.write_text(MPI.replace("10.5;11", "20;1") + "matmul;384;10;1;done\n")
    assert "do not have distinct repetitions" in imported(archive, "--dry-run").output


def test_a_dry_run_writes_nothing_and_needs_no_mapping(archive: Path) -> None:
    assert "nothing written" in imported(archive, "--dry-run").output
    study = str(archive.parent / "theirs.toml")
    command = ["import", str(archive), "--model", "gpt-5.5", "--study", study, "--dry-run"]
    answer = CliRunner().invoke(cli, command, standalone_mode=False)
    assert answer.return_value == 1
    assert "gpt-5.5: 0 kernels" in answer.output
    assert "not mapped: GPT/kernels/matmul_MPI.jl: fits no pattern" in answer.output
    assert not (archive.parent / "data").exists()


def test_what_a_user_can_get_wrong(archive: Path) -> None:
    where = archive.parent
    mapping = ("--map", str(where / "map.toml"))
    assert "no study; give --study" in refused("import", str(archive), "--model", "x")
    assert "not a model of study theirs" in refused(
        "import", str(archive), "--model", "x", *mapping
    )
    assert "no such directory" in refused("import", "nowhere", "--model", "qwen", *mapping)
    assert "give --dataset" in refused("import", str(archive), "--model", "qwen", *mapping)
    imported(archive)
    again = ("--dataset", "d", "--data", str(where / "data"))
    assert "exists" in refused("import", str(archive), "--model", "qwen", *mapping, *again)
    for old, new, said in (
        ('"matmul"]', '"matmul", "matmul"]', "'matmul' cannot have two meanings"),
        ("{cores}.log", "{kores}.log", "{kores} is not one of"),
        ('cores = "p"', 'cores = ["p", "q"]', "cores can have only one column"),
        ("deadlock =", "hang =", "hang is not one of"),
    ):
        shutil.copy(where / "map.toml", where / "kept.toml")
        changed_map(where, old, new)
        assert said in refused("import", str(archive), "--model", "qwen", *mapping)
        shutil.copy(where / "kept.toml", where / "map.toml")


def test_numbers_beyond_all_sense_are_named(archive: Path) -> None:
    (archive / "GPT" / "logs" / f"matmul_threads_{'9' * 30}.log").touch()
    assert "' is not a number" in imported(archive).output


def test_kernels_of_a_dataset_of_ours_fit_the_defaults() -> None:
    command = ["import", str(ROOT / "data" / "baseline"), "--model", "reference",
               "--study", "baseline", "--dry-run", "--all"]  # fmt: skip
    output = CliRunner().invoke(cli, command, standalone_mode=False).output
    assert "reference: 3 kernels" in output
    assert "not mapped: reference/kernels" not in output
    assert "not mapped: SHA256SUMS: fits no pattern" in output


def test_the_example_mapping_is_one(tmp_path: Path) -> None:
    table = "cores,run1,run2,run3,run4,run5,status\n192,1.0,1.1,1.2,1.3,1.4,success\n24,,,,,,oom\n"
    files = {
        "GPT-5.5/kernels/Cholesky_Threads.jl": "cholesky!(A, tile) = A\n",
        "GPT-5.5/tests/test_Cholesky_Threads.jl": "test\n",
        "GPT-5.5/logs/Cholesky_Threads_24.log": "killed\n",
        "GPT-5.5/runtimes/Cholesky_Threads.csv": table,
        "prompts.json": "{}",
    }
    for name, text in files.items():
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = ["import", str(tmp_path / "archive"), "--model", "gpt-5.5", "--dataset", "theirs"]
    command += ["--map", str(ROOT / "docs" / "archive-map.toml"), "--data", str(tmp_path / "data")]
    answer = CliRunner().invoke(cli, command)
    assert answer.exit_code == 0, answer.output
    told = load(tmp_path / "data" / "theirs")
    assert sorted(told.cells["outcome"]) == ["ok", "out-of-memory"]
