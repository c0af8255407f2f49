"""The whole chain, and single cells, as a user calls them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.container.julia import Julia
from repro.measure.attempts import all_attempts

from a_study import HEAD
from conftest import skip
from trials import Trial, study_text

REPRO = Path(sys.executable).with_name("repro")
CELL = "quick/pi/threads/0@1x1x1"
BASELINE = "reference/pi/threads/0@1x1x1"


def repro(cwd: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([REPRO, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, julia: Julia) -> Path:
    """A directory in which `repro all` has been run on a small study."""
    assert julia
    directory = tmp_path_factory.mktemp("chain")
    text = study_text("reference", "quick", "waits-for-ever", name="small", stall_limit_s=4)
    (directory / "small.toml").write_text(text, encoding="utf-8")
    answer = run_all(directory)
    assert answer.returncode == 0, answer.stderr
    (directory / "said.txt").write_text(answer.stdout, encoding="utf-8")
    return directory


def run_all(directory: Path) -> "subprocess.CompletedProcess[str]":
    where = ("--site", "local", "--data", directory / "data")
    return repro(directory, "all", "--yes", "--study", "small.toml", *where)


def test_all_ends_with_a_table_and_where_everything_is(place: Path) -> None:
    said = (place / "said.txt").read_text(encoding="utf-8")
    assert "deadlock" in said
    assert [line.split()[0] for line in said.splitlines()[-3:]] == [
        "attempts",
        "dataset",
        "figures",
    ]
    assert (place / "figures" / "small-local" / "outcome_matrix.png").stat().st_size > 5_000
    assert repro(place, "verify", "--data", place / "data").returncode == 0


def test_all_again_runs_nothing_again(place: Path) -> None:
    before = [
        attempt.path.stat().st_mtime_ns for attempt in all_attempts(place / "runs/small-local")
    ]
    manifest = (place / "data" / "small-local" / "SHA256SUMS").read_bytes()
    assert run_all(place).returncode == 0
    after = [
        attempt.path.stat().st_mtime_ns for attempt in all_attempts(place / "runs/small-local")
    ]
    assert (before, manifest) == (after, (place / "data/small-local/SHA256SUMS").read_bytes())


def test_all_stops_at_a_damaged_archive(place: Path) -> None:
    damaged = place / "data" / "damaged"
    damaged.mkdir()
    (damaged / "SHA256SUMS").write_text(f"{'0' * 64}  lost\n", encoding="utf-8")
    answer = run_all(place)
    (damaged / "SHA256SUMS").unlink()
    damaged.rmdir()
    assert answer.returncode == 1
    assert "missing: lost" in answer.stdout


def test_a_cell_is_shown_run_again_and_compared(place: Path) -> None:
    data: list[str | Path] = ["--data", place / "data"]
    shown = json.loads(repro(place, "cell", "show", CELL, *data, "--json").stdout)
    assert (shown["outcome"], len(shown["seconds"])) == ("ok", HEAD["repetitions"])
    assert Path(shown["kernel"]).is_file()
    before = repro(place, "cell", "compare", CELL, *data)
    assert before.returncode == 3
    assert "no attempt" in before.stdout
    answer = repro(place, "cell", "run", CELL, *data, "--repeat", "4")
    assert "in the archive" in answer.stdout, answer.stderr
    assert answer.stdout.count("; Julia ") == 2
    assert "not the same machine" not in answer.stdout
    after = repro(place, "cell", "compare", CELL, *data, "--json")
    verdict = json.loads(after.stdout)
    assert len(verdict["here"]["seconds"]) == 4
    assert verdict["here"]["place"] == verdict["archive"]["place"]
    assert answer.returncode == after.returncode
    codes = {"reproduced": 0, "differs": 1, "cannot tell": 3}
    assert after.returncode == codes[verdict["verdict"]]
    run = place / "runs" / "cell-small-local"
    assert {attempt.cell for attempt in all_attempts(run)} == {CELL, BASELINE}


def test_a_deadlock_is_reproduced_as_a_deadlock(place: Path) -> None:
    (cell,) = [a.cell for a in all_attempts(place / "runs/small-local") if "waits" in a.cell]
    answer = repro(place, "cell", "run", cell, "--data", place / "data")
    assert "reproduced: the same outcome: deadlock" in answer.stdout, answer.stderr
    assert answer.returncode == 0


def test_a_cells_name_with_a_typo_gets_the_nearest(place: Path) -> None:
    answer = repro(place, "cell", "show", CELL.replace("quick", "qiuck"), "--data", place / "data")
    assert answer.returncode == 2
    assert f"did you mean {CELL}" in answer.stderr


def test_cells_at_once_run_on_cores_of_their_own(tmp_path: Path, julia: Julia) -> None:
    assert julia
    if len(os.sched_getaffinity(0)) < 2:
        skip("two cores")
    trial = Trial.of(tmp_path, "quick", "pi-cached", repetitions=1)
    answer = repro(tmp_path, "run", "--study", trial.study, "--run", trial.path, "--concurrent")
    assert answer.returncode == 0, answer.stderr
    one, other = all_attempts(trial.path)
    first, second = one.outcome(), other.outcome()
    assert str(first.started) < str(second.ended)
    assert str(second.started) < str(first.ended)
    assert len(one.plan().cores) == len(other.plan().cores) == 1
    assert one.plan().cores != other.plan().cores
