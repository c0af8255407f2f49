"""Slurm's answers, recorded from a real 22.05.8, are read right; silence is not taken for a no.

slurm_output/ has what a cluster of two pretended nodes printed, with accounting, about one job of
each fate. Scripted clients stand for a Slurm that is slow, down or unwilling.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from repro.errors import UserError
from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent, Task
from repro.launch.slurm_cluster import ClusterLimits, Partition
from repro.launch.slurm_text import (
    SEPARATOR,
    expand,
    jobcomp_tasks,
    sacct_tasks,
    seconds,
    squeue_tasks,
)

OUTPUT = Path(__file__).parent / "slurm_output"
Client = Callable[[str, str], Path]


def recorded(name: str) -> str:
    return (OUTPUT / name).read_text(encoding="utf-8")


def by_name(tasks: list[Task]) -> dict[str, Task]:
    """The last task of each name."""
    return {task.name: task for task in tasks}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Put a client that runs a shell script first on PATH; what it was given is in NAME.called."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(name: str, script: str) -> Path:
        path, called = tmp_path / name, tmp_path / f"{name}.called"
        path.write_text(f'#!/bin/sh\necho "$@" >>{called}\n{script}\n', encoding="utf-8")
        path.chmod(0o755)
        return called

    return make


def says(name: str, status: int = 0) -> str:
    stream = ">&2" if ".stderr." in name else ""
    return f"cat '{OUTPUT / name}' {stream}; exit {status}"


FATES = {
    'failed, a|name  with "all"': ("FAILED", 7, 0),
    "completed": ("COMPLETED", 0, 0),
    "segfault": ("FAILED", 0, 11),
    "timeout": ("TIMEOUT", 0, 15),
    "node-fail": ("NODE_FAIL", 0, 0),
    "cancelled": ("CANCELLED", 0, 15),
    "array-cancelled-pending": ("CANCELLED", 0, 0),
    "requeued": ("RUNNING", None, None),
    "array-pending": ("PENDING", None, None),
    "a-name-of-more-than-twenty-characters": ("PENDING", None, None),
}


@pytest.mark.parametrize(("name", "fate"), FATES.items())
def test_each_fate_as_squeue_tells_it(name: str, fate: tuple[str, int | None, int | None]) -> None:
    task = by_name(squeue_tasks(recorded("squeue.txt")))[name]
    assert (task.state, task.exit_code, task.signal) == fate


def test_out_of_memory() -> None:
    (task,) = squeue_tasks(recorded("squeue_out_of_memory.txt"))
    assert (task.state, task.exit_code, task.signal) == ("OUT_OF_MEMORY", 0, 125)


def test_every_word_about_a_task_that_ended() -> None:
    assert by_name(squeue_tasks(recorded("squeue.txt")))["timeout"] == Task(
        job=4, index=0, name="timeout", state="TIMEOUT", reason="TimeLimit", exit_code=0, signal=15,
        node_list="n1", elapsed_s=30, limit_s=60, submitted="2026-11-24T00:11:19Z",
        started="2026-11-24T00:11:20Z", ended="2026-11-24T00:11:50Z", restarts=0, source="squeue",
    )  # fmt: skip


def test_a_forecast_is_neither_start_nor_end() -> None:
    tasks = by_name(squeue_tasks(recorded("squeue.txt")))
    assert (tasks["array-pending"].started, tasks["array-pending"].ended) == (None, None)
    assert tasks["requeued"].started == "2026-11-24T00:12:37Z"
    assert tasks["requeued"].ended is None
    assert tasks["array-cancelled-pending"].started is None


def test_tasks_of_arrays_come_one_by_one_from_squeue_and_from_sacct() -> None:
    for tasks in (squeue_tasks(recorded("squeue.txt")), sacct_tasks(recorded("sacct.txt"))):
        found = {(task.job, task.index): task.state for task in tasks}
        assert [found[8, i] for i in (1, 2)] == ["RUNNING"] * 2
        assert [found[8, i] for i in (3, 4, 5, 6)] == ["PENDING"] * 4
        assert [index for job, index in found if job == 9] == [3, 5, 7, 9, 12]
        assert [index for job, index in found if job == 10] == [1, 2, 3, 4]
        assert len(tasks) == len(found) == 26


def test_sacct_agrees_with_squeue() -> None:
    names = {"cancelled", "node-fail", "requeued", "segfault", "completed"}
    there, here = (
        by_name(squeue_tasks(recorded("squeue.txt"))),
        by_name(sacct_tasks(recorded("sacct.txt"))),
    )
    for name in names:
        same = replace(here[name], source="squeue", reason=there[name].reason)
        # the accounting has no signal of what Slurm itself ended
        signal = 0 if name == "cancelled" else there[name].signal
        assert same == replace(there[name], signal=signal)
    assert here["requeued"].restarts == 1


def test_jobcomp_tells_what_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    tasks = jobcomp_tasks(OUTPUT / "jobcomp.txt")
    found = by_name(tasks)
    assert found['failed, a|name  with "all"'].exit_code == 7
    assert found["segfault"].signal == 11
    assert [found[n].state for n in ("timeout", "node-fail", "cancelled")] == [
        "TIMEOUT", "NODE_FAIL", "CANCELLED",
    ]  # fmt: skip
    assert found["timeout"].elapsed_s == 30
    assert sorted(t.index for t in tasks if t.job == 11) == [1, 2, 3]
    assert jobcomp_tasks(OUTPUT / "no-such-file") == []


def test_task_numbers_and_durations() -> None:
    assert expand("[1-7:2,9%4]") == [1, 3, 5, 7, 9]
    assert expand("N/A") == [0]
    assert [seconds(t) for t in ("1-02:03:04", "2:03", "1:00:00", "UNLIMITED", "INVALID")] == [
        93784, 123, 3600, None, None,
    ]  # fmt: skip


def test_ten_thousand_tasks() -> None:
    line = recorded("squeue.txt").splitlines()[0].split(SEPARATOR)
    lines = (SEPARATOR.join([line[0], str(i), *line[2:]]) for i in range(10_000))
    assert [task.index for task in squeue_tasks("\n".join(lines))] == list(range(10_000))


def test_a_newline_in_a_name_hides_nothing() -> None:
    text = recorded("squeue_out_of_memory.txt")
    tasks = squeue_tasks(text.replace("oom", "two\nlines") + text)
    assert [task.state for task in tasks] == ["OUT_OF_MEMORY"] * 2


def test_what_the_controller_forgot_comes_from_the_accounting(client: Client) -> None:
    client("squeue", f"grep -v -e timeout -e node-fail -e array-at-work '{OUTPUT}/squeue.txt'")
    asked = client("sacct", says("sacct.txt"))
    tasks = SlurmClient().tasks([4, 5, 8])
    sources = {task.name: task.source for task in tasks}
    assert (sources["timeout"], sources["node-fail"]) == ("sacct", "sacct")
    assert sources["completed"] == "squeue"
    assert "-j 4,5,8" in asked.read_text(encoding="utf-8")


def test_a_task_that_lives_in_the_accounting_only_was_lost(client: Client) -> None:
    client("squeue", f"grep -v array-at-work '{OUTPUT}/squeue.txt'")
    client("sacct", says("sacct.txt"))
    assert "array-at-work" not in {task.name for task in SlurmClient().tasks([8])}
    assert SlurmClient().named("array-at") == []


def test_accounting_that_is_not_there_is_asked_once(client: Client) -> None:
    client("squeue", says("squeue_unknown_job.stderr.txt", 1))
    asked = client("sacct", says("sacct_no_accounting.stderr.txt", 1))
    slurm = SlurmClient()
    assert slurm.tasks([4]) == []
    (task,) = slurm.tasks([4], OUTPUT / "jobcomp.txt")
    assert (task.name, task.source) == ("timeout", "jobcomp")
    assert len(asked.read_text(encoding="utf-8").splitlines()) == 1


def test_a_database_that_is_down_is_silence_not_absence(client: Client) -> None:
    client("squeue", says("squeue.txt"))
    client("sacct", says("sacct_no_database.stderr.txt", 1))
    with pytest.raises(SlurmSilent, match="Connection refused"):
        SlurmClient().tasks([4])


def test_jobs_by_name(client: Client) -> None:
    client("squeue", says("squeue.txt"))
    client("sacct", says("sacct.txt"))
    assert [t.index for t in SlurmClient().named("array-pend")] == [3, 5, 7, 9, 12]


def test_an_answer_of_another_form_is_an_error(client: Client) -> None:
    client("squeue", f"printf '1{SEPARATOR}2\\n'")
    with pytest.raises(SlurmError, match="not understood"):
        SlurmClient().tasks([1])


def test_no_answer_in_time(client: Client) -> None:
    client("sbatch", "exec sleep 20")
    with pytest.raises(SlurmSilent, match=r"no answer within 0\.2 s"):
        SlurmClient().call("sbatch", seconds=0.2)


@pytest.mark.parametrize("name", ["sbatch_no_controller", "squeue_no_controller"])
def test_a_controller_that_is_down(client: Client, name: str) -> None:
    client("sbatch", says(f"{name}.stderr.txt", 1))
    with pytest.raises(SlurmSilent, match="Unable to contact slurm controller"):
        SlurmClient().submit(Path("script"))


def test_a_refusal_is_one_line(client: Client) -> None:
    client("sbatch", says("sbatch_refused.stderr.txt", 1))
    with pytest.raises(SlurmError) as refusal:
        SlurmClient().submit(Path("script"))
    assert str(refusal.value) == (
        "sbatch: invalid partition specified: nosuch; "
        "Batch job submission failed: Invalid partition name specified"
    )


def test_no_client_on_path(client: Client) -> None:
    client("other", "")
    with pytest.raises(UserError, match="nosuchclient: not on PATH"):
        SlurmClient().call("nosuchclient")


@pytest.mark.parametrize("printed", ["4711", "4711;lab", "a banner\n4711;lab"])
def test_a_submission_has_its_number(client: Client, printed: str) -> None:
    called = client("sbatch", f"printf '{printed}\\n'; echo 'sbatch: Warning: 12 CPUs' >&2")
    assert SlurmClient().submit(Path("batch.sh"), "--hold") == 4711
    assert called.read_text(encoding="utf-8") == "--parsable --hold batch.sh\n"


def test_a_submission_without_a_number_may_have_been_accepted(client: Client) -> None:
    client("sbatch", "echo Thank you")
    with pytest.raises(SlurmSilent):
        SlurmClient().submit(Path("batch.sh"))


def test_settings_of_the_user_do_not_change_what_is_printed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUEUE_STATES", "RUNNING")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    client("squeue", 'echo "$SQUEUE_STATES/$TZ/$SLURM_TIME_FORMAT/$LC_ALL/$SLURM_BITSTR_LEN"')
    assert SlurmClient().call("squeue").stdout == "/UTC/standard/C/0\n"


def test_cancelling(client: Client) -> None:
    called = client("scancel", "echo 'scancel: error: Invalid job id specified' >&2; exit 1")
    client("squeue", says("squeue_out_of_memory.txt"))
    SlurmClient().cancel(1)
    SlurmClient().cancel(1, [3, 4], name="oom")
    SlurmClient().cancel(1, name="another")
    SlurmClient().cancel(1, [])
    assert called.read_text(encoding="utf-8") == "1\n1_[3,4]\n"


def test_what_the_cluster_has(client: Client) -> None:
    client("sinfo", says("sinfo.txt"))
    client("scontrol", says("scontrol_show_config.txt"))
    client("srun", says("srun_mpi_list.txt"))
    client("sacctmgr", says("sacctmgr.txt"))
    client("sbatch", says("sbatch_test_only.stderr.txt"))
    assert SlurmClient().partitions() == [
        Partition(
            name="main", default=True, max_seconds=None, nodes=2, cpus=192, threads=1,
            memory_mb=400_000, state="up",
        ),
    ]  # fmt: skip
    assert SlurmClient().limits() == ClusterLimits("lab", "22.05.8", max_array_size=10001)
    assert SlurmClient().mpi_types() == ["pmix", "none", "cray_shasta", "pmi2", "pmix_v4"]
    assert SlurmClient().accounts() == ["studies"]
    assert SlurmClient().test_only(Path("x")).startswith("Job 17 to start at")


def test_mpi_types_as_older_versions_print_them(client: Client) -> None:
    client("srun", "printf 'srun: MPI types are...\\nsrun: none\\nsrun: pmix_v3\\n' >&2")
    assert SlurmClient().mpi_types() == ["none", "pmix_v3"]


def test_no_accounts_without_accounting(client: Client) -> None:
    client("sacctmgr", says("sacct_no_accounting.stderr.txt", 1))
    assert SlurmClient().accounts() == []
