"""Cells through a real Slurm: every way a job can end, and every way to lose sight of one."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.container.julia import Julia
from repro.measure.attempts import Attempt, attempts_of

from .cluster import Cluster
from trials import study_text

REPRO = Path(sys.executable).with_name("repro")
LIMITS: dict[str, Any] = {"repetitions": 1, "time_limit_s": 120, "stall_limit_s": 60}


class Place:
    """A directory with a study and its run, on a cluster."""

    def __init__(self, directory: Path, cluster: Cluster, *models: str, **limits: Any) -> None:
        self.directory, self.cluster = directory, cluster
        text = study_text(*models, **LIMITS | limits)
        (directory / "trial.toml").write_text(text, encoding="utf-8")
        self.run = directory / "run"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`repro run` on the cluster."""
        where = ["--study", "trial.toml", "--site", "lab", "--run", "run"]
        return subprocess.Popen(
            [REPRO, "run", *where, *arguments],
            cwd=self.directory, env=os.environ | self.cluster.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def repro(self, *arguments: str, code: int = 0) -> str:
        """The same, to its end; what it says."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=240)
        assert process.returncode == code, said
        return said

    def attempts(self, cell: str) -> list[Attempt]:
        """The attempts of a cell."""
        return attempts_of(self.run, cell)

    def outcomes(self, cell: str) -> list[tuple[str, str]]:
        """(outcome, detail) of each attempt of a cell."""
        found = [attempt.outcome() for attempt in self.attempts(cell)]
        return [(outcome["outcome"], outcome["detail"]) for outcome in found]

    def job(self) -> str:
        """The number of the only job."""
        (path,) = self.run.glob("submissions/*/job.json")
        return str(json.loads(path.read_text())["job"])

    def wait_for(self, cell: str, file: str, seconds: float = 60) -> Path:
        """Wait until the newest attempt of a cell has a file with something in it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for attempt in self.attempts(cell)[-1:]:
                path = attempt.path / file
                if path.exists() and path.stat().st_size:
                    return path
            time.sleep(0.1)
        raise AssertionError(f"{cell} has no {file} after {seconds} s")


@pytest.fixture
def own(slurm: None, tmp_path: Path, julia: Julia) -> Iterator[Cluster]:
    """A cluster that the test may break."""
    del slurm
    assert julia
    with Cluster.start(tmp_path / "lab") as cluster:
        yield cluster


SLOW_KERNEL = """
function compute_pi(n)
    busy_until = n > 10_000 ? time() + 25 : 0.0
    while time() < busy_until end
    sum(4 / (1 + ((i - 0.5) / n)^2) for i in 1:n) / n
end
"""


def slowly(directory: Path) -> str:
    """A model whose program takes half a minute: long enough to be killed."""
    kernels = directory / "slow"
    kernels.mkdir()
    (kernels / "pi_threads.jl").write_text(SLOW_KERNEL)
    return f'\n[models.slow]\ntitle = "slow"\nkernels = "{kernels}"\n'


SLOW = "slow/pi/threads/0@1x1x1"


@pytest.fixture
def slow(own: Cluster, tmp_path: Path) -> Place:
    """A study of one slow cell, on a cluster that the test may break."""
    place = Place(tmp_path, own)
    with (tmp_path / "trial.toml").open("a", encoding="utf-8") as stream:
        stream.write(slowly(tmp_path))
    return place


def slower(place: Place) -> None:
    """The slow program takes longer than a test may run: it has to be ended."""
    kernel = place.directory / "slow" / "pi_threads.jl"
    kernel.write_text(SLOW_KERNEL.replace("time() + 25", "time() + 300"))


def test_cells_run_in_arrays_and_the_same_command_resumes(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick", "throws", "killed-9", shared=["1x1x1", "1x1x2"])
    said = place.repro("*/*/threads/*", "--wait")
    assert len(list(place.run.glob("submissions/*"))) == 2, "one array a scale point"
    assert place.outcomes("quick/pi/threads/0@1x1x2")[0][0] == "ok"
    assert place.outcomes("throws/gemm/threads/0@1x1x1")[0][0] == "runtime-error"
    assert place.outcomes("killed-9/gemm/threads/0@1x1x1") == [("crash", "ended by SIGKILL")]
    assert "cells at 1x1x1: job" in said
    again = place.repro("*/*/threads/*", "--wait")
    assert "cells are done" in again
    assert len(list(place.run.glob("submissions/*"))) == 2
    answer = subprocess.run(
        [REPRO, "collect", "--run", "run", "--dataset", "d", "--data", "data"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    verified = subprocess.run([REPRO, "verify", "--data", "data"], cwd=tmp_path, check=False)
    assert verified.returncode == 0


def test_two_nodes_by_srun(lab: Cluster, tmp_path: Path, julia_with_stand_ins: Path) -> None:
    assert julia_with_stand_ins
    place = Place(tmp_path, lab, "reference", distributed=["2x4x1"], time_limit_s=240)
    place.repro("reference/gemm/mpi/*", "reference/gemm/dagger-distributed/*", "--wait")
    for framework in ("mpi", "dagger-distributed"):
        cell = f"reference/gemm/{framework}/0@2x4x1"
        assert place.outcomes(cell) == [("ok", "1 of 1 repetitions correct")]
        (start,) = [r for r in place.attempts(cell)[0].records() if r["event"] == "start"]
        assert (start["ranks"], start["threads"]) == (4, 1)


def test_a_deadlock_over_two_nodes_is_seen(
    lab: Cluster, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    place = Place(tmp_path, lab, "rank-waits", distributed=["2x2x1"], time_limit_s=40)
    place.repro("rank-waits/pi/mpi/*", "--wait")
    (found,) = place.outcomes("rank-waits/pi/mpi/0@2x2x1")
    assert found[0] == "deadlock", found
    assert "1 in MPI_Allreduce, 1 idle" in found[1]


def test_a_time_limit_of_slurms_own(slow: Place) -> None:
    slower(slow)  # Slurm notices half a minute late
    slow.repro(SLOW)
    slow.wait_for(SLOW, "samples.csv")
    slow.cluster.run("scontrol", "update", f"JobId={slow.job()}", "EndTime=now+2")
    slow.cluster.wait_for({slow.job(): "TIMEOUT"}, seconds=120)
    slow.repro(SLOW)
    assert slow.outcomes(SLOW)[0][0] == "timeout", slow.outcomes(SLOW)
    assert "Slurm says TIMEOUT" in slow.outcomes(SLOW)[0][1]


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


def kill_what_ran(place: Place) -> None:
    """What a failing node takes with it: in the lab only its slurmd was killed."""
    run = str(place.run).encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes()
            marked = b"REPRO_ATTEMPT=" + run in (entry / "environ").read_bytes()
            if marked or (b"repro.launch.on_node" in words and run in words):
                os.kill(int(entry.name), signal.SIGKILL)


def test_the_controller_dies_in_mid_study(slow: Place) -> None:
    driver = slow.start(SLOW, "--wait")
    slow.wait_for(SLOW, "samples.csv")
    slow.cluster.save()
    slow.cluster.kill_controller()
    time.sleep(3)
    slow.cluster.start_controller()
    said, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, said
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


def test_no_controller_gives_a_clear_word_and_nothing_is_lost(slow: Place) -> None:
    slow.cluster.kill_controller()
    said = slow.repro(SLOW, code=2)
    assert "Slurm does not answer" in said
    assert "say the same again" in said
    driver = slow.start(SLOW, "--wait")
    time.sleep(5)
    assert driver.poll() is None, "with --wait it waits for the controller too"
    slow.cluster.start_controller()
    said, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, said
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


def test_a_submission_that_was_accepted_but_not_recorded_is_not_made_twice(slow: Place) -> None:
    slow.repro(SLOW)
    (record,) = slow.run.glob("submissions/*/job.json")
    record.unlink()  # as if the driver had died between sbatch's answer and writing it down
    slow.repro(SLOW, "--wait")
    assert record.exists()
    assert len(list(slow.run.glob("submissions/*"))) == 1
    assert len(slow.attempts(SLOW)) == 1


def test_a_submission_that_slurm_lost_is_made_again(slow: Place) -> None:
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    slow.repro(SLOW)
    first = slow.job()
    slow.cluster.run("scancel", first)
    slow.cluster.kill_controller()
    for name in ("job_state", "job_state.old"):
        (slow.cluster.directory / "state" / name).unlink(missing_ok=True)
    slow.cluster.start_controller()
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
    slow.repro(SLOW, "--wait")
    assert len(slow.attempts(SLOW)) == 1, "the attempt that was planned is the one that runs"
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


def test_a_job_that_fails_before_the_program_is_ours_and_not_tried_for_ever(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick")
    site = (ROOT / "slurm" / "sites" / "lab.toml").read_text(encoding="utf-8")
    broken = site + 'setup = ["echo no such module: mpi >&2", "exit 3"]\n'
    (tmp_path / "broken.toml").write_text(broken, encoding="utf-8")
    place.repro("quick/pi/*", "--wait", "--site", "broken.toml")
    found = place.outcomes("quick/pi/threads/0@1x1x1")
    assert [outcome for outcome, _ in found] == ["infrastructure"] * 3
    told = "Slurm says FAILED, exit code 3 before the program began: no such module: mpi"
    assert {detail for _, detail in found} == {told}


def test_status_cancel_and_logs_of_what_slurm_has(slow: Place) -> None:
    def ask(*arguments: str) -> str:
        where = ["--study", "trial.toml", "--site", "lab", "--run", "run"]
        return subprocess.run(
            [REPRO, *arguments, *where],
            cwd=slow.directory, env=os.environ | slow.cluster.environment,
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    slower(slow)
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    slow.repro(SLOW)
    (pending,) = [c for c in json.loads(ask("status", SLOW, "--json"))["cells"] if c["slurm"]]
    assert (pending["cell"], pending["slurm"]["state"]) == (SLOW, "PENDING")
    assert pending["slurm"]["reason"] in ask("status", SLOW)
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
    slow.wait_for(SLOW, "samples.csv")
    assert "running" in ask("status", SLOW)
    assert "samples.csv" in ask("logs", SLOW)
    assert f"would cancel {SLOW}" in ask("cancel", SLOW, "--dry-run")
    assert "1 running" in ask("cancel", SLOW)
    slow.cluster.wait_for({slow.job(): "CANCELLED"})
    slow.repro(SLOW)
    first = slow.attempts(SLOW)[0].outcome()
    assert first["detail"] == "Slurm says CANCELLED: cancelled"


def test_out_of_memory_is_told_by_slurm_too(slurm: None, julia: Julia, tmp_path: Path) -> None:
    del slurm
    assert julia
    with Cluster.start(tmp_path / "lab", memory_limits=True) as cluster:
        place = Place(tmp_path, cluster, "allocates-without-end", memory_limit_gib=1)
        place.repro("*", "--wait")
        (attempt,) = place.attempts("allocates-without-end/gemm/threads/0@1x1x1")
        assert attempt.outcome()["outcome"] == "out-of-memory", attempt.outcome()


def test_the_same_dataset_but_for_times_through_local_and_lab(
    lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "reference", "throws", shared=["1x1x1", "1x1x2"])
    cells = ["reference/*/threads/*", "throws/*/threads/*"]
    place.repro(*cells, "--collect", "through-lab", "--data", "data")
    job = (place.run / "collect.sh").read_text(encoding="utf-8")
    assert "repro collect --run" in job
    wait_until((tmp_path / "data" / "through-lab" / "SHA256SUMS").exists, 150)
    answer = subprocess.run(
        [REPRO, "run", *cells, "--study", "trial.toml", "--run", "here", "--collect",
         "through-local", "--data", "data"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert comparable(tmp_path / "data/through-lab") == comparable(tmp_path / "data/through-local")


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def comparable(dataset: Path) -> dict[str, Any]:
    """A dataset without what a clock, a load or a place decides."""
    tables = {}
    for path in sorted(dataset.glob("*/attempts.csv")) + sorted(dataset.glob("*/runtimes/*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
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
}  # fmt: skip
"""The verifier's error depends on a probe that is drawn anew each time."""
