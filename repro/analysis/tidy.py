"""A dataset as tidy pandas tables: attempts, cells, measurements."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.gaps import Gaps, named
from repro.analysis.sessions import sessions
from repro.archive import tables
from repro.archive.dataset import Dataset
from repro.errors import UserError
from repro.files import read_json
from repro.measure.outcomes import OUTCOMES
from repro.study.expand import cells as cells_of
from repro.study.load import load_toml
from repro.study.model import Study
from repro.study.names import Program

_CELL_TYPES: dict[str, str] = {
    "cell": "str", "attempt": "int64", "model": "str", "problem": "str", "framework": "str",
    "sample": "int64", "nodes": "int64", "ranks": "int64", "threads": "int64", "n": "int64",
    "tile": "int64",
}  # fmt: skip
ATTEMPT_TYPES: dict[str, str] = _CELL_TYPES | {
    "outcome": "str", "flags": "str", "repetitions": "int64", "wall_seconds": "float64",
    "cpu_seconds": "float64", "peak_memory_bytes": "float64", "environment": "str",
    "kernel_sha256": "str", "detail": "str",
}  # fmt: skip
"""Columns of `<model>/attempts.csv`; a number that was never taken is an empty field, NaN here."""
RUNTIME_TYPES: dict[str, str] = _CELL_TYPES | {
    "repetition": "int64", "seed": "str", "seconds": "float64", "error": "float64",
    "bound": "float64", "correct": "str",
}  # fmt: skip
"""Columns of `<model>/runtimes/*.csv`; a seed is 64 bits without a sign, so it stays text."""

MOST = 10**6
"""Nodes, ranks or threads that anybody has."""


@dataclass(frozen=True)
class Tidy:
    """A dataset in memory.

    Attributes:
        name: the dataset's, for figures.
        study: what was to be measured.
        attempts: a row an attempt, with `machine` and `cores` (nodes' ranks x threads).
        cells: a row a cell that was attempted: its outcome, flags and machine by the rule of
            `counting`, and `attempts`, how many there were.
        measurements: a row a repetition that counts: correct, of an attempt that came to `ok`;
            `seconds` is its time.
        sessions: a row a session in which a program was generated; see `sessions.sessions`.
    """

    name: str
    study: Study
    attempts: pd.DataFrame
    cells: pd.DataFrame
    measurements: pd.DataFrame
    sessions: pd.DataFrame

    def grid(self) -> pd.DataFrame:
        """Every cell of the study, measured or not, in the study's order.

        Returns:
            A row a cell: its name and parts, `n`, `scale` as in the name, and `outcome` and
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
        """Rows of a vendor's pi: a closed form, whose time measures no work."""
        baselines = [name for name, model in self.study.models.items() if model.baseline]
        return (table["problem"] == "pi") & table["model"].isin(baselines)


def _key(program: Program) -> tuple[str, str, str, int]:
    return program.model, program.problem, program.framework, program.sample


def load(dataset: Path, gaps: Gaps | None = None) -> Tidy:
    """Read a dataset's tables and transcripts.

    Args:
        dataset: its directory.
        gaps: where a damaged table or transcript is named, in place of an error; the rest is read.

    Raises:
        UserError: a file is missing or damaged, or a CSV lacks a column.
    """
    study = load_toml(dataset / "study.toml", Study)
    name = Dataset(dataset).description().name
    attempts, cells, measurements = load_tables(dataset, gaps)
    return Tidy(name, study, attempts, cells, measurements, sessions(dataset, gaps))


def load_tables(
    dataset: Path, gaps: Gaps | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The attempts, cells and measurements of `Tidy`, of a dataset that may lack the rest.

    Args:
        dataset: its directory.
        gaps: as for `load`.

    Raises:
        UserError: as for `load`.
    """
    attempts = _stack(sorted(dataset.glob("*/attempts.csv")), ATTEMPT_TYPES, gaps)
    runtimes = _stack(sorted(dataset.glob("*/runtimes/*.csv")), RUNTIME_TYPES, gaps)
    with named(gaps):
        _check_unique(dataset, attempts)
    attempts = attempts.drop_duplicates(["cell", "attempt"], ignore_index=True)
    machines = _machines(dataset, sorted(set(attempts["environment"])), gaps)
    attempts["machine"] = attempts["environment"].map(machines)
    for table in (attempts, runtimes):
        table["cores"] = table["ranks"] * table["threads"]
    return attempts, counting(attempts), _measurements(attempts, runtimes)


def counting(attempts: pd.DataFrame) -> pd.DataFrame:
    """The attempt that each cell's outcome is taken from, a row a cell.

    It is the newest attempt whose outcome is not `infrastructure`; where all are, the newest.
    """
    ranked = attempts.assign(own=attempts["outcome"] != "infrastructure")
    ranked = ranked.sort_values(["cell", "own", "attempt"], kind="stable")
    newest = ranked.drop_duplicates("cell", keep="last").drop(columns="own")
    counts = attempts.groupby("cell").size()
    return newest.assign(attempts=newest["cell"].map(counts)).reset_index(drop=True)


def _measurements(attempts: pd.DataFrame, runtimes: pd.DataFrame) -> pd.DataFrame:
    """Correct repetitions of attempts that came to `ok`, with the machine of the attempt."""
    ok = attempts.loc[attempts["outcome"] == "ok", ["cell", "attempt", "machine"]]
    correct = runtimes[runtimes["correct"] == "true"]
    return correct.merge(ok, on=["cell", "attempt"], validate="many_to_one")


def _machines(dataset: Path, wanted: Iterable[str], gaps: Gaps | None) -> dict[str, str]:
    """What each environment calls its machine; one that does not say is a machine of its own."""
    machines = {}
    for name in wanted:
        machines[name] = f"unknown ({name})"
        with named(gaps):
            where = dataset / "environment" / f"{name}.json"
            content = read_json(where) if where.exists() else None
            machine = content.get("machine") if isinstance(content, dict) else None
            if not isinstance(machine, str):
                told = "names no machine; collect the dataset again from its run"
                raise UserError(f"{where}: {told}")
            machines[name] = machine
    return machines


def _stack(paths: Iterable[Path], types: dict[str, str], gaps: Gaps | None) -> pd.DataFrame:
    """Tables of the same columns, one below the other; an empty one if there is none."""
    tables = []
    for path in paths:
        with named(gaps):
            tables.append(_read(path, types))
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in types.items()})
    return pd.concat(tables, ignore_index=True)


def _read(path: Path, types: dict[str, str]) -> pd.DataFrame:
    """One CSV file, its columns checked and typed.

    Raises:
        UserError: it cannot be read, lacks a column, or has a field that cannot be.
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
        raise UserError(f"{path}: no scale point or size is like that; see `repro verify`")
    key = ["cell", "attempt", *(["repetition"] if "repetition" in table else [])]
    if table.duplicated(key).any():
        twice = table.loc[table.duplicated(key), "cell"].iloc[0]
        raise UserError(f"{path}: a row of {twice} is there twice; see `repro verify`")
    return table


def _check_unique(dataset: Path, attempts: pd.DataFrame) -> None:
    """One table may hold what belongs to another."""
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
