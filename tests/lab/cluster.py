"""A real Slurm cluster of pretended nodes on one machine; README.md says what is real about it."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Any, Self

from .machine import (
    SEARCH,
    answers,
    free_ports,
    missing,
    missing_for_memory_limits,
    remove_cgroups,
    wait_until,
)
from .processes import Namespaces, end_all

HERE = Path(__file__).parent
UP = {"idle", "mix", "alloc", "comp"}
JOBS_A_PORT = 1000
LONGEST_DIRECTORY = 70
"""Characters: Slurm's sockets lie in the directory, and a socket's path has 107 at most."""


@dataclass
class Cluster:
    """A cluster; made by `Cluster.start`, gone after `stop` or at the end of its `with`."""

    directory: Path
    """Its configuration, logs, state and spool; every node sees it."""

    nodes: int = 2
    """How many; they are called n1, n2, …"""

    cpus: int = 192
    """CPUs that a node says it has."""

    memory_mb: int = 400_000
    """Memory that a node says it has, MiB."""

    port: int | None = None
    """Port of the controller, the nodes' follow; absent for free ones."""

    memory_limits: bool = False
    """Jobs are held to the memory they asked for: OUT_OF_MEMORY is real. Needs cgroup v1."""

    max_array_size: int = 1001
    """Slurm's MaxArraySize: one more than the highest array index."""

    private: Path | None = None
    """A directory that each node has to itself, empty at first, as a node's own /tmp."""

    small: Path | None = None
    """A directory on a file system of 1 MiB, each node its own, empty at first."""

    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, repr=False)
    _namespaces: Namespaces = field(default_factory=Namespaces, repr=False)

    @classmethod
    def start(cls, directory: Path, **settings: Any) -> Self:
        """Start a cluster in `directory`; `settings` are the attributes of the class.

        Raises:
            RuntimeError: a daemon ended at once; the message has the end of its log.
            TimeoutError: something did not come up.
            ValueError: a setting cannot be.
        """
        cluster = cls(directory.resolve(), **settings)
        cluster._check()
        try:
            cluster._come_up()
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def names(self) -> list[str]:
        """The nodes' names."""
        return [f"n{number}" for number in range(1, self.nodes + 1)]

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment so that Slurm's commands find this cluster."""
        return {"SLURM_CONF": str(self.directory / "slurm.conf"), "PATH": SEARCH}

    def run(
        self, *command: str | Path, check: bool = True, seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Slurm, or any other, with this cluster.

        Raises:
            RuntimeError: it failed and `check` is set.
            subprocess.TimeoutExpired: it took longer than `seconds`, and was killed.
        """
        done = subprocess.run(
            command, env=os.environ | self.environment, cwd=self.directory, text=True, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{command}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def states(self, name: str) -> set[str]:
        """The states of a node (`n2`), a job (`17`, an array's tasks included) or task (`17_3`)."""
        kind, key = ("node", "State=") if name in self.names else ("job", "JobState=")
        shown = self.run("scontrol", "--oneliner", "show", kind, name).stdout.split()
        # A node's state carries flags: IDLE+DRAIN, DOWN*+NOT_RESPONDING.
        found = [word.removeprefix(key) for word in shown if word.startswith(key)]
        return {state.split("+")[0].rstrip("*") for state in found}

    def wait_for(self, states: Mapping[str, str], seconds: float = 60) -> None:
        """Wait until every job and node named is in its state: `{"17": "RUNNING", "n2": "DOWN"}`.

        A job that was in a state for a moment only may be missed.

        Raises:
            TimeoutError: not within `seconds`; the message has the states.
        """
        seen: dict[str, set[str]] = {}

        def all_there() -> bool:
            seen.update({name: self.states(name) for name in states})
            return all(seen[name] == {state} for name, state in states.items())

        try:
            wait_until(all_there, "", seconds)
        except TimeoutError:
            raise TimeoutError(f"wanted {dict(states)}, after {seconds:g} s: {seen}") from None

    def seen_from(self, name: str, path: Path) -> Path:
        """An absolute path as node `name` sees it, for somebody who is not on that node."""
        return Path(f"/proc/{self._daemons[name].pid}/root{path}")

    def holds_jobs(self) -> bool:
        """Whether a process is left by which a node's daemon holds a job."""
        return bool(self._namespaces.named("slurmstepd"))

    def kill_controller(self) -> None:
        """Kill slurmctld with SIGKILL; nodes and running jobs go on."""
        self._kill("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld, which takes up the state it saved, and wait until it answers."""
        self._spawn("slurmctld", "slurmctld", "-D", "-i")

        def up() -> bool:
            return self.run("scontrol", "ping", check=False).returncode == 0

        self._wait("slurmctld", up)

    def save(self) -> None:
        """Have slurmctld save what it knows: killed before, it may think a started job pending."""
        saved = self.directory / "state" / "job_state"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        self.run("scontrol", "reconfigure")
        wait_until(
            lambda: saved.exists() and saved.stat().st_mtime_ns != before, "a saved state", 30
        )

    def kill_node(self, name: str) -> None:
        """Kill a node's slurmd with SIGKILL; what runs on the node goes on, unseen by Slurm."""
        self._kill(name)

    def start_node(self, name: str) -> None:
        """Start a node's slurmd and wait until the node is up.

        A node that was killed has new, empty private directories then.
        """
        self._spawn_node(name)
        self._wait_for_node(name)

    def stop(self) -> None:
        """End the cluster and everything that runs in it; a second time does nothing.

        Raises:
            TimeoutError: a process survives SIGKILL.
        """
        for name in list(self._daemons):
            self._kill(name)
        end_all(f"SLURM_CONF={self.environment['SLURM_CONF']}", self._namespaces)
        self._namespaces.close()
        if self.memory_limits:
            first = self._first_job
            remove_cgroups(self.names, range(first, first + JOBS_A_PORT))

    @property
    def _first_job(self) -> int:
        """The first job's ID: clusters that share cgroups, named by node and job, must differ."""
        return (self.port or 0) * JOBS_A_PORT if self.memory_limits else 1

    def _check(self) -> None:
        if lacking := missing() or (self.memory_limits and missing_for_memory_limits()):
            raise RuntimeError(f"no cluster can be started here, there is no {lacking}")
        if len(str(self.directory)) > LONGEST_DIRECTORY:
            raise ValueError(f"{self.directory}: longer than {LONGEST_DIRECTORY} characters")
        for path in (self.private, self.small):
            if path and (not path.is_absolute() or self.directory.is_relative_to(path.resolve())):
                raise ValueError(f"{path}: not absolute, or it would hide the cluster's directory")

    def _come_up(self) -> None:
        self._configure()
        munge = self.directory / "munge"
        self._spawn(
            "munged", "munged", "--foreground", "--force", "--num-threads=2",
            f"--key-file={self.directory / 'etc' / 'munge.key'}",
            f"--socket={munge / 'munge.socket'}", f"--pid-file={munge / 'munged.pid'}",
            f"--log-file={munge / 'munged.log'}", f"--seed-file={munge / 'munged.seed'}",
        )  # fmt: skip
        self._wait("munged", (munge / "munge.socket").exists)
        for name in self.names:  # they keep trying until the controller is there
            self._spawn_node(name)
        self.start_controller()
        for name in self.names:
            self._wait_for_node(name)

    def _configure(self) -> None:
        """Write the configuration and the key, and make the directories."""
        self.port = self.port or free_ports(self.nodes + 1)
        for name in ("log", "pid", "munge", *(f"tmp/{name}" for name in self.names)):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        for name in ("state", "spool", "etc"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        key = self.directory / "etc" / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        shutil.copy(HERE / "cgroup.conf", self.directory)
        host = socket.gethostname().split(".")[0]
        lines = [
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={self.port + number}"
            for number, name in enumerate(self.names, 1)
        ]
        text = Template((HERE / "slurm.conf.template").read_text(encoding="utf-8")).substitute(
            host=host, port=self.port, directory=self.directory, node_lines="\n".join(lines),
            cpus=self.cpus, memory_mb=self.memory_mb, max_array_size=self.max_array_size,
            first_job=self._first_job,
            track="proctrack/cgroup" if self.memory_limits else "proctrack/linuxproc",
            task="task/cgroup" if self.memory_limits else "task/none",
            gather="jobacct_gather/cgroup" if self.memory_limits else "jobacct_gather/none",
        )  # fmt: skip
        (self.directory / "slurm.conf").write_text(text, encoding="utf-8")

    def _spawn(self, name: str, *command: str | Path) -> None:
        """Start a daemon in a session of its own, so that a Ctrl-C in the tests leaves it alone."""
        if name in self._daemons:
            raise RuntimeError(f"{name} is running already")
        with (self.directory / "log" / f"{name}.out").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                command, env=os.environ | self.environment, cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _spawn_node(self, name: str) -> None:
        places = [str(path or "") for path in (self.private, self.small)]
        self._spawn(name, "unshare", "--mount", "--uts", HERE / "node.sh", name, *places)
        self._namespaces.keep(self._daemons[name].pid)

    def _wait(self, name: str, true: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for `true()`, which daemon `name` has to bring about."""

        def true_or_dead() -> bool:
            return self._daemons[name].poll() is not None or true()

        wait_until(true_or_dead, f"{name} is up (logs: {self.directory / 'log'})", seconds)
        if self._daemons[name].returncode is not None:
            log = self.directory / "log" / f"{name}.out"
            last = log.read_text(encoding="utf-8").splitlines()[-2:]
            raise RuntimeError(f"{name} ended: {'; '.join(last)} (logs: {log.parent})")

    def _wait_for_node(self, name: str) -> None:
        port = (self.port or 0) + self.names.index(name) + 1

        def up() -> bool:
            # A slurmd that was away for a moment was never missed: so ask it, too.
            line = ("sinfo", "--noheader", "--Node", f"--nodes={name}", "--format=%t")
            return answers(port) and self.run(*line).stdout.strip() in UP

        self._wait(name, up)

    def _kill(self, name: str) -> None:
        daemon = self._daemons.pop(name)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
