"""Submissions to Slurm: written down before they are made, so that none is lost or made twice.

RUN/submissions/<id>/
  submission.json    the job's name, and the attempt that each of its tasks makes; written first
  batch.sh           the script that is submitted
  job.json           the job's number, once Slurm has given one
  <task>.out         what the batch script of a task prints

A job is identified by its name, which is unique: its number can be lost, and is used again.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.container.image import Image
from repro.files import write_atomic
from repro.launch.batch import Batch, batch_script
from repro.launch.site.settings import Site
from repro.measure.attempts import Attempt, attempts_of, cell_directory
from repro.records import read_record, write_record

SUBMISSIONS, ABOUT, SCRIPT, JOB = "submissions", "submission.json", "batch.sh", "job.json"


@dataclass(frozen=True)
class _Task:
    """The attempt that a task makes."""

    cell: str
    attempt: int


@dataclass(frozen=True)
class _About:
    """`submission.json`."""

    name: str
    tasks: tuple[_Task, ...]


@dataclass(frozen=True)
class _Job:
    """`job.json`."""

    job: int


@dataclass(frozen=True)
class Submission:
    """One array job, and its directory."""

    path: Path
    name: str
    attempts: tuple[Attempt, ...]
    """The attempts that tasks 1, 2, ... make."""

    @property
    def job(self) -> int | None:
        """The job's number; None if Slurm never gave one."""
        path = self.path / JOB
        return read_record(_Job, path).job if path.exists() else None

    def note_job(self, number: int) -> None:
        """Record the job's number."""
        write_record(self.path / JOB, _Job(number))


def prepare(
    run: Path, batch: Batch, site: Site, attempts: Sequence[Attempt], image: Image | None = None
) -> Submission:
    """Write down a submission before it is made.

    Args:
        run: the run directory.
        batch: the cells.
        site: where they run.
        attempts: the planned attempt of each cell, in the batch's order.
        image: the image that cells run in.
    """
    identity = secrets.token_hex(4)
    path = (run / SUBMISSIONS / identity).absolute()
    path.mkdir(parents=True)
    name = f"repro-{identity}"
    script = batch_script(batch, site, run.absolute(), name, path, image)
    write_atomic(path / SCRIPT, script)
    tasks = tuple(_Task(attempt.cell, attempt.number) for attempt in attempts)
    write_record(path / ABOUT, _About(name, tasks))
    return Submission(path, name, tuple(attempts))


def submissions(run: Path) -> Iterator[Submission]:
    """All submissions of a run that were written down completely, in no particular order."""
    for path in sorted((run / SUBMISSIONS).glob(f"*/{ABOUT}")):
        yield read_submission(run, path.parent)


def read_submission(run: Path, path: Path) -> Submission:
    """Read one submission.

    Raises:
        UserError: its file is missing or damaged.
    """
    about = read_record(_About, path / ABOUT)
    attempts = tuple(
        Attempt(task.cell, task.attempt, cell_directory(run, task.cell) / str(task.attempt))
        for task in about.tasks
    )
    return Submission(path, about.name, attempts)


def open_submissions(run: Path) -> list[Submission]:
    """The submissions that may still give a cell an outcome.

    For each cell without an outcome that is the last submission with it. Its attempt need not be
    the newest: a task that Slurm runs again makes another attempt.
    """
    every = list(submissions(run))
    last: dict[str, int] = {}
    for attempt in (attempt for submission in every for attempt in submission.attempts):
        last[attempt.cell] = max(last.get(attempt.cell, 0), attempt.number)
    newest = {cell: attempts_of(run, cell)[-1:] for cell in last}  # none: they were removed
    undone = {cell for cell, found in newest.items() if found and found[0].state != "done"}

    def is_open(attempt: Attempt) -> bool:
        return attempt.cell in undone and attempt.number == last[attempt.cell]

    return [submission for submission in every if any(map(is_open, submission.attempts))]
