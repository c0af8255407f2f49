"""The contents of a dataset for a report: everything that can be read, and a list of gaps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.damaged_data import Damage, recorded
from repro.analysis.machines import flags_of
from repro.analysis.tidy import counting
from repro.archive import layout, tables
from repro.archive.dataset import Dataset, Description
from repro.errors import UserError
from repro.files import read_json
from repro.measure.outcomes import OUTCOMES
from repro.report.text import Shelf
from repro.study.expand import cells as cells_of
from repro.study.model import Study
from repro.study.names import CellName, Program
from repro.study.toml import load_toml

Row = dict[str, str]


@dataclass(frozen=True)
class CellFound:
    """A cell of the study or of the tables.

    Attributes:
        name: the cell's name.
        attempts: rows of the table, the oldest first; empty if there is no attempt.
        outcome: by the rule of `repro.analysis.tidy.counting`; empty without attempts.
        flags: the flags recorded with the outcome.
        counts: number of the attempt with this outcome.
    """

    name: CellName
    attempts: Sequence[Row] = ()
    outcome: str = ""
    flags: tuple[str, ...] = ()
    counts: int = 0

    @property
    def point(self) -> str:
        """The name without the program: `1x1x24`, or `1x1x24,n=512`."""
        return str(self.name).partition("@")[2]


@dataclass
class ProgramFound:
    """A program with its cells, and the directories of its sessions."""

    program: Program
    cells: dict[str, CellFound] = field(default_factory=dict)
    tries: list[int] = field(default_factory=list)


@dataclass
class Contents:
    """A dataset on disk; `gaps` grow while it is read."""

    dataset: Dataset
    gaps: Damage = field(default_factory=list)

    @cached_property
    def shelf(self) -> Shelf:
        """Its files."""
        return Shelf(self.dataset)

    @cached_property
    def name(self) -> str:
        """The directory's name."""
        return self.dataset.path.absolute().name

    @cached_property
    def description(self) -> Description | None:
        """Its description; None if it cannot be read."""
        try:
            return self.dataset.description()
        except UserError as error:
            self.gaps.append(str(error))
            return None

    @cached_property
    def study(self) -> Study | None:
        """Its study; None if it cannot be read."""
        try:
            return load_toml(self.dataset.path / layout.STUDY, Study)
        except UserError as error:
            self.gaps.append(str(error))
            return None

    @cached_property
    def environments(self) -> dict[str, Any]:
        """Machines and toolchains, by id."""
        found = {}
        for path in sorted((self.dataset.path / layout.ENVIRONMENTS).glob("*.json")):
            with recorded(self.gaps):
                found[path.stem] = read_json(path)
        return found

    @cached_property
    def repetitions(self) -> dict[tuple[str, str], list[Row]]:
        """Rows of the runtimes by cell and attempt."""
        found = defaultdict(list)
        for row in self._rows("*/runtimes/*.csv", tables.RUNTIME_COLUMNS):
            found[row["cell"], row["attempt"]].append(row)
        return dict(found)

    @cached_property
    def programs(self) -> list[ProgramFound]:
        """Programs of the study in its order, then others with attempts or sessions."""
        found: dict[Program, ProgramFound] = {}

        def of(program: Program) -> ProgramFound:
            return found.setdefault(program, ProgramFound(program))

        for cell in cells_of(self.study) if self.study else ():
            of(cell.name.program).cells[str(cell.name)] = CellFound(cell.name)
        attempted = _cells(self._attempts())
        for each in sorted(attempted, key=lambda cell: (cell.name.program, cell.name.scale)):
            of(each.name.program).cells[str(each.name)] = each
        for program, number in self._tries():
            of(program).tries.append(number)
        return list(found.values())

    def has_program(self, program: Program) -> bool:
        """True if the dataset has its kernel, or the study takes it from the checkout."""
        model = self.study.models.get(program.model) if self.study else None
        by_hand = model is not None and model.kernels is not None
        return by_hand or self.shelf.has(layout.kernel_path(program))

    def local(self, gaps: Damage) -> Damage:
        """Return each gap once, with paths that begin with the dataset's name."""
        place = f"{self.dataset.path}"
        return [gap.replace(place, self.name) for gap in dict.fromkeys(gaps)]

    def _attempts(self) -> Iterator[Row]:
        seen = set()
        for row in self._rows(f"*/{layout.ATTEMPTS}", tables.ATTEMPT_COLUMNS):
            with recorded(self.gaps):
                where = f"{self.dataset.path}: an attempt of {row['cell']}"
                CellName.parse(row["cell"])
                if not (row["attempt"].isascii() and row["attempt"].isdigit()):
                    raise UserError(f"{where}: {row['attempt']!r} is no number")
                if row["outcome"] not in OUTCOMES:
                    raise UserError(f"{where}: {row['outcome']!r} is no outcome")
                if (key := (row["cell"], int(row["attempt"]))) in seen:
                    raise UserError(f"{where} is there twice: {key[1]}")
                seen.add(key)
                environment = self.environments.get(row["environment"])
                yield row | {"flags": flags_of(row, environment)}

    def _rows(self, pattern: str, columns: Sequence[str]) -> Iterator[Row]:
        for path in sorted(self.dataset.path.glob(pattern)):
            rows: list[Row] = []
            with recorded(self.gaps):
                rows = tables.read(path, columns)
            yield from rows

    def _tries(self) -> Iterator[tuple[Program, int]]:
        found = []
        for path in sorted(self.dataset.path.glob("*/transcripts/*/*")):
            with recorded(self.gaps):
                found.append((_program_of(path.parent), _number(path)))
        yield from sorted(found)


def _cells(rows: Iterable[Row]) -> Iterator[CellFound]:
    """Yield cells with their attempts and outcomes."""
    of_cell = defaultdict(list)
    for row in rows:
        of_cell[row["cell"]].append(row)
    every = [row for group in of_cell.values() for row in group]
    table = pd.DataFrame(every, columns=["cell", "attempt", "outcome", "flags"])
    table["attempt"] = table["attempt"].astype("int64")
    for last in counting(table).itertuples() if every else ():
        attempts = sorted(of_cell[str(last.cell)], key=lambda row: int(row["attempt"]))
        flags = tuple(flag for flag in str(last.flags).split(";") if flag)
        name, number = CellName.parse(str(last.cell)), int(str(last.attempt))
        yield CellFound(name, attempts, str(last.outcome), flags, number)


def _program_of(path: Path) -> Program:
    """Return the program of a directory of sessions."""
    parts = path.name.split("_")
    return Program.parse("/".join((path.parent.parent.name, *parts)))


def _number(path: Path) -> int:
    if not (path.name.isascii() and path.name.isdigit() and path.is_dir()):
        raise UserError(f"{path}: not a session's directory; see `repro verify`")
    return int(path.name)
