"""`repro doctor --site` on real clusters, whole ones and ones with a fault each."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.container.julia import Julia
from repro.launch.site.judge import Expected, judge
from repro.launch.site.node import NodeReport, code_digest

from .cluster import Cluster

pytestmark = pytest.mark.usefixtures("slurm")

PRETENDED = "a node's hardware"
"""The one thing that a healthy lab lacks: it says that it has 192 cores a node."""


def doctor(
    cluster: Cluster | None, *options: str | Path, site: str = "lab"
) -> subprocess.CompletedProcess[str]:
    """Run `repro doctor --site` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "repro", "doctor", "--site", site, *options],
        env=os.environ | (cluster.environment if cluster else {}), cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


def findings(answer: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """What was found, by what was looked at."""
    assert answer.stdout, answer.stderr
    return {finding["what"]: finding for finding in json.loads(answer.stdout)}


def faults(found: dict[str, dict[str, Any]]) -> set[str]:
    """What is not good."""
    return {what for what, finding in found.items() if not finding["ok"]}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """For a cluster of a test's own, which must not be below what it makes private."""
    path = tmp_path / "lab"
    path.mkdir()
    return path


def test_a_healthy_cluster(lab: Cluster, tmp_path: Path, julia: Julia) -> None:
    answer = doctor(lab, "--run", tmp_path / "run", "--json")
    found = findings(answer)
    assert faults(found) <= {PRETENDED}
    assert answer.returncode == 0
    assert found["Julia"]["found"] == f"n1, n2: julia version {julia.version}"
    assert found[f"scratch {tmp_path}"]["found"] == "n1, n2: shared"
    assert "respected" in found["flock"]["found"]
    mpi = found["MPI hello by srun --mpi=pmix"]["found"]
    assert mpi.startswith("ranks on n1, n2, which count 2, 2 (Open MPI v")
    assert list(tmp_path.iterdir()) == []
    assert list(ROOT.glob(".doctor-*")) == []


def test_a_scratch_that_is_not_shared_is_named(directory: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with Cluster.start(directory, private=scratch) as cluster:
        answer = doctor(cluster, "--run", scratch / "run", "--json")
    found = findings(answer)
    assert answer.returncode == 1
    assert "n1, n2: not shared" in found[f"scratch {scratch}"]["found"]
    assert found[f"scratch {scratch}"]["meaning"]
    assert found[f"room in {scratch}"]["ok"]


def test_a_full_scratch_is_named(directory: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with Cluster.start(directory, small=scratch) as cluster:
        fill = f"head -c 2m /dev/zero >{scratch}/filling"
        cluster.run("srun", "-w", "n1", "sh", "-c", fill, check=False)
        answer = doctor(cluster, "--run", scratch / "run", "--json")
    room = findings(answer)[f"room in {scratch}"]
    assert answer.returncode == 1
    assert not room["ok"]
    assert room["found"].startswith("n1: full (No space left on device)")
    assert "n2: full" not in room["found"]


def test_a_partition_that_does_not_exist(lab: Cluster, tmp_path: Path) -> None:
    answer = doctor(lab, "--partition", "nowhere", "--run", tmp_path / "run", "--json")
    found = findings(answer)
    assert answer.returncode == 1
    assert found["partition nowhere"]["found"] == "not there"
    assert "there are: main" in found["partition nowhere"]["meaning"]
    assert found["a job on the nodes"]["found"] == "not submitted"


def test_a_job_that_does_not_start_is_cancelled(directory: Path, tmp_path: Path) -> None:
    with Cluster.start(directory, nodes=2) as cluster:
        line = ("sbatch", "--parsable", "-N2", "--exclusive", "--wrap=sleep 300")
        busy = cluster.run(*line).stdout.strip()
        cluster.wait_for({busy: "RUNNING"})
        answer = doctor(cluster, "--run", tmp_path / "run", "--patience", "2", "--json")
        left = cluster.run("squeue", "-h", "-t", "pending,running", "-o", "%i").stdout.split()
    assert answer.returncode == 1
    assert "did not start within 2 s" in findings(answer)["a job on the nodes"]["found"]
    assert left == [busy]


def test_a_dry_run_shows_the_job_and_submits_none(lab: Cluster, tmp_path: Path) -> None:
    jobs = ("squeue", "-h", "-t", "all", "-o", "%i")
    before = lab.run(*jobs).stdout
    answer = doctor(lab, "--run", tmp_path / "run", "--dry-run")
    assert answer.returncode == 0
    assert "#SBATCH --nodes=2" in answer.stderr
    assert lab.run(*jobs).stdout == before


def test_account_and_partition_are_asked_for() -> None:
    answer = doctor(None, site="otus")
    assert answer.returncode == 2
    assert "names no account: add --account" in answer.stderr


REPORT = NodeReport(
    host="n1", shared=True, seen=("n1",), ahead_s=0.1, lock="held", problem="",
    free=2**40, shm=2**34, cores=192, memory=2**40, imports="",
    code=code_digest(), python=".".join(map(str, sys.version_info[:3])),
    julia="julia version 1.12.6",
)  # fmt: skip


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("clock", {"ahead_s": -3.0}),
        ("clock", {"ahead_s": 2.5}),
        ("flock", {"lock": "free"}),
        ("Julia", {"julia": "julia version 1.11.0"}),
        ("this checkout and Python", {"code": "another"}),
        ("this checkout and Python", {"imports": "No module named psutil"}),
        ("this checkout and Python", {"python": "3.9.1"}),
        ("/dev/shm", {"shm": 2**26}),  # noqa: S108 - the name of a finding
        ("a node's hardware", {"cores": 96}),
        ("room in /scratch", {"free": 2**20}),
        ("scratch /scratch", {"seen": ("n2",)}),
    ],
)
def test_what_a_lab_cannot_bring_about(what: str, fault: dict[str, Any]) -> None:
    expected = Expected(Path("/scratch"), 192, 750, "1.12.6")
    assert all(finding.ok for finding in judge([REPORT], expected))
    bad = list(judge([replace(REPORT, host="n9", **fault), REPORT], expected))
    (found,) = [f for f in bad if f.what == what]
    assert not found.ok
    assert "n9: " in found.found
    assert found.meaning
