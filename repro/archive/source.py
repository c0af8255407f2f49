"""Reads and checks a run directory to collect."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.errors import UserError
from repro.files import read_json, reading
from repro.measure.attempts import Attempt, all_attempts
from repro.measure.outcomes import Outcome
from repro.measure.plan import Plan
from repro.measure.run_record import RunRecord
from repro.records import read_record
from repro.study.kernels import program_sha256
from repro.study.model import Study
from repro.study.names import CellName, Program
from repro.study.toml import load_toml

INTERRUPTED = Outcome(
    outcome="infrastructure",
    detail="interrupted: its watchdog ended before it did",
    flags=(),
    exit_code=None,
    signal=None,
    wall_seconds=None,
    cpu_seconds=None,
    peak_memory_bytes=None,
    started=None,
    ended=None,
)
"""The outcome recorded for an attempt without one."""


@dataclass(frozen=True)
class Trial:
    """An attempt that has ended, and its cell's name."""

    cell: CellName
    attempt: Attempt
    plan: Plan
    outcome: Outcome
    """`INTERRUPTED` if none was recorded."""

    def repetitions(self) -> list[dict[str, Any]]:
        """Return the harness's records of completed repetitions."""
        return [record for record in self.records() if record["event"] == "repetition"]

    def records(self) -> list[dict[str, Any]]:
        """Read all of the harness's records.

        Raises:
            UserError: the file is damaged.
        """
        return self.attempt.records()


@dataclass(frozen=True)
class Source:
    """A run directory with attempts to collect."""

    path: Path
    about: RunRecord
    study: Study
    trials: list[Trial]
    """Sorted by cell (program, scale point, size), then number."""

    left_out: int
    """Number of attempts that were planned but never started."""

    environments: dict[str, Any]
    """Their JSON, by id."""

    def kernel(self, program: Program) -> Path:
        """Return the kernel of a program as it was run."""
        return self.path / "kernels" / program.model / f"{program.stem}.jl"


def open_source(run: Path) -> Source:
    """Read a run directory.

    Raises:
        UserError: it is not a run directory, is damaged, is still running, or has no attempt.
    """
    about = _about(run)
    found = [(attempt, attempt.state) for attempt in all_attempts(run)]
    running = [attempt.cell for attempt, state in found if state == "running"]
    if running:
        raise UserError(
            f"{run}: {len(running)} attempts are still running ({running[0]}); wait for them: "
            f"`repro status --run {run}`"
        )
    trials = [_trial(attempt, state) for attempt, state in found if state != "planned"]
    if not trials:
        raise UserError(f"{run}: no attempt to collect; run cells with `repro run` first")
    source = Source(
        path=run,
        about=about,
        study=load_toml(run / "study.toml", Study),
        trials=sorted(trials, key=_order),
        left_out=len(found) - len(trials),
        environments=dict(_environments(run, trials)),
    )
    _check_kernels(source)
    return source


def _about(run: Path) -> RunRecord:
    path = run / "run.json"
    if not path.exists():
        raise UserError(f"{run}: not a run directory; make one with `repro run --run {run}`")
    return read_record(RunRecord, path)


def _trial(attempt: Attempt, state: str) -> Trial:
    outcome = attempt.outcome() if state == "done" else INTERRUPTED
    return Trial(CellName.parse(attempt.cell), attempt, attempt.plan(), outcome)


def _order(trial: Trial) -> tuple[Any, ...]:
    return *trial.cell.order, trial.attempt.number


def _environments(run: Path, trials: list[Trial]) -> Iterator[tuple[str, Any]]:
    for identity in sorted({trial.plan.environment for trial in trials}):
        yield identity, read_json(run / "environment" / f"{identity}.json")


def _check_kernels(source: Source) -> None:
    """Check that kernels are unchanged: a dataset must show the programs that were run."""
    known: dict[Path, str] = {}
    for trial in source.trials:
        path = source.kernel(trial.cell.program)
        if path not in known:
            with reading(path):
                known[path] = program_sha256(path)
        if known[path] != trial.plan.kernel_sha256:
            raise UserError(
                f"{path}: this file, or one that it includes, changed after attempt "
                f"{trial.attempt.number} of {trial.cell}; restore it"
            )
