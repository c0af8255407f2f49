"""Cells through a real Slurm: every way a job can end."""

import contextlib
import csv
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.container.julia import Julia

from .cluster import Cluster
from .machine import wait_until
from .place import REPRO, SLOW, Place


def test_cells_run_in_arrays_and_the_same_command_resumes(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick", "throws", "killed-9", shared=["1x1x1", "1x1x2"])
    cells = ("quick/pi/*", "*/gemm/threads/*@1x1x1")
    said = place.repro(*cells, "--wait")
    assert len(list(place.run.glob("submissions/*"))) == 2, "one array a scale point"
    assert place.outcomes("quick/pi/threads/0@1x1x2")[0][0] == "ok"
    assert place.outcomes("throws/gemm/threads/0@1x1x1")[0][0] == "runtime-error"
    assert place.outcomes("killed-9/gemm/threads/0@1x1x1") == [("crash", "ended by SIGKILL")]
    assert "cells at 1x1x1: job" in said
    again = place.repro(*cells, "--wait")
    assert "cells are done" in again
    assert len(list(place.run.glob("submissions/*"))) == 2
    answer = subprocess.run(
        [REPRO, "collect", "--run", "run", "--dataset", "d", "--data", "data"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    verified = subprocess.run([REPRO, "verify", "--data", "data"], cwd=tmp_path, check=False)
    assert verified.returncode == 0


def test_failed_cells_and_their_controls_are_tried_in_rounds(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "does-not-parse", "lacks-function", control="lacks-function")
    asked = ("does-not-parse/gemm/threads/*", "--with-control")
    place.repro(*asked)
    assert len(list(place.run.glob("submissions/*"))) == 1, "nothing has failed yet"
    said = place.repro(*asked, "--wait")
    assert "1 failed cells: 0 the program's, 1 the framework's" in said
    for cell, attempts in (("does-not-parse", 3), ("lacks-function", 2)):
        found = place.outcomes(f"{cell}/gemm/threads/0@1x1x1")
        assert [outcome for outcome, _ in found] == ["load-error"] * attempts
    assert len(list(place.run.glob("submissions/*"))) == 3, "a round is one array a scale point"
    place.repro(*asked)
    assert len(list(place.run.glob("submissions/*"))) == 3, "there is no open question"


def test_two_nodes_by_srun(lab: Cluster, tmp_path: Path, julia_with_stand_ins: Path) -> None:
    assert julia_with_stand_ins
    points = ["2x4x1", "2x2x1"]
    place = Place(tmp_path, lab, "reference", distributed=points, time_limit_s=240)
    ranks = {"reference/gemm/mpi/0@2x4x1": 4, "reference/gemm/dagger-distributed/0@2x2x1": 2}
    place.repro(*ranks, "--wait")
    for cell, wanted in ranks.items():
        assert place.outcomes(cell) == [("ok", "1 of 1 repetitions correct")]
        (start,) = [r for r in place.attempts(cell)[0].records() if r["event"] == "start"]
        assert (start["ranks"], start["threads"]) == (wanted, 1)


def test_a_deadlock_over_two_nodes_is_seen(
    lab: Cluster, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    place = Place(tmp_path, lab, "rank-waits", distributed=["2x2x1"], time_limit_s=40)
    place.repro("rank-waits/pi/mpi/*", "--wait")
    (found,) = place.outcomes("rank-waits/pi/mpi/0@2x2x1")
    assert found[0] == "deadlock", found
    assert "pi_mpi_0.jl:12 in MPI_Allreduce, 1 of 2 ranks" in found[1]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("rank-killed/pi/mpi/0@2x2x1", "rank 1 ended by SIGKILL"),
        ("worker-segfaults/pi/dagger-distributed/0@2x2x1", "worker 3 ended by SIGSEGV"),
    ],
)
def test_a_death_on_another_node_is_seen_at_once(
    cell: str, told: str, lab: Cluster, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    kernel = cell.partition("/")[0]
    place = Place(tmp_path, lab, kernel, distributed=["2x2x1"], time_limit_s=600)
    place.repro(cell, "--wait")
    (attempt,) = place.attempts(cell)
    found = attempt.outcome()
    assert found.outcome == "crash", found
    assert told in found.detail
    assert found.wall_seconds is not None
    assert found.wall_seconds < 120, "the start included"
    assert found.cpu_seconds is not None
    assert found.cpu_seconds > 2, "srun's own time is a fraction of a second"


def test_a_time_limit_of_slurms_own(endless: Place) -> None:
    endless.repro(SLOW)
    endless.wait_for(SLOW, "samples.csv")
    endless.cluster.run("scontrol", "update", f"JobId={endless.job()}", "EndTime=now+2")
    endless.cluster.wait_for({endless.job(): "TIMEOUT"}, seconds=120)
    endless.repro(SLOW)
    assert endless.outcomes(SLOW)[0][0] == "timeout", endless.outcomes(SLOW)
    assert "Slurm says TIMEOUT" in endless.outcomes(SLOW)[0][1]


def test_cancelled_is_ours_and_repeated(slow: Place) -> None:
    slow.repro(SLOW)
    slow.wait_for(SLOW, "samples.csv")
    slow.cluster.run("scancel", slow.job())
    slow.cluster.wait_for({slow.job(): "CANCELLED"})
    slow.repro(SLOW, "--wait")
    first, second = slow.outcomes(SLOW)
    assert first == ("infrastructure", "Slurm says CANCELLED: cancelled")
    assert second[0] == "ok"


def test_a_node_that_fails_costs_one_attempt(slow: Place) -> None:
    slow.repro(SLOW)
    slow.wait_for(SLOW, "samples.csv")
    (node,) = {line for line in slow.cluster.run("squeue", "-h", "-o", "%N").stdout.split() if line}
    slow.cluster.kill_node(node)
    kill_what_ran(slow)
    slow.repro(SLOW, "--wait")
    outcomes = slow.outcomes(SLOW)
    assert [outcome for outcome, _ in outcomes] == ["infrastructure", "ok"], outcomes


def test_a_job_that_is_requeued_costs_one_attempt(slow: Place) -> None:
    slow.repro(SLOW)
    slow.wait_for(SLOW, "samples.csv")
    assert slow.cluster.holds_jobs()
    slow.cluster.run("scontrol", "requeue", slow.job())
    slow.cluster.wait_for({slow.job(): "PENDING"})
    # Slurm waits two minutes, and for two reasons: what the first run's last process reports late
    # would be taken for the second's, and a node refuses, so that the job is FAILED, a credential
    # that was made in the second in which the first run's was revoked.
    wait_until(lambda: not slow.cluster.holds_jobs(), "the end of the first run", 60)
    slow.cluster.run("scontrol", "update", f"JobId={slow.job()}", "StartTime=now+2")
    slow.repro(SLOW, "--wait")
    first, second = slow.outcomes(SLOW)
    assert first == ("infrastructure", "its node failed, or Slurm took it away")
    assert second[0] == "ok"
    assert slow.tasks() == [f"{slow.job()}_1"]


def kill_what_ran(place: Place) -> None:
    """What a failing node takes with it: in the lab only its slurmd was killed."""
    run = str(place.run).encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes()
            marked = b"REPRO_ATTEMPT=" + run in (entry / "environ").read_bytes()
            if marked or (b"repro.launch.on_node" in words and run in words):
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_job_that_fails_before_the_program_is_ours_and_not_tried_for_ever(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick")
    site = (ROOT / "slurm" / "sites" / "lab.toml").read_text(encoding="utf-8")
    broken = site.replace("setup = [", 'setup = ["echo no such module: mpi >&2", "exit 3", ')
    assert broken != site
    (tmp_path / "broken.toml").write_text(broken, encoding="utf-8")
    said = place.repro("quick/pi/*", "--wait", "--site", "broken.toml")
    assert said.count("infrastructure") == 1, "it is told of once, when it is given up"
    found = place.outcomes("quick/pi/threads/0@1x1x1")
    assert [outcome for outcome, _ in found] == ["infrastructure"] * 3
    told = "Slurm says FAILED, exit code 3 before the program began: no such module: mpi"
    assert {detail for _, detail in found} == {told}
    (tmp_path / "broken.toml").write_text(site, encoding="utf-8")
    said = place.repro("quick/pi/*", "--wait", "--site", "broken.toml")
    assert "1/1 quick/pi/threads/0@1x1x1 ok" in said, "what was mended is tried again"


def test_status_cancel_and_logs_of_what_slurm_has(endless: Place) -> None:
    def ask(*arguments: str) -> str:
        where = ["--study", "trial.toml", "--site", "lab", "--run", "run"]
        return subprocess.run(
            [REPRO, *arguments, *where],
            cwd=endless.directory, env=os.environ | endless.cluster.environment,
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    endless.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    endless.repro(SLOW)
    (pending,) = [c for c in json.loads(ask("status", SLOW, "--json"))["cells"] if c["slurm"]]
    assert (pending["cell"], pending["slurm"]["state"]) == (SLOW, "PENDING")
    assert pending["slurm"]["reason"] in ask("status", SLOW)
    endless.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
    endless.wait_for(SLOW, "samples.csv")
    assert "running" in ask("status", SLOW)
    assert "samples.csv" in ask("logs", SLOW)
    assert f"would cancel {SLOW}" in ask("cancel", SLOW, "--dry-run")
    assert "1 running" in ask("cancel", SLOW)
    endless.cluster.wait_for({endless.job(): "CANCELLED"})
    endless.repro(SLOW)
    first = endless.attempts(SLOW)[0].outcome()
    assert first.detail == "Slurm says CANCELLED: cancelled"


@pytest.mark.parametrize(
    "cell",
    ["allocates-without-end/gemm/threads/0@1x1x1", "worker-grows/pi/dagger-distributed/0@2x2x1"],
)
def test_out_of_memory_is_told_by_slurm_too(
    cell: str, slurm: None, julia_with_stand_ins: Path, tmp_path: Path
) -> None:
    del slurm
    assert julia_with_stand_ins
    points = {"distributed": ["2x2x1"], "memory_limit_gib": 1}
    with Cluster.start(tmp_path / "lab", memory_limits=True) as cluster:
        place = Place(tmp_path, cluster, cell.partition("/")[0], **points)
        place.repro(cell, "--wait")
        (attempt,) = place.attempts(cell)
        assert attempt.outcome().outcome == "out-of-memory", attempt.outcome()


def test_a_dependent_job_collects_the_dataset(lab: Cluster, julia: Julia, tmp_path: Path) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick", "throws", shared=["1x1x1", "1x1x2"])
    place.repro("*/*/threads/*", "--collect", "collected", "--data", "data")
    job = (place.run / "collect.sh").read_text(encoding="utf-8")
    assert "repro collect --run" in job
    wait_until((tmp_path / "data" / "collected" / "SHA256SUMS").exists, "the dataset", 150)
    check = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path / "data" / "collected", check=False).returncode == 0
    found = comparable(tmp_path / "data" / "collected")["tables"]
    assert len(found["quick/attempts.csv"]) == 2
    assert {row["outcome"] for row in found["throws/attempts.csv"]} == {"runtime-error"}


@pytest.mark.timeout(600)
def test_the_smoke_study_gives_the_same_dataset_through_local_and_lab(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    text = (ROOT / "studies" / "smoke.toml").read_text(encoding="utf-8")
    for large, small in SMALLER.items():
        assert large in text
        text = text.replace(large, small)
    (tmp_path / "smoke.toml").write_text(text, encoding="utf-8")
    for site in ("lab", "local"):
        options = ["--study", "smoke.toml", "--site", site, "--data", "data"]
        answer = subprocess.run(
            [REPRO, "all", "--yes", *options], cwd=tmp_path, env=os.environ | lab.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        assert "figures/smoke-" in answer.stdout
    through_lab, through_local = (tmp_path / "data" / f"smoke-{s}" for s in ("lab", "local"))
    assert comparable(through_lab) == comparable(through_local)
    told = comparable(through_lab)["tables"]["reference/attempts.csv"]
    assert {row["outcome"] for row in told if "/threads/" in row["cell"]} == {"ok"}


SMALLER = {
    'shared = ["1x1x1", "1x1x2", "1x1x4"]': 'shared = ["1x1x2"]',
    "n = 200_000_000": "n = 2_000_000", "n = 1536": "n = 512", "n = 2048": "n = 512",
}  # fmt: skip
"""The lab's nodes only pretend to have more cores than this machine, and time is not compared."""


def comparable(dataset: Path) -> dict[str, Any]:
    """A dataset without what a clock, a load or a place decides."""
    tables = {}
    for path in sorted(dataset.glob("*/attempts.csv")) + sorted(dataset.glob("*/runtimes/*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for row in rows if path.name == "attempts.csv" else ():
            row["flags"] = row["flags"].replace("idle-threads", "")
        kept = [{k: v for k, v in row.items() if k not in MEASURED} for row in rows]
        tables[str(path.relative_to(dataset))] = kept
    kernels = {path.name: path.read_bytes() for path in dataset.glob("*/kernels/*")}
    files = sorted(
        str(path.relative_to(dataset)) for path in dataset.rglob("*")
        if path.name != "node.json" and path.parent.name != "environment"
    )  # fmt: skip
    return {"tables": tables, "kernels": kernels, "files": files}


MEASURED = {
    "seconds", "wall_seconds", "cpu_seconds", "peak_memory_bytes", "environment", "error",
    "busy_seconds", "busy_threads", "input_seconds",
}  # fmt: skip
"""The verifier's error depends on a probe that is drawn anew each time."""
