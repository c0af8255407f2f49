"""Asking Slurm through its own clients, none of which is trusted to answer."""

import getpass
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from repro.errors import UserError
from repro.launch.slurm_text import (
    ENDED,
    SACCT_FORMAT,
    SEPARATOR,
    SQUEUE_FORMAT,
    Task,
    jobcomp_tasks,
    sacct_tasks,
    seconds,
    squeue_tasks,
)

__all__ = [
    "SlurmError", "SlurmSilent", "Task", "accounts", "call", "cancel", "limits", "mpi_types",
    "named", "partitions", "reach", "submit", "tasks", "test_only",
]  # fmt: skip

_SSH = ("ssh", "-o", "BatchMode=yes")
_SSH_FAILED = 255
_host = ""
"""Where the clients run, if not here."""

_SILENT = re.compile(
    r"unable to contact slurm|socket timed out|connection (refused|reset|timed out)"
    r"|communication connection failure|zero bytes were transmitted|message receive failure"
    r"|in standby mode|problem talking to the database|unable to connect to database",
    re.IGNORECASE,
)
_GONE = "Invalid job id specified"
_OVER = re.compile(f"{_GONE}|already completing or completed", re.IGNORECASE)
_NO_ACCOUNTING = re.compile(r"accounting.storage( is disabled| plugin)", re.IGNORECASE)
_SETTINGS = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "SLURM_TIME_FORMAT": "standard",
    "SLURM_BITSTR_LEN": "0",  # task numbers of an array in full, whatever their length
}
_SETTINGS_OF_CLIENTS = ("SQUEUE_", "SACCT_", "SINFO_", "SCANCEL_", "SCONTROL_")
"""Variables by which a user changes what these print by default."""

_HISTORY = "now-30days"
_refusing: set[tuple[str | None, ...]] = set()
"""Host, sacct and configuration that have said that there is no accounting: not asked again."""


class SlurmError(Exception):
    """The controller answered no; the message is its own, in one line."""


class SlurmSilent(Exception):  # noqa: N818 - no error: an answer may come
    """No answer: nothing is known, not even whether a request was heard. Wait and ask again."""


def reach(submit_via: str | None) -> None:
    """Let the clients run on another host from now on, or here.

    Args:
        submit_via: `ssh:HOST`, where ssh has to work without a password; anything else: here.
    """
    global _host  # noqa: PLW0603 - one Slurm a process, and every function here asks it
    way, _, host = (submit_via or "").partition(":")
    _host = host if way == "ssh" else ""


def call(name: str, *arguments: str, seconds: float = 30) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's clients; times in what it prints are UTC.

    Args:
        name: the client, as on PATH.
        arguments: what it is given.
        seconds: how long it may take.

    Raises:
        UserError: it is not on PATH.
        SlurmError: it answered no.
        SlurmSilent: it did not answer in time, or could not reach Slurm.
    """
    try:
        answer = subprocess.run(
            _line(name, arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=seconds, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SlurmSilent(f"{_named(name)}: no answer within {seconds:g} s") from error
    if answer.returncode == 0:
        return answer
    problem = _one_line(answer.stderr or answer.stdout) or f"exit code {answer.returncode}"
    silent = _SILENT.search(problem) or (_host and answer.returncode == _SSH_FAILED)
    raise (SlurmSilent if silent else SlurmError)(f"{_named(name)}: {problem}")


def _named(name: str) -> str:
    return f"{name} on {_host}" if _host else name


def _line(name: str, arguments: Sequence[str]) -> list[str]:
    """The command, here or by ssh.

    Raises:
        UserError: what it begins with is not on PATH.
    """
    path = shutil.which(_SSH[0] if _host else name)
    if path is None and _host:
        raise UserError(f"{_SSH[0]}: not on PATH, but --submit-via ssh:{_host} needs it")
    if path is None:
        raise UserError(
            f"{name}: not on PATH; run this where Slurm's clients are (a login node; in an image "
            "after `host-env`), or say --submit-via ssh:HOST"
        )
    if not _host:
        return [path, *arguments]
    settings = [f"{key}={value}" for key, value in _SETTINGS.items()]
    return [path, *_SSH[1:], "--", _host, shlex.join(["env", *settings, name, *arguments])]


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS_OF_CLIENTS)}
    return kept | _SETTINGS


def _one_line(text: str) -> str:
    lines = [re.sub(r"^\w+: ((error|fatal): )?", "", line.strip()) for line in text.splitlines()]
    return "; ".join(line for line in lines if line)


def submit(script: Path, *options: str) -> int:
    """Submit a batch script; the number that Slurm gives the job.

    Raises:
        SlurmError: Slurm refuses it.
        SlurmSilent: it may or may not have been accepted; `named` finds out.
    """
    answer = call("sbatch", "--parsable", *options, str(script))
    numbers = re.findall(r"^(\d+)(?:;\S*)?$", answer.stdout, re.MULTILINE)
    if not numbers:
        raise SlurmSilent(f"sbatch: no job number in {_one_line(answer.stdout)!r}")
    return int(numbers[-1])


def test_only(script: Path) -> str:
    """What Slurm says it would do with a script, in one line; nothing is submitted.

    Raises:
        SlurmError: it would refuse it.
    """
    answer = call("sbatch", "--test-only", str(script))
    return _one_line(answer.stderr or answer.stdout)


test_only.__test__ = False  # type: ignore[attr-defined] # pytest takes it for a test


def tasks(jobs: Sequence[int], jobcomp: Path | None = None) -> list[Task]:
    """What is known now of these jobs' tasks, in at most two calls.

    The controller is asked first. What it has forgotten, of an array possibly some tasks only, is
    looked up in the accounting, or if there is none in jobcomp/filetxt's file. What neither knows
    is absent: purged, or lost by the controller.

    Raises:
        SlurmSilent: no answer; nothing is known.
    """
    if not jobs:
        return []
    asked = ("-j", ",".join(map(str, sorted(set(jobs)))))
    queued, recorded = _squeue(*asked), _sacct(*asked)
    if recorded is None:
        past = jobcomp_tasks(jobcomp) if jobcomp else []
        recorded = [task for task in past if task.job in set(jobs)]
    return _with_past(queued, recorded)


def named(prefix: str) -> list[Task]:
    """All tasks of this user's jobs, of the last month, whose name begins with `prefix`.

    Raises:
        SlurmSilent: no answer; nothing is known.
    """
    user = ("-u", str(os.getuid()))
    queued, recorded = _squeue(*user), _sacct(*user, "-S", _HISTORY) or []
    found = _with_past(queued, recorded)
    return [task for task in found if task.name.startswith(prefix)]


def _with_past(queued: list[Task], recorded: list[Task]) -> list[Task]:
    """What the controller knows, and what was recorded of tasks that it has forgotten.

    The controller was asked first. So a task that is in the records only, as one that lives, is
    none: the controller lost it, and nobody has told the records.
    """
    known = {task.key for task in queued}
    past = (task for task in recorded if task.state in ENDED and task.key not in known)
    return [*queued, *past]


def _squeue(*which: str) -> list[Task]:
    """Tasks that the controller knows, also those that have ended a short while ago.

    Without -r: 22.05's leaves out the last task of what is pending as `2-1000:2`.
    """
    try:
        answer = call("squeue", "-h", "-a", "-t", "all", "-O", SQUEUE_FORMAT, *which)
    except SlurmError as error:
        if _GONE in str(error):
            return []
        raise
    try:
        return squeue_tasks(answer.stdout)
    except ValueError as error:
        raise SlurmError(f"squeue: an answer that is not understood: {error}") from error


def _sacct(*which: str) -> list[Task] | None:
    """Tasks in the accounting; None if there is none here."""
    here = (_host, shutil.which("sacct"), os.environ.get("SLURM_CONF"))
    if here in _refusing:
        return None
    layout = (f"--delimiter={SEPARATOR}", f"--format={SACCT_FORMAT}")
    try:
        answer = call("sacct", "-n", "-P", "-X", "-D", *layout, *which)
        return sacct_tasks(answer.stdout)
    except SlurmError as error:
        if not _NO_ACCOUNTING.search(str(error)):
            raise
        _refusing.add(here)
        return None
    except ValueError as error:
        raise SlurmError(f"sacct: an answer that is not understood: {error}") from error


def cancel(job: int, indices: Sequence[int] | None = None, *, name: str | None = None) -> None:
    """Cancel a job, or some tasks of an array; what has ended already is no error.

    Args:
        job: its number.
        indices: the tasks; None: all.
        name: the job's name: if the number is another job's by now, that one lives on. (With
            scancel's own --name, some tasks of an array that is pending would mean all of them.)

    Raises:
        SlurmError: Slurm refuses, as for another user's job.
        SlurmSilent: it may or may not have been heard.
    """
    if indices is not None and not indices:
        return
    if name and any(task.name != name for task in _squeue("-j", str(job))):
        return
    which = f"{job}_[{','.join(map(str, indices))}]" if indices else str(job)
    try:
        call("scancel", which)
    except SlurmError as error:
        if not _OVER.search(str(error)):
            raise


def partitions() -> list[dict[str, Any]]:
    """Partitions that the user may see, with what the least of their nodes has.

    Each has `name`, `default`, `max_seconds` (None: unlimited), `nodes`, `cpus` (of a node),
    `threads` (of a core, each a CPU), `memory_mb` (of a node) and `state` (`up`, `down`, `drain` or
    `inact`).
    """
    layout = ("%R", "%P", "%l", "%D", "%c", "%Z", "%m", "%a")
    answer = call("sinfo", "-h", "-o", SEPARATOR.join(layout))
    rows = [line.split(SEPARATOR) for line in answer.stdout.split("\n") if line]
    return [
        {
            "name": name,
            "default": marked.endswith("*"),
            "max_seconds": seconds(limit),
            "nodes": int(nodes),
            "cpus": int(cpus.rstrip("+")),
            "threads": int(threads.rstrip("+")),
            "memory_mb": int(memory.rstrip("+")),
            "state": state,
        }
        for name, marked, limit, nodes, cpus, threads, memory, state in rows
    ]


def limits() -> dict[str, int | str]:
    """Slurm's `MaxArraySize`, `MaxJobCount`, `SLURM_VERSION` and `ClusterName`."""
    wanted = ("MaxArraySize", "MaxJobCount", "SLURM_VERSION", "ClusterName")
    text = call("scontrol", "show", "config").stdout
    said = dict(re.findall(r"^(\w+)\s*= *(.*?)\s*$", text, re.MULTILINE))
    return {key: int(said[key]) if key.startswith("Max") else said[key] for key in wanted}


def accounts() -> list[str]:
    """Accounts that the user may charge; none where Slurm keeps no accounts, or does not say."""
    who = ("where", f"user={getpass.getuser()}", "format=account")
    try:
        answer = call("sacctmgr", "-n", "-P", "show", "associations", *who)
    except (SlurmError, SlurmSilent):
        return []
    return sorted(set(answer.stdout.split()))


def mpi_types() -> list[str]:
    """What `srun --mpi=` takes here."""
    answer = call("srun", "--mpi=list")
    found = []
    for line in (answer.stdout + answer.stderr).splitlines():
        said = line.removeprefix("srun: ").strip()
        if said and not said.endswith(("...", "are:")):  # the heading
            found += re.split(r"[,\s]+", said.rpartition(": ")[2].strip())
    return list(dict.fromkeys(found))
