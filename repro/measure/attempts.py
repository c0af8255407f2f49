"""The run directory: its attempts, and the files of each.

RUN/
  study.toml  run.json            the study, and where it runs
  environment/<id>.json           each distinct machine and toolchain
  kernels/<model>/<program>.jl    each kernel as it was run, beside the files that it includes
  cells/<cell>/<number>/          one attempt, its files are named below; the cell with + for comma

All state is on disk: there is no other record that could contradict it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from repro.files import reading
from repro.measure.outcomes import Outcome
from repro.measure.plan import Node, Plan
from repro.records import parse_record, read_record

ATTEMPT = "attempt.json"
"""Command, environment, limits: written by the driver before anything starts."""
NODE = "node.json"
"""Written on the node that a job runs on: its environment."""
STARTED = "started"
"""Exists as soon as the watchdog starts the program."""
LOCK = "lock"
"""Locked by the watchdog while it lives."""
OUTCOME = "outcome.json"
"""Written last, atomically: an attempt with it has ended."""
RESULT = "result.jsonl"
"""The harness's records, one per line."""
RAW = "result.raw"
"""What the harness writes, signed; kept only if the program wrote there, too."""
SAMPLES = "samples.csv"
"""CPU time, memory and threads of the process tree over time."""
STDOUT, STDERR = "stdout.txt", "stderr.txt"
_FOR_COMMA = "+"


@dataclass(frozen=True)
class Attempt:
    """One execution of a cell, and its directory."""

    cell: str
    number: int
    path: Path

    @property
    def state(self) -> str:
        """`done`, `running`, `planned` (never started) or `interrupted` (its watchdog died)."""
        if (self.path / OUTCOME).exists():
            return "done"
        if self._locked():
            return "running"
        if (self.path / OUTCOME).exists():  # it ended meanwhile
            return "done"
        return "interrupted" if (self.path / STARTED).exists() else "planned"

    def outcome(self) -> Outcome:
        """How it ended.

        Raises:
            UserError: it has not, or the file is damaged.
        """
        return read_record(Outcome, self.path / OUTCOME)

    def outcome_if_over(self) -> Outcome | None:
        """How it ended; None: it has not.

        Raises:
            UserError: the file is damaged.
        """
        path = self.path / OUTCOME
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return parse_record(Outcome, data, path)

    def plan(self) -> Plan:
        """The driver's plan, with the environment that it really ran in, once that is known.

        Raises:
            UserError: a file is missing or damaged.
        """
        plan = read_record(Plan, self.path / ATTEMPT)
        if not (self.path / NODE).exists():
            return plan
        return replace(plan, environment=read_record(Node, self.path / NODE).environment)

    def records(self) -> list[dict[str, Any]]:
        """The harness's records, in order.

        Raises:
            UserError: the file is damaged.
        """
        path = self.path / RESULT
        if not path.exists():
            return []
        with reading(path):
            lines = path.read_text(encoding="utf-8").split("\n")  # others may be in messages
            return [json.loads(line) for line in lines if line]

    def _locked(self) -> bool:
        try:
            handle = os.open(self.path / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def cell_directory(run: Path, cell: str) -> Path:
    """Where the attempts of a cell lie.

    Its name may have commas, at which Open MPI (in HOME) and Apptainer (in --bind) break a path, so
    the directory has none. In a run that was begun before this was so, it has.
    """
    path = run / "cells" / cell
    return path if "," not in cell or path.is_dir() else run / "cells" / without_commas(cell)


def without_commas(cell: str) -> str:
    """A cell's name as its directory has it."""
    return cell.replace(",", _FOR_COMMA)


def attempts_of(run: Path, cell: str) -> list[Attempt]:
    """The attempts of one cell, the oldest first."""
    directory = cell_directory(run, cell)
    try:
        numbers = sorted(int(name) for name in os.listdir(directory) if name.isdigit())
    except FileNotFoundError:
        return []
    return [Attempt(cell, number, directory / str(number)) for number in numbers]


def all_attempts(run: Path) -> Iterator[Attempt]:
    """Every attempt of a run directory, sorted by the cell's name, then by number."""
    root = run / "cells"
    for model in _names(root):
        for problem in _names(root / model):
            for framework in _names(root / model / problem):
                for rest in _names(root / model / problem / framework):
                    name = rest.replace(_FOR_COMMA, ",")
                    yield from attempts_of(run, f"{model}/{problem}/{framework}/{name}")


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
