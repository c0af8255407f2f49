"""Making and changing a run directory; `repro.measure.attempts` says what it holds."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from repro.errors import UserError
from repro.files import reading, write_atomic, writing
from repro.launch.environment import Environment
from repro.measure import attempts
from repro.measure.attempts import Attempt
from repro.measure.outcomes import Outcome
from repro.measure.plan import Plan
from repro.measure.run_record import RunRecord
from repro.records import read_record, write_record
from repro.study.expand import Cell, cells
from repro.study.kernels import kernel_files, program_sha256
from repro.study.model import Study
from repro.study.outside import keep_outside
from repro.study.toml import parse_toml

STUDY, RUN = "study.toml", "run.json"


@dataclass(frozen=True)
class Run:
    """A run directory."""

    path: Path
    study: Study
    about: RunRecord

    @classmethod
    def to_make(cls, path: Path, study: Study, site: str) -> "Run":
        """A run directory that need not exist, to look at what would happen in it."""
        return cls(path, study, RunRecord(study.name, site, created=""))

    def cells(self) -> list[Cell]:
        """The cells of its study."""
        return cells(self.study)


def open_run(path: Path) -> Run:
    """Read a run directory.

    Raises:
        UserError: it is not a run directory, or is damaged.
    """
    if not (path / RUN).exists():
        raise UserError(f"{path}: not a run directory; `repro run --run {path}` makes one")
    about = read_record(RunRecord, path / RUN)
    with reading(path / STUDY):
        text = (path / STUDY).read_text(encoding="utf-8")
    study = parse_toml(text, Study, str(path / STUDY))
    return Run(path, study, about)


def make_run(path: Path, study_file: Path, site: str) -> Run:
    """Make a run directory that the caller holds (`driving`), or open it for the same study.

    A study that has changed replaces the run's copy, unless a cell that was attempted has changed.

    Raises:
        UserError: the directory is another run's, or cannot be written.
    """
    with reading(study_file):
        text = study_file.read_text(encoding="utf-8")
    study = parse_toml(text, Study, str(study_file))
    with writing(path):
        if not (path / RUN).exists():
            write_atomic(path / STUDY, text)
            created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            write_record(path / RUN, RunRecord(study.name, site, created))
        keep_outside(study, path)
        run = open_run(path)
        if run.about.site != site:
            raise UserError(f"{path}: is for site {run.about.site}, not {site}; use another --run")
        if (path / STUDY).read_text(encoding="utf-8") != text:
            _refuse_changed_cells(run, study)
            write_atomic(path / STUDY, text)
    return open_run(path)


def note_submit_via(run: Run, submit_via: str | None) -> None:
    """Record how Slurm is reached, for `repro status` and `repro cancel`."""
    if run.about.submit_via != submit_via:
        with writing(run.path):
            write_record(run.path / RUN, replace(run.about, submit_via=submit_via))


def _refuse_changed_cells(run: Run, study: Study) -> None:
    new = {str(cell.name): cell for cell in cells(study)}
    for attempt in attempts.all_attempts(run.path):
        cell, plan = new.get(attempt.cell), attempt.plan()
        if cell is None or _what_is_computed(plan) != _what_is_computed(cell):
            raise UserError(
                f"{run.path}: the study has changed for {attempt.cell}, which was attempted here; "
                "use another --run"
            )


def _what_is_computed(by: Plan | Cell) -> tuple[int, ...]:
    return by.n, by.tile, by.repetitions, by.seed


@contextmanager
def driving(path: Path) -> Iterator[None]:
    """Hold the run directory, which is made if need be: only one driver may change it at a time.

    Raises:
        UserError: another driver holds it, or it cannot be written.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode().strip() or "unknown"
            raise UserError(
                f"{path}: another driver (process {holder}) is using it; wait for it, "
                "or use another --run"
            ) from error
        with writing(path):
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def snapshot_kernel(run: Path, cell: Cell, source: Path) -> tuple[Path, str]:
    """Copy a program into the run: its kernel, under the program's name, and what it includes.

    Returns:
        The kernel in the run directory, and the program's sha256.

    Raises:
        UserError: a file has changed since this run first used it, or another program of the
            model has another file of its name.
    """
    kept = run / "kernels" / cell.program.model / f"{cell.program.stem}.jl"
    with reading(source):
        kernel, *siblings = kernel_files(source)
        targets = {path: kept.with_name(path.name) for path in siblings} | {kernel: kept}
        contents = {path: path.read_bytes() for path in targets}
    for path, target in targets.items():
        if target.exists() and target.read_bytes() != contents[path]:
            raise UserError(
                f"{path}: differs from this run's copy: it has changed since the run began, or "
                "is another program's; its cells could not be compared, use another --run"
            )
    kept.parent.mkdir(parents=True, exist_ok=True)
    for path, target in targets.items():  # the kernel comes last: with it the program is whole
        if not target.exists():
            write_atomic(target, contents[path])
    return kept, program_sha256(kept)


def environment_path(run: Path, identity: str) -> Path:
    """The file that describes an environment."""
    return run / "environment" / f"{identity}.json"


def write_environment(run: Path, identity: str, description: Environment) -> None:
    """Write down an environment, once."""
    path = environment_path(run, identity)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        write_record(path, description)


def new_attempt(run: Path, cell: str, number: int) -> Path:
    """A directory to prepare an attempt in; `commit_attempt` makes it one of the cell's."""
    parent = attempts.cell_directory(run, cell)
    parent.mkdir(parents=True, exist_ok=True)
    draft = parent / f".{number}"
    draft.mkdir(exist_ok=True)
    return draft


def commit_attempt(draft: Path, plan: Plan) -> Attempt:
    """Make a prepared attempt one of its cell's, whole or not at all."""
    write_record(draft / attempts.ATTEMPT, plan)
    path = draft.with_name(draft.name.removeprefix("."))
    draft.rename(path)
    return Attempt(plan.cell, plan.attempt, path)


def close_attempt(attempt: Attempt, outcome: str, detail: str, flags: Iterable[str] = ()) -> None:
    """Write the outcome of an attempt whose watchdog wrote none."""
    write_record(attempt.path / attempts.OUTCOME, Outcome.unmeasured(outcome, detail, flags))
