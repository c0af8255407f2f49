"""Reads an archive laid out as the study's by a mapping, and lists what cannot be mapped."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.archive import layout
from repro.archive.mapping import ArchiveMap, Matcher
from repro.errors import UserError
from repro.files import reading
from repro.study.expand import Cell, cells
from repro.study.model import Study
from repro.study.names import CellName

_KINDS = ("kernels", "tests", "logs", "runtimes")


@dataclass(frozen=True)
class Timing:
    """One line of a table: a cell's outcome and times."""

    outcome: str
    correct: str
    seconds: tuple[float, ...]
    repetition: int | None
    detail: str


@dataclass
class Findings:
    """The content of an archive, in this package's words."""

    root: Path
    copied: dict[str, Path] = field(default_factory=dict)
    """Kernels, tests and logs, by their path in the dataset."""
    timings: dict[CellName, list[Timing]] = field(default_factory=dict)
    cells: dict[CellName, Cell] = field(default_factory=dict)
    unmapped: list[tuple[str, str]] = field(default_factory=list)
    """A file, with the row of a table, and the reason why it could not be mapped."""
    left_out: int = 0
    """Number of skipped files: ignored, or of models that were not requested."""

    def counts(self, model: str) -> dict[str, int]:
        """Count what was found for a model."""
        kinds = {kind: f"{model}/{kind}/" for kind in _KINDS[:-1]}
        found = {
            kind: sum(path.startswith(prefix) for path in self.copied)
            for kind, prefix in kinds.items()
        }
        own = [rows for cell, rows in self.timings.items() if cell.program.model == model]
        return found | {
            "cells": len(own),
            "repetitions": sum(len(row.seconds) for rows in own for row in rows),
        }


def survey(root: Path, mapping: ArchiveMap, study: Study, models: Sequence[str]) -> Findings:
    """Read an archive by a mapping.

    Args:
        root: the archive's directory.
        mapping: the archive's names and layout.
        study: its study; each file must fit exactly one program, each row exactly one cell.
        models: the models to read, by their names in the study.

    Raises:
        UserError: `root` is not a directory, or a model is not in the study.
    """
    unknown = [model for model in models if model not in study.models]
    if unknown:
        raise UserError(f"{unknown[0]}: not a model of study {study.name}; add it to the study")
    if not root.is_dir():
        raise UserError(f"{root}: no such directory; give that of the unpacked archive")
    findings = Findings(root)
    reader = _Reader(
        findings, mapping, Matcher(mapping, study, models), cells(study), tuple(models)
    )
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            findings.unmapped.append((_name(root, path), "a symbolic link"))
        elif path.is_file():
            reader.read(path)
    _check_cells(findings)
    return findings


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


@dataclass
class _Reader:
    findings: Findings
    mapping: ArchiveMap
    matcher: Matcher
    cells: list[Cell]
    models: tuple[str, ...]

    def read(self, path: Path) -> None:
        name = _name(self.findings.root, path)
        files = self.mapping.files
        if self.matcher.match(name, files.ignore) is not None:
            self.findings.left_out += 1
            return
        for kind in _KINDS:
            found = self.matcher.match(name, getattr(files, kind))
            if found is not None:
                self._take(kind, name, path, found)
                return
        self.findings.unmapped.append((name, "fits no pattern"))

    def _take(self, kind: str, name: str, path: Path, found: dict[str, str]) -> None:
        try:
            fields = self.matcher.ours(found)
            if fields.get("model", self.models[0]) not in self.models:
                self.findings.left_out += 1
            elif kind == "runtimes":
                self._table(name, path, fields)
            else:
                target = self._target(kind, path, self._constants() | fields)
                if target in self.findings.copied:
                    raise ValueError(f"another file already maps to {target}")  # noqa: TRY301
                self.findings.copied[target] = path
        except (ValueError, UserError) as error:
            self.findings.unmapped.append((name, str(error)))

    def _constants(self) -> dict[str, Any]:
        return self.matcher.ours({key: str(v) for key, v in self.mapping.constants.items()})

    def _target(self, kind: str, path: Path, fields: dict[str, Any]) -> str:
        """Return the path of a file in the dataset."""
        fitting = self._fitting(fields)
        program = _only({cell.program for cell in fitting}, "programs")
        if kind == "kernels":
            return layout.kernel_path(program)
        if kind == "tests":
            return layout.test_path(program)
        names = {cell.name for cell in fitting}
        if len(names) == 1:
            return f"{layout.log_path(names.pop(), 1)}/{path.name}"
        return f"{program.model}/logs/{program.stem}/{path.name}"

    def _fitting(self, fields: dict[str, Any]) -> list[Cell]:
        """Return the study's cells that have all of these fields."""
        return [cell for cell in self.cells if _parts(cell).items() >= _of_cell(fields).items()]

    def _table(self, name: str, path: Path, of_file: dict[str, Any]) -> None:
        columns = dict(self.mapping.columns)
        with reading(path):
            text = path.read_text(encoding="utf-8-sig")
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=self.mapping.delimiter)
        try:
            rows = list(table)
        except csv.Error as error:
            raise ValueError(f"not a CSV table: {error}") from error
        wanted = {word for value in columns.values() for word in _several(value)}
        missing = sorted(wanted - set(table.fieldnames or ()))
        if missing:
            raise ValueError(f"has no column {missing[0]}; it has {table.fieldnames or 'none'}")
        for number, row in enumerate(rows, 2):  # the header is line 1
            try:
                self._row(of_file, row)
            except ValueError as error:
                self.findings.unmapped.append((f"{name}, row {number}", str(error)))

    def _row(self, of_file: dict[str, Any], row: dict[str, str | None]) -> None:
        """Add a line of a table to the timings of its cell."""
        if None in row or None in row.values():
            raise ValueError("not as long as the header of the table")
        single = {
            key: str(row[_several(value)[0]])
            for key, value in self.mapping.columns.items()
            if key != "seconds"
        }
        of_row = self.matcher.ours({key: text for key, text in single.items() if text.strip()})
        for key in of_file.keys() & of_row.keys():
            if of_file[key] != of_row[key]:
                raise ValueError(f"{key} is {of_row[key]}, but {of_file[key]} in the file's name")
        fields = self._constants() | of_file | of_row
        if fields.get("model", self.models[0]) not in self.models:
            return
        cell = _only(set(self._fitting(fields)), "cells")
        timing = _timing(fields, self._seconds(row))
        self.findings.cells[cell.name] = cell
        self.findings.timings.setdefault(cell.name, []).append(timing)

    def _seconds(self, row: dict[str, str | None]) -> tuple[float, ...]:
        texts = [str(row[c]) for c in _several(self.mapping.columns.get("seconds", ()))]
        found = []
        for text in texts:
            if not text.strip():
                continue
            value = float(text) * self.mapping.unit_s
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{text!r} is not a time")
            found.append(value)
        return tuple(found)


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _parts(cell: Cell) -> dict[str, Any]:
    program, scale = cell.program, cell.scale
    return {
        "model": program.model, "problem": program.problem, "framework": program.framework,
        "sample": program.sample, "nodes": scale.nodes, "ranks": scale.ranks,
        "threads": scale.threads, "cores": scale.cores, "n": cell.n, "tile": cell.tile,
    }  # fmt: skip


def _of_cell(fields: dict[str, Any]) -> dict[str, Any]:
    beside = ("repetition", "seconds", "outcome", "correct", "detail")
    return {key: value for key, value in fields.items() if key not in beside}


def _only(found: set[Any], what: str) -> Any:
    """Return the only element.

    Raises:
        ValueError: there is none, or there are several.
    """
    if not found:
        raise ValueError(f"fits none of the study's {what}; correct the mapping or the study")
    if len(found) > 1:
        first, second = sorted(str(getattr(thing, "name", thing)) for thing in found)[:2]
        more = f"{first}, {second}{', ...' if len(found) > 2 else ''}"  # noqa: PLR2004 - two shown
        raise ValueError(f"fits several of the study's {what} ({more}); refine the mapping")
    return found.pop()


def _timing(fields: dict[str, Any], seconds: tuple[float, ...]) -> Timing:
    outcome = fields.get("outcome")
    if not outcome:
        raise ValueError("has no outcome; map a column, or set [constants] outcome")
    if seconds and "correct" not in fields:
        raise ValueError("has no field `correct`; map a column, or set [constants] correct")
    if outcome == "ok" and not seconds:
        raise ValueError("is ok but has no time; map [columns] seconds")
    detail = " ".join(str(fields.get("detail", "")).split())
    return Timing(outcome, fields.get("correct", ""), seconds, fields.get("repetition"), detail)


def _check_cells(findings: Findings) -> None:
    """Check that the lines of a cell agree and that its kernel exists; drop cells that fail."""
    for cell, rows in list(findings.timings.items()):
        outcomes = sorted({row.outcome for row in rows})
        numbers = [row.repetition for row in rows if row.repetition is not None]
        problem = ""
        if len(outcomes) > 1:
            problem = f"its rows have outcomes {' and '.join(outcomes)}"
        elif len(set(numbers)) < len(numbers) or (numbers and len(numbers) < len(rows)):
            problem = "its rows do not have distinct repetitions"
        elif layout.kernel_path(cell.program) not in findings.copied:
            problem = f"the archive has no kernel of {cell.program}"
        if problem:
            findings.unmapped.append((str(cell), problem))
            del findings.timings[cell]
