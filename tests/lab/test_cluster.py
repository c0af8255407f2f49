"""The test cluster itself: it is real where README.md says so, fails on demand, and ends."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import psutil
import pytest

from .cluster import Cluster
from .machine import missing_for_memory_limits, wait_until
from conftest import skip

pytestmark = pytest.mark.usefixtures("slurm")

ALLREDUCE = """
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv) {
    int rank, length, sum;
    char host[MPI_MAX_PROCESSOR_NAME];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Get_processor_name(host, &length);
    rank += 1;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("%s %d\\n", host, sum);
    return MPI_Finalize();
}
"""


def submit(cluster: Cluster, command: str, *options: str) -> str:
    """Submit a shell command; its job's ID."""
    line = ("sbatch", "--parsable", "--output=job.out", *options, f"--wrap={command}")
    return cluster.run(*line).stdout.strip()


def sleepers(seconds: str) -> list[psutil.Process]:
    """The running processes `sleep SECONDS`; zombies, which nobody can end, do not count."""
    lines = {("sleep", seconds), (shutil.which("sleep"), seconds)}  # srun looks it up
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if tuple(process.info["cmdline"] or ()) in lines]


def processes_of(directory: Path) -> list[psutil.Process]:
    """The running processes whose environment says that they use the cluster in `directory`."""
    found = psutil.process_iter(["environ"])
    conf = str(directory / "slurm.conf")
    return [
        process for process in found if (process.info["environ"] or {}).get("SLURM_CONF") == conf
    ]


def cgroups_of(job: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/slurm_n1/uid_*/job_{job}"))


def test_two_nodes_of_192_cpus_come_up(lab: Cluster) -> None:
    shown = lab.run("sinfo", "--noheader", "--Node", "--format=%N %c %t").stdout
    assert shown.split("\n") == ["n1 192 idle", "n2 192 idle", ""]


def test_a_step_runs_on_both_nodes(lab: Cluster) -> None:
    assert sorted(lab.run("srun", "-N2", "hostname").stdout.split()) == ["n1", "n2"]


def test_a_node_takes_192_tasks_and_no_more(lab: Cluster) -> None:
    assert lab.run("srun", "-N1", "-n192", "echo", "x").stdout.split() == ["x"] * 192
    refused = lab.run("srun", "-N1", "-n193", "true", check=False)
    assert "Requested node configuration is not available" in refused.stderr


def test_mpi_ranks_on_two_nodes_reduce_a_sum(lab: Cluster, tmp_path: Path) -> None:
    if shutil.which("mpicc") is None:
        skip("Open MPI (mpicc)")
    (tmp_path / "sum.c").write_text(ALLREDUCE)
    lab.run("mpicc", "-o", tmp_path / "sum", tmp_path / "sum.c")
    done = lab.run("srun", "--mpi=pmix", "-N2", "-n4", "--ntasks-per-node=2", tmp_path / "sum")
    assert Counter(done.stdout.splitlines()) == {"n1 10": 2, "n2 10": 2}


def test_the_largest_array_is_as_set(tmp_path: Path) -> None:
    with Cluster.start(tmp_path, nodes=1, max_array_size=5) as cluster:
        job = submit(cluster, "exit $SLURM_ARRAY_TASK_ID", "--array=0-4")
        cluster.wait_for({f"{job}_0": "COMPLETED", f"{job}_4": "FAILED"})
        assert cluster.states(job) == {"COMPLETED", "FAILED"}
        with pytest.raises(RuntimeError, match="Invalid job array specification"):
            submit(cluster, "true", "--array=0-5")


def test_private_directories_are_private_and_small_ones_fill_up(tmp_path: Path) -> None:
    private, small = tmp_path / "private", tmp_path / "small"
    directory = tmp_path / "lab"
    directory.mkdir()
    with Cluster.start(directory, private=private, small=small) as cluster:
        for place in (private, Path("/dev/shm")):  # noqa: S108 -- each node has its own
            cluster.run("srun", "-N2", "sh", "-c", f"hostname >{place}/name-of-this-lab")
            each = cluster.run("srun", "-N2", "--label", "cat", place / "name-of-this-lab").stdout
            assert sorted(each.splitlines()) == ["0: n1", "1: n2"]
            assert not (place / "name-of-this-lab").exists()
        cluster.run("srun", "-w", "n1", "sh", "-c", f"head -c 900k /dev/zero >{small}/one")
        full = cluster.run("srun", "-w", "n1", "sh", "-c", f"yes >{small}/two", check=False)
        assert "No space left on device" in full.stderr
        cluster.run("srun", "-w", "n2", "sh", "-c", f"head -c 900k /dev/zero >{small}/one")


def test_what_would_hide_the_cluster_cannot_be_private(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="would hide"):
        Cluster.start(tmp_path, private=tmp_path.parent)


def test_a_killed_node_fails_its_job_and_comes_back(tmp_path: Path) -> None:
    with Cluster.start(tmp_path) as cluster:
        on = {name: submit(cluster, "sleep 300", f"--nodelist={name}", "--no-requeue")
              for name in cluster.names}  # fmt: skip
        cluster.wait_for({on["n1"]: "RUNNING", on["n2"]: "RUNNING"})
        cluster.kill_node("n2")
        cluster.wait_for({on["n2"]: "NODE_FAIL", "n2": "DOWN"}, seconds=90)
        assert cluster.states(on["n1"]) == {"RUNNING"}
        cluster.start_node("n2")
        cluster.wait_for({"n2": "IDLE"})
        assert cluster.run("srun", "--nodelist=n2", "hostname").stdout == "n2\n"


def test_a_job_outlives_its_controller(tmp_path: Path) -> None:
    with Cluster.start(tmp_path, nodes=1) as cluster:
        job = submit(cluster, "until [ -e go ]; do sleep 0.1; done; echo went on")
        cluster.wait_for({job: "RUNNING"})
        cluster.save()
        cluster.kill_controller()
        with pytest.raises(subprocess.TimeoutExpired):
            cluster.run("squeue", seconds=1)
        cluster.start_controller()
        assert cluster.states(job) == {"RUNNING"}
        (tmp_path / "go").touch()
        cluster.wait_for({job: "COMPLETED"})
        assert (tmp_path / "job.out").read_text() == "went on\n"
        assert f"JobId={job} " in (tmp_path / "jobcomp.txt").read_text()


def test_a_job_beyond_its_memory_is_killed_whatever_other_clusters_do(tmp_path: Path) -> None:
    if lacking := missing_for_memory_limits():
        skip(lacking)
    eat = "head -c 300m /dev/zero | tail -c 300m | wc -c"
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with Cluster.start(tmp_path / "one", nodes=1, memory_limits=True) as cluster:
        with Cluster.start(tmp_path / "other", nodes=1, memory_limits=True) as other:
            left = submit(other, "sleep 300")
            other.wait_for({left: "RUNNING"})
            wait_until(lambda: bool(cgroups_of(left)), "the cgroups of a running job", 20)
            jobs = [submit(cluster, eat, f"--mem={mem}") for mem in (50, 500)]
            cluster.wait_for({jobs[0]: "OUT_OF_MEMORY", jobs[1]: "COMPLETED"})
            assert other.states(left) == {"RUNNING"}
        assert cgroups_of(left) == []
        again = submit(cluster, eat, "--mem=50")
        cluster.wait_for({again: "OUT_OF_MEMORY"})


def test_nothing_is_left_of_a_stopped_cluster(tmp_path: Path) -> None:
    seconds = f"9{os.getpid()}"
    with Cluster.start(tmp_path) as cluster:
        submit(cluster, f"setsid env -i sleep {seconds} & sleep {seconds}")
        stepping = subprocess.Popen(
            ["srun", "--nodelist=n2", "sleep", seconds], env=os.environ | cluster.environment
        )
        wait_until(lambda: len(sleepers(seconds)) == 3, "three sleepers", 20)
    assert stepping.wait(1) == -signal.SIGKILL
    assert sleepers(seconds) == []
    assert processes_of(tmp_path) == []


def test_nothing_is_left_of_a_cluster_that_does_not_come_up(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"slurmctld ended: .*fatal: "):
        Cluster.start(tmp_path, cpus=-1)
    assert processes_of(tmp_path) == []


def test_nothing_is_left_after_an_exception(tmp_path: Path) -> None:
    def fail() -> None:
        with Cluster.start(tmp_path, nodes=1):
            assert len(processes_of(tmp_path)) >= 3
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert processes_of(tmp_path) == []
