"""A dataset as tidy pandas tables: attempts, cells, measurements."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.damaged_data import Damage, recorded
from repro.analysis.machines import with_machines
from repro.analysis.sessions import sessions
from repro.archive import layout, tables
from repro.archive.dataset import Dataset
from repro.archive.manifest import MANIFEST, PATH, flaw, lines_of
from repro.errors import UserError
from repro.measure.outcomes import OUR_OUTCOMES, OUTCOMES
from repro.study.expand import cells as cells_of
from repro.study.model import Study
from repro.study.names import Program
from repro.study.toml import load_toml

_CELL_TYPES: dict[str, str] = {
    "cell": "str", "attempt": "int64", "model": "str", "problem": "str", "framework": "str",
    "sample": "int64", "nodes": "int64", "ranks": "int64", "threads": "int64", "n": "int64",
    "tile": "int64",
}  # fmt: skip
ATTEMPT_TYPES: dict[str, str] = _CELL_TYPES | {
    "outcome": "str", "flags": "str", "repetitions": "int64", "wall_seconds": "float64",
    "cpu_seconds": "float64", "peak_memory_bytes": "float64", "environment": "str",
    "kernel_sha256": "str", "detail": "str", "available_cores": "float64",
}  # fmt: skip
"""Columns of `<model>/attempts.csv`; a number that was not measured is empty there, NaN here."""
RUNTIME_TYPES: dict[str, str] = _CELL_TYPES | {
    "repetition": "int64", "seed": "str", "seconds": "float64", "error": "float64",
    "bound": "float64", "correct": "str", "busy_seconds": "float64", "busy_threads": "float64",
    "input_seconds": "float64",
}  # fmt: skip
"""Columns of `<model>/runtimes/*.csv`; a seed has 64 bits without a sign, so it stays text."""

MOST = 10**6
"""Upper limit for nodes, ranks and threads."""


@dataclass(frozen=True)
class Tidy:
    """A dataset in memory.

    Attributes:
        name: the dataset's, for figures.
        study: what was to be measured.
        attempts: one row per attempt, with `machine`, `cores` (ranks x threads),
            `available_cores` and `crowded`, as `machines.with_machines` adds them. Those of failed
            cells and of the study's control are the trials that `attribution.attributions` counts.
        cells: one row per attempted cell, with the outcome, flags and machine of the attempt that
            `counting` chooses, and the number of `attempts`.
        measurements: one row per correct repetition of an `ok` attempt that is not `crowded`:
            a time on fewer cores than threads says nothing of that many cores. `seconds` is its
            time, `flags` are the attempt's.
        sessions: one row per session in which a program was generated; see `sessions.sessions`.
        damaged: files that could not be read, whose content is missing here.
    """

    name: str
    study: Study
    attempts: pd.DataFrame
    cells: pd.DataFrame
    measurements: pd.DataFrame
    sessions: pd.DataFrame
    damaged: Damage = field(default_factory=list)

    def grid(self) -> pd.DataFrame:
        """Every cell of the study, attempted or not, in the study's order.

        Returns:
            One row per cell: its name and parts, `n`, `scale` as in the name, `outcome` and
            `flags`, both empty where it was never attempted.
        """
        rows = [
            (str(cell.name), *_key(cell.program), cell.n, str(cell.scale))
            for cell in cells_of(self.study)
        ]
        names = ["cell", "model", "problem", "framework", "sample", "n", "scale"]
        grid = pd.DataFrame(rows, columns=names)
        found = self.cells[["cell", "outcome", "flags"]]
        return grid.merge(found, on="cell", how="left").fillna({"outcome": "", "flags": ""})

    def closed_form(self, table: pd.DataFrame) -> "pd.Series[bool]":
        """Rows of a vendor program that is a formula: its time measures no work."""
        formulas = self.study.closed_forms()
        pairs = zip(table["model"], table["problem"], strict=True)
        return pd.Series([pair in formulas for pair in pairs], index=table.index, dtype=bool)


def first_tiles(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of cells at the first tile that the study lists for their n.

    A task of the rates, and a program in a figure, is at one size; other tiles of the same n show
    what the tile does (`granularity`). Only names of cells at those have a tile.
    """
    return table[~table["cell"].str.contains(",tile=", regex=False)]


def _key(program: Program) -> tuple[str, str, str, int]:
    return program.model, program.problem, program.framework, program.sample


def load(dataset: Path, damage: Damage | None = None) -> Tidy:
    """Read a dataset's tables and transcripts.

    Args:
        dataset: its directory.
        damage: where to record damaged or missing files, instead of raising an error.

    Raises:
        UserError: a file is missing or damaged, or a CSV lacks a column; with `damage` only if it
            is the study, without which the tables mean nothing.
    """
    study = load_toml(dataset / layout.STUDY, Study)
    name = dataset.resolve().name
    with recorded(damage):
        name = Dataset(dataset).description().name
    if damage is not None:
        damage += _absent(dataset)
    attempts, cells, measurements = (
        _of_study(dataset, study, table, damage) for table in load_tables(dataset, damage)
    )
    measurements = measurements[~measurements["crowded"]].reset_index(drop=True)
    told = sessions(dataset, damage)
    return Tidy(name, study, attempts, cells, measurements, told, damage or [])


def _absent(dataset: Path) -> Iterator[str]:
    """Whether files of the manifest are missing; `repro verify` checks their content."""
    where = dataset / MANIFEST
    if not where.is_file():
        yield f"{where}: missing; nothing can be verified"
        return
    lines = lines_of(os.fsdecode(where.read_bytes()))
    if any(flaw(line) for line in lines):
        yield f"{where}: damaged; see `repro verify`"
        return
    there = os.path.isfile  # quick for tens of thousands; a name that is too long is no file
    absent = [line[PATH] for line in lines if not there(f"{dataset}/{line[PATH]}")]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        yield f"{dataset / absent[0]}{more}: missing, though the manifest lists it"


def load_tables(
    dataset: Path, damage: Damage | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The attempts, cells and measurements of `Tidy`; the dataset need have nothing else.

    The measurements include those of crowded attempts, with a column that tells.

    Args:
        dataset: its directory.
        damage: as for `load`.

    Raises:
        UserError: as for `load`.
    """
    attempts = _stack(sorted(dataset.glob("*/attempts.csv")), ATTEMPT_TYPES, damage)
    runtimes = _stack(sorted(dataset.glob("*/runtimes/*.csv")), RUNTIME_TYPES, damage)
    attempts, runtimes = (_fitting(dataset, table, damage) for table in (attempts, runtimes))
    with recorded(damage):
        _check_unique(dataset, attempts)
    attempts = attempts.drop_duplicates(["cell", "attempt"], ignore_index=True)
    for table in (attempts, runtimes):
        table["cores"] = table["ranks"] * table["threads"]
    attempts = with_machines(dataset, attempts, damage)
    return attempts, counting(attempts), _measurements(attempts, runtimes)


def counting(attempts: pd.DataFrame) -> pd.DataFrame:
    """The attempt whose outcome is the cell's by `outcomes.counting`, one row per cell."""
    unavailable, failed = (attempts["outcome"] == ours for ours in OUR_OUTCOMES)
    last = attempts["attempt"].where(unavailable | failed, -attempts["attempt"])
    ranked = attempts.assign(own=~(unavailable | failed), unavailable=unavailable, last=last)
    ranked = ranked.sort_values(["cell", "own", "unavailable", "last"], kind="stable")
    found = ranked.drop_duplicates("cell", keep="last")
    found = found.drop(columns=["own", "unavailable", "last"])
    counts = attempts.groupby("cell").size()
    return found.assign(attempts=found["cell"].map(counts)).reset_index(drop=True)


def _measurements(attempts: pd.DataFrame, runtimes: pd.DataFrame) -> pd.DataFrame:
    """Correct repetitions of `ok` attempts, with what the attempt says of them."""
    columns = ["cell", "attempt", "machine", "crowded", "flags"]
    ok = attempts.loc[attempts["outcome"] == "ok", columns]
    correct = runtimes[runtimes["correct"] == "true"]
    return correct.merge(ok, on=["cell", "attempt"], validate="many_to_one")


def _stack(paths: Iterable[Path], types: dict[str, str], damage: Damage | None) -> pd.DataFrame:
    """Tables of the same columns concatenated; an empty one if there is none."""
    tables = []
    for path in paths:
        with recorded(damage):
            tables.append(_read(path, types))
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in types.items()})
    return pd.concat(tables, ignore_index=True)


def _read(path: Path, types: dict[str, str]) -> pd.DataFrame:
    """A CSV file, with its columns checked and typed.

    Raises:
        UserError: it cannot be read, lacks a column, or has an impossible value.
    """
    table = pd.DataFrame(tables.read(path, list(types)), columns=list(types))
    for column, dtype in types.items():
        table[column] = _typed(path, table[column], dtype)
    for column, known in (("outcome", OUTCOMES), ("correct", ("true", "false"))):
        if column in table and not table[column].isin(known).all():
            strange = table.loc[~table[column].isin(known), column].iloc[0]
            raise UserError(f"{path}: column {column}: {strange!r}; see `repro verify`")
    if "seconds" in table and not table["seconds"].between(0, sys.float_info.max).all():
        raise UserError(f"{path}: column seconds: not a time; see `repro verify`")
    numbers = table[["nodes", "ranks", "threads"]]
    if ((numbers < 1) | (numbers > MOST)).any(axis=None) or (table["n"] < 1).any():
        raise UserError(f"{path}: an impossible scale point or size; see `repro verify`")
    if (table[["sample", "attempt"]] < 0).any(axis=None):
        raise UserError(f"{path}: a negative sample or attempt number; see `repro verify`")
    key = ["cell", "attempt", *(["repetition"] if "repetition" in table else [])]
    if table.duplicated(key).any():
        twice = table.loc[table.duplicated(key), "cell"].iloc[0]
        raise UserError(f"{path}: two rows of {twice}; see `repro verify`")
    return table


def _fitting(dataset: Path, table: pd.DataFrame, damage: Damage | None) -> pd.DataFrame:
    """The rows whose columns agree with their cell's name."""
    text = table.astype(str)
    program = text["model"].str.cat(text[["problem", "framework", "sample"]], sep="/")
    plain = program + "@" + text["nodes"].str.cat(text[["ranks", "threads"]], sep="x")
    sized = plain + ",n=" + text["n"]
    fits = (table["cell"] == plain) | (table["cell"] == sized)
    fits |= table["cell"] == sized + ",tile=" + text["tile"]
    return _kept(dataset, table, fits, "disagree with their cell's name", damage)


def _of_study(
    dataset: Path, study: Study, table: pd.DataFrame, damage: Damage | None
) -> pd.DataFrame:
    """The rows about the study's models, problems and frameworks."""
    fits = table["model"].isin(set(study.models)) & table["problem"].isin(set(study.problems))
    fits &= table["framework"].isin(set(study.frameworks))
    table = _kept(dataset, table, fits, "are of no program of its study", damage)
    sizes = table["cell"].map({str(cell.name): cell.n for cell in cells_of(study)})
    fits = sizes.isna() | (sizes == table["n"])
    return _kept(dataset, table, fits, "have another n than their cell in its study", damage)


def _kept(
    dataset: Path, table: pd.DataFrame, fits: "pd.Series[bool]", why: str, damage: Damage | None
) -> pd.DataFrame:
    with recorded(damage):
        if not fits.all():
            first = table.loc[~fits, "cell"].iloc[0]
            count = int((~fits).sum())
            raise UserError(f"{dataset}: {count} rows {why}, the first of {first!r:.60}")
    return table[fits].reset_index(drop=True)


def _check_unique(dataset: Path, attempts: pd.DataFrame) -> None:
    """Refuse an attempt that is in the tables of two models."""
    twice = attempts.loc[attempts.duplicated(["cell", "attempt"]), "cell"]
    if len(twice):
        raise UserError(f"{dataset}: two tables have an attempt of {twice.iloc[0]}")


def _typed(path: Path, column: "pd.Series[str]", dtype: str) -> "pd.Series[Any]":
    if dtype == "str":
        return column
    given = column.where(column != "", "nan") if dtype == "float64" else column
    try:
        return given.astype("float64" if dtype == "float64" else "int64")
    except (ValueError, OverflowError) as error:
        raise UserError(f"{path}: column {column.name}: {error}; see `repro verify`") from error
