"""Cells in a real image, on this machine and through Slurm: run, watched, ended, written down."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from repro.container.sif import squashfs_sha256
from repro.measure.attempts import Attempt, attempts_of

from .cluster import Cluster
from .place import REPRO, Place

pytestmark = pytest.mark.timeout(900)  # the first test fetches and builds

PI = "quick/pi/threads/0@1x1x1"


def commands(attempt: Attempt) -> list[str]:
    return [str(word) for word in attempt.plan().command]


def environment(place: Place, cell: str) -> dict[str, Any]:
    """What is written down of the machine and toolchain of a cell's first attempt."""
    name = place.attempts(cell)[0].plan().environment
    content: dict[str, Any] = json.loads((place.run / "environment" / f"{name}.json").read_text())
    return content


def test_through_slurm_a_cell_runs_in_the_image(lab: Cluster, image: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, lab, "quick")
    place.repro("quick/pi/*", "--wait", "--image", str(image), "--collect", "d", "--data", "data")
    assert place.outcomes(PI) == [("ok", "1 of 1 repetitions correct")]
    assert commands(place.attempts(PI)[0])[1] == "exec"
    found = environment(place, PI)
    assert found["image"] == f"sha256:{squashfs_sha256(image)}"
    assert found["julia"]["version"] == "1.5.3"
    described = (tmp_path / "data" / "d" / "dataset.toml").read_text(encoding="utf-8")
    assert f'image = "{found["image"]}"' in described


@pytest.mark.parametrize(
    ("kernel", "problem", "outcome"),
    [("waits-for-ever", "gemm", "deadlock"), ("killed-9", "gemm", "crash"),
     ("allocates-without-end", "gemm", "out-of-memory"), ("throws", "gemm", "runtime-error")],
)  # fmt: skip
def test_the_watchdog_sees_into_the_image(
    kernel: str, problem: str, outcome: str, image: Path, tmp_path: Path
) -> None:
    place = Place(tmp_path, None, kernel, stall_limit_s=6, memory_limit_gib=1)
    cell = f"{kernel}/{problem}/threads/0@1x1x1"
    place.repro(cell, "--image", str(image))
    assert [found for found, _ in place.outcomes(cell)] == [outcome]
    (attempt,) = place.attempts(cell)
    if outcome == "deadlock":
        assert "take!" in (attempt.path / "stderr.txt").read_text(), "Julia told where it is"
    assert not (attempt.path / "scratch").exists()
    assert not processes_with(str(attempt.path))


def processes_with(mark: str) -> list[str]:
    """The processes that have a text in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_reviewer_reruns_a_cell_in_the_image(image: Path, tmp_path: Path) -> None:
    cell = "reference/pi/threads/0@1x1x1"
    answer = subprocess.run(
        [REPRO, "cell", "run", cell, "--dataset", "baseline", "--repeat", "2", "--image", image],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode in {0, 1, 3}, answer.stderr
    (attempt,) = attempts_of(tmp_path / "runs" / "cell-baseline", cell)
    assert attempt.outcome().outcome == "ok"
    assert commands(attempt)[1] == "exec"
    (path,) = tmp_path.glob("runs/cell-baseline/environment/*.json")
    assert json.loads(path.read_text())["image"].startswith("sha256:")


def test_the_doctor_starts_the_image_on_every_node(
    lab: Cluster, image: Path, tmp_path: Path
) -> None:
    answer = subprocess.run(
        [REPRO, "doctor", "--site", "lab", "--image", image, "--run", tmp_path / "run", "--json"],
        cwd=tmp_path, env=os.environ | lab.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {finding["what"]: finding for finding in json.loads(answer.stdout)}
    assert found[f"Julia in {image}"]["found"] == "n1, n2: julia version 1.5.3"


def test_an_image_that_nodes_do_not_see_is_named(image: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    here = private / "repro.sif"
    here.hardlink_to(image)
    with Cluster.start(tmp_path / "lab", private=private) as cluster:
        answer = subprocess.run(
            [REPRO, "doctor", "--site", "lab", "--image", here, "--run", tmp_path / "r", "--json"],
            cwd=tmp_path, env=os.environ | cluster.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = {finding["what"]: finding for finding in json.loads(answer.stdout)}
    assert not found[f"Julia in {here}"]["ok"]
    assert "where every node sees it" in found[f"Julia in {here}"]["meaning"]
    assert answer.returncode == 1
