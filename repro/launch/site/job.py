"""The small job with which `repro doctor --site` checks nodes."""

import contextlib
import fcntl
import os
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from repro import ROOT
from repro.container.findings import Finding
from repro.container.image import PYTHON
from repro.files import writing
from repro.launch.batch import TEMPLATES, host_env_line, start_python
from repro.launch.command import Tools
from repro.launch.site.judge import bad
from repro.launch.site.node import BEAT, LOCK, NodeReport
from repro.launch.site.settings import Site, Slurm
from repro.launch.slurm_client import SlurmClient, SlurmError, Task
from repro.launch.slurm_outcome import ALIVE
from repro.records import parse_record

_LONGEST_SECONDS = 210
"""From a job's start: its limit is two minutes, which Slurm may enforce late."""

SCRIPT, OUTPUT, HELLO = "job.sh", "out", "repro.container.mpi_hello"
_BEAT_SECONDS, _LOOK_SECONDS, _LATE_SECONDS = 0.3, 2.0, 10.0


@dataclass(frozen=True)
class Visit:
    """What to check, and how."""

    site: Site
    slurm: Slurm
    run: Path
    """The run directory, which need not exist: its parent is the scratch."""

    patience: float
    """Seconds that the job may wait in the queue."""

    @property
    def nodes(self) -> int:
        """How many nodes report."""
        return min(2, self.site.nodes)

    @property
    def scratch(self) -> Path:
        """The run directory's parent, or what exists of it."""
        parents = self.run.absolute().parents
        return next(parent for parent in parents if parent.is_dir())


@contextlib.contextmanager
def mailbox() -> Iterator[Path]:
    """A directory for a job's output: not in the scratch, which may not be shared."""
    place = next((p for p in (ROOT, Path.home()) if os.access(p, os.W_OK)), Path.cwd())
    with _temporary(place, ".doctor-") as path:
        yield path


@contextlib.contextmanager
def _temporary(place: Path, prefix: str) -> Iterator[Path]:
    with writing(place):
        made = tempfile.TemporaryDirectory(dir=place, prefix=prefix, ignore_cleanup_errors=True)
    with made as name:
        yield Path(name)


@contextlib.contextmanager
def probe_in(scratch: Path) -> Iterator[Path]:
    """A directory in the scratch for nodes to find: with this node's time, and a lock it holds.

    Raises:
        UserError: the scratch cannot be written.
    """
    stop = threading.Event()
    with _temporary(scratch, ".repro-doctor-") as probe:
        with writing(probe):
            lock = (probe / LOCK).open("wb")
        beat = threading.Thread(target=_beat, args=(probe / BEAT, stop))
        with lock:
            with contextlib.suppress(OSError):  # the nodes will find no lock
                fcntl.flock(lock, fcntl.LOCK_EX)
            beat.start()
            try:
                yield probe
            finally:
                stop.set()
                beat.join()


def _beat(path: Path, stop: threading.Event) -> None:
    """Keep the time current, in place: over NFS a new file would be seen later."""
    while not stop.is_set():
        with contextlib.suppress(OSError):
            path.write_text(f"{time.time():.3f}", encoding="ascii")
        stop.wait(_BEAT_SECONDS)


def job_script(visit: Visit, tools: Tools | None, probe: Path, mailbox: Path) -> str:
    """The job's script: each node reports, then two MPI ranks say hello, in each possible way.

    Args:
        visit: what to check.
        tools: what cells would use; None: there is no Julia.
        probe: the directory that nodes look for.
        mailbox: where the job writes.
    """
    image = tools.image if tools else None
    julia = [*(image.line() if image else []), str(tools.julia.path)] if tools else []
    asked = [str(visit.scratch), str(probe), str(visit.nodes), *julia]
    python = start_python(image, visit.scratch)
    hellos = mpi_hellos(tools) if tools and tools.mpi else {}
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False, keep_trailing_newline=True,  # noqa: S701 - shell, not HTML
    )  # fmt: skip
    return environment.get_template("doctor.sh.j2").render(
        site=visit.site.name,
        slurm=visit.slurm,
        nodes=visit.nodes,
        name=_name(mailbox),
        output=mailbox / OUTPUT,
        check=f"{python} -m repro.launch.site.node {shlex.join(asked)}",
        host_env=shlex.quote(host_env_line(image)) if image and hellos else "",
        hellos=[f"{shlex.join(line)} {way}" for way, line in hellos.items()],
    )


def mpi_hellos(tools: Tools) -> dict[str, list[str]]:
    """The commands of two MPI ranks in each possible way, by the word that the ranks print.

    Args:
        tools: with an MPI.
    """
    assert tools.mpi  # noqa: S101 - see above
    library, image = tools.mpi.library, tools.image
    if image is None:
        outside = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", HELLO, str(library)]
        return {"mpi": outside}
    said = [PYTHON, "-I", "-m", HELLO, str(library)]
    return {
        "mpi-image": [*image.start(), *said],
        "mpi-host": [*image.start(host_mpi=library), *said],
    }


@dataclass
class Job:
    """The job on the nodes, and what it has reported."""

    visit: Visit
    slurm: SlurmClient
    mailbox: Path
    text: str = ""
    problems: list[Finding] = field(default_factory=list)

    @property
    def reports(self) -> list[NodeReport]:
        """What the nodes said.

        Raises:
            UserError: one of them said something else.
        """
        lines = [line.encode() for line in self.text.splitlines() if line.startswith("{")]
        said = [parse_record(NodeReport, line, self.mailbox / OUTPUT) for line in lines]
        return sorted(said, key=lambda report: report.host)

    def lines(self, word: str) -> list[list[str]]:
        """The lines that begin with a word, each split into words."""
        split = (line.split() for line in self.text.splitlines())
        return [words for words in split if words[:1] == [word]]

    def run(self) -> "Job":
        """Submit the job, follow it, and cancel what is left of it.

        Raises:
            SlurmSilent: Slurm does not answer.
        """
        try:
            number = self.slurm.submit(self.mailbox / SCRIPT)
        except SlurmError as error:
            self._problem(f"Slurm refuses it: {error}", "correct the site's file")
            return self
        try:
            self._follow(number)
        finally:
            self.slurm.cancel(number, name=_name(self.mailbox))
        self._note_silent_nodes()
        return self

    def _follow(self, number: int) -> None:
        """Read what it writes until its last line, its end, or a time limit."""
        asked = time.monotonic()
        started, looked, task = None, 0.0, None
        while not self.lines("end"):
            now = time.monotonic()
            if now - looked > _LOOK_SECONDS:
                looked, task = now, next(iter(self.slurm.tasks([number])), None)
                if task and task.started and started is None:
                    started = now
            self._read()
            if task and task.state not in ALIVE:
                self._after_its_end(task)
                return
            if started is None and now - asked > self.visit.patience:
                reason = f" ({task.state}: {task.reason})" if task else ""
                found = f"did not start within {self.visit.patience:g} s{reason}; cancelled"
                self._problem(found, "add --patience SECONDS, or choose another --partition")
                return
            if started is not None and now - started > _LONGEST_SECONDS:
                self._problem(
                    f"still running after {_LONGEST_SECONDS} s; cancelled", "repeat the command"
                )
                return
            time.sleep(0.2)

    def _read(self) -> None:
        path = self.mailbox / OUTPUT
        if path.exists():
            self.text = path.read_text(encoding="utf-8", errors="replace")

    def _after_its_end(self, task: Task) -> None:
        """It has ended without its last line, unless that is only late."""
        end = time.monotonic() + _LATE_SECONDS
        while not self.lines("end") and time.monotonic() < end:
            os.listdir(self.mailbox)  # makes NFS read the directory again
            self._read()
            time.sleep(0.2)
        if not self.lines("end"):
            where = f"{task.state} on {task.node_list or 'no node'}"
            heard = "broke off" if self.text else f"nothing that it wrote to {self.mailbox} arrived"
            mend = "put this checkout on a file system that the login node and all nodes share"
            self._problem(f"{where}: {heard}", mend)

    def _note_silent_nodes(self) -> None:
        """Report nodes that printed their name and nothing else."""
        silent = {words[1] for words in self.lines("node")} - {
            report.host for report in self.reports
        }
        if silent:
            noise = [
                line for line in self.text.splitlines() if "not found" in line or "rror" in line
            ]
            why = f" ({noise[0][:160]})" if noise else ""
            found = f"{', '.join(sorted(silent))}: this checkout or its Python does not work{why}"
            self._problem(found, "every node must see this checkout and its .venv")

    def _problem(self, found: str, mend: str) -> None:
        self.problems.append(bad("a job on the nodes", found, mend))


def _name(mailbox: Path) -> str:
    return f"repro{mailbox.name.replace('.', '-')}"
