"""Talking to Slurm through its own clients, which may fail to answer."""

import getpass
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import UserError
from repro.launch.slurm_cluster import (
    SINFO_FORMAT,
    ClusterLimits,
    Partition,
    read_limits,
    read_partitions,
)
from repro.launch.slurm_text import (
    ENDED,
    SACCT_FORMAT,
    SEPARATOR,
    SQUEUE_FORMAT,
    Task,
    jobcomp_tasks,
    sacct_tasks,
    squeue_tasks,
)

__all__ = ["ClusterLimits", "Partition", "SlurmClient", "SlurmError", "SlurmSilent", "Task"]

_SSH = ("ssh", "-o", "BatchMode=yes")
_SSH_FAILED = 255
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
"""Variables by which users change the default output of the clients."""

_HISTORY = "now-30days"


class SlurmError(Exception):
    """Slurm refused; the message is its own, in one line."""


class SlurmSilent(Exception):  # noqa: N818 - no error: an answer may come
    """No answer: nothing is known, not even whether a request arrived. Wait and ask again."""


@dataclass
class SlurmClient:
    """One Slurm, reached through its clients here or on another host.

    Attributes:
        host: where the clients run, by ssh, which has to work without a password; empty: here.
    """

    host: str = ""
    _no_accounting: bool = False
    """sacct reported that there is no accounting: it is not asked again."""

    @classmethod
    def reached(cls, submit_via: str | None) -> "SlurmClient":
        """The Slurm of a site.

        Args:
            submit_via: `ssh:HOST`, where its clients run; anything else: they run here.
        """
        way, _, host = (submit_via or "").partition(":")
        return cls(host if way == "ssh" else "")

    def call(
        self, name: str, *arguments: str, seconds: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run one of Slurm's clients; times in what it prints are UTC.

        Args:
            name: the client, as on PATH.
            arguments: what it is given.
            seconds: how long it may take.

        Raises:
            UserError: it is not on PATH.
            SlurmError: Slurm refused.
            SlurmSilent: it did not answer in time, or could not reach Slurm.
        """
        try:
            answer = subprocess.run(
                self._line(name, arguments), stdin=subprocess.DEVNULL, capture_output=True,
                text=True, encoding="utf-8", errors="replace", timeout=seconds, check=False,
                env=_environment(),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SlurmSilent(f"{self._named(name)}: no answer within {seconds:g} s") from error
        if answer.returncode == 0:
            return answer
        problem = _one_line(answer.stderr or answer.stdout) or f"exit code {answer.returncode}"
        silent = _SILENT.search(problem) or (self.host and answer.returncode == _SSH_FAILED)
        raise (SlurmSilent if silent else SlurmError)(f"{self._named(name)}: {problem}")

    def _named(self, name: str) -> str:
        return f"{name} on {self.host}" if self.host else name

    def _line(self, name: str, arguments: Sequence[str]) -> list[str]:
        """The command, here or by ssh.

        Raises:
            UserError: the client, or ssh, is not on PATH.
        """
        path = shutil.which(_SSH[0] if self.host else name)
        if path is None and self.host:
            raise UserError(f"{_SSH[0]}: not on PATH, but --submit-via ssh:{self.host} needs it")
        if path is None:
            raise UserError(
                f"{name}: not on PATH; run this where Slurm's clients are (a login node; in an "
                "image after `host-env`), or add --submit-via ssh:HOST"
            )
        if not self.host:
            return [path, *arguments]
        settings = [f"{key}={value}" for key, value in _SETTINGS.items()]
        return [path, *_SSH[1:], "--", self.host, shlex.join(["env", *settings, name, *arguments])]

    def submit(self, script: Path, *options: str) -> int:
        """Submit a batch script; returns the job's number.

        Raises:
            SlurmError: Slurm refuses it.
            SlurmSilent: it may or may not have been accepted; `named` finds out.
        """
        answer = self.call("sbatch", "--parsable", *options, str(script))
        numbers = re.findall(r"^(\d+)(?:;\S*)?$", answer.stdout, re.MULTILINE)
        if not numbers:
            raise SlurmSilent(f"sbatch: no job number in {_one_line(answer.stdout)!r}")
        return int(numbers[-1])

    def test_only(self, script: Path) -> str:
        """What Slurm would do with a script, in one line; nothing is submitted.

        Raises:
            SlurmError: it would refuse it.
        """
        answer = self.call("sbatch", "--test-only", str(script))
        return _one_line(answer.stderr or answer.stdout)

    def tasks(self, jobs: Sequence[int], jobcomp: Path | None = None) -> list[Task]:
        """What is known of these jobs' tasks, in at most two calls.

        The controller is asked first. What it has forgotten, of an array possibly some tasks only,
        is looked up in the accounting, or if there is none in jobcomp/filetxt's file. What neither
        knows is absent: purged, or lost by the controller.

        Raises:
            SlurmSilent: no answer; nothing is known.
        """
        if not jobs:
            return []
        asked = ("-j", ",".join(map(str, sorted(set(jobs)))))
        queued, recorded = self._squeue(*asked), self._sacct(*asked)
        if recorded is None:
            past = jobcomp_tasks(jobcomp) if jobcomp else []
            recorded = [task for task in past if task.job in set(jobs)]
        return _with_past(queued, recorded)

    def named(self, prefix: str) -> list[Task]:
        """All tasks of this user's jobs of the last month whose name begins with `prefix`.

        Raises:
            SlurmSilent: no answer; nothing is known.
        """
        user = ("-u", str(os.getuid()))
        queued, recorded = self._squeue(*user), self._sacct(*user, "-S", _HISTORY) or []
        found = _with_past(queued, recorded)
        return [task for task in found if task.name.startswith(prefix)]

    def _squeue(self, *which: str) -> list[Task]:
        """Tasks that the controller knows, including those that ended a short while ago.

        Without -r: 22.05's leaves out the last task of what is pending as `2-1000:2`.
        """
        try:
            answer = self.call("squeue", "-h", "-a", "-t", "all", "-O", SQUEUE_FORMAT, *which)
        except SlurmError as error:
            if _GONE in str(error):
                return []
            raise
        try:
            return squeue_tasks(answer.stdout)
        except ValueError as error:
            raise SlurmError(f"squeue: answer not understood: {error}") from error

    def _sacct(self, *which: str) -> list[Task] | None:
        """Tasks in the accounting; None if there is none here."""
        if self._no_accounting:
            return None
        layout = (f"--delimiter={SEPARATOR}", f"--format={SACCT_FORMAT}")
        try:
            answer = self.call("sacct", "-n", "-P", "-X", "-D", *layout, *which)
            return sacct_tasks(answer.stdout)
        except SlurmError as error:
            if not _NO_ACCOUNTING.search(str(error)):
                raise
            self._no_accounting = True
            return None
        except ValueError as error:
            raise SlurmError(f"sacct: answer not understood: {error}") from error

    def cancel(
        self, job: int, indices: Sequence[int] | None = None, *, name: str | None = None
    ) -> None:
        """Cancel a job, or some tasks of an array; that it has ended already is no error.

        Args:
            job: its number.
            indices: the tasks; None: all.
            name: the job's name: if the number is another job's now, that job is not cancelled.
                (scancel's own --name would cancel all tasks of a pending array, not some.)

        Raises:
            SlurmError: Slurm refuses, as for another user's job.
            SlurmSilent: the request may or may not have arrived.
        """
        if indices is not None and not indices:
            return
        if name and any(task.name != name for task in self._squeue("-j", str(job))):
            return
        which = f"{job}_[{','.join(map(str, indices))}]" if indices else str(job)
        try:
            self.call("scancel", which)
        except SlurmError as error:
            if not _OVER.search(str(error)):
                raise

    def partitions(self) -> list[Partition]:
        """Partitions that the user may see, with what the least of their nodes has."""
        return read_partitions(self.call("sinfo", "-h", "-o", SINFO_FORMAT).stdout)

    def limits(self) -> ClusterLimits:
        """What `scontrol show config` says of the cluster."""
        return read_limits(self.call("scontrol", "show", "config").stdout)

    def accounts(self) -> list[str]:
        """Accounts that the user may charge; none where Slurm has none, or does not list them."""
        who = ("where", f"user={getpass.getuser()}", "format=account")
        try:
            answer = self.call("sacctmgr", "-n", "-P", "show", "associations", *who)
        except (SlurmError, SlurmSilent):
            return []
        return sorted(set(answer.stdout.split()))

    def mpi_types(self) -> list[str]:
        """The values that `srun --mpi=` accepts here."""
        answer = self.call("srun", "--mpi=list")
        found = []
        for line in (answer.stdout + answer.stderr).splitlines():
            said = line.removeprefix("srun: ").strip()
            if said and not said.endswith(("...", "are:")):  # the heading
                found += re.split(r"[,\s]+", said.rpartition(": ")[2].strip())
        return list(dict.fromkeys(found))


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS_OF_CLIENTS)}
    return kept | _SETTINGS


def _one_line(text: str) -> str:
    lines = [re.sub(r"^\w+: ((error|fatal): )?", "", line.strip()) for line in text.splitlines()]
    return "; ".join(line for line in lines if line)


def _with_past(queued: list[Task], recorded: list[Task]) -> list[Task]:
    """What the controller knows, and the records of tasks that it has forgotten.

    The controller was asked first. So a task that lives in the records only does not exist: the
    controller lost it, and the records were not told.
    """
    known = {task.key for task in queued}
    past = (task for task in recorded if task.state in ENDED and task.key not in known)
    return [*queued, *past]
