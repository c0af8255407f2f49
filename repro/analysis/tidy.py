"""A dataset as tidy pandas tables: attempts, cells, measurements."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from repro.archive import tables
from repro.archive.dataset import Dataset
from repro.errors import UserError
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
    """

    name: str
    study: Study
    attempts: pd.DataFrame
    cells: pd.DataFrame
    measurements: pd.DataFrame

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


def _key(program: Program) -> tuple[str, str, str, int]:
    return program.model, program.problem, program.framework, program.sample


def load(dataset: Path) -> Tidy:
    """Read a dataset's tables.

    Raises:
        UserError: a file is missing or damaged, or a CSV lacks a column.
    """
    opened = Dataset(dataset)
    study = load_toml(dataset / "study.toml", Study)
    attempts = _stack(sorted(dataset.glob("*/attempts.csv")), ATTEMPT_TYPES)
    runtimes = _stack(sorted(dataset.glob("*/runtimes/*.csv")), RUNTIME_TYPES)
    machines = _machines(opened, sorted(set(attempts["environment"])))
    attempts["machine"] = attempts["environment"].map(machines)
    for table in (attempts, runtimes):
        table["cores"] = table["ranks"] * table["threads"]
    return Tidy(
        name=opened.description().name,
        study=study,
        attempts=attempts,
        cells=counting(attempts),
        measurements=_measurements(attempts, runtimes),
    )


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


def _machines(dataset: Dataset, wanted: Iterable[str]) -> dict[str, str]:
    """What each environment calls its machine."""
    environments, machines = dataset.environments(), {}
    for name in wanted:
        environment = environments.get(name)
        machine = environment.get("machine") if isinstance(environment, dict) else None
        if not isinstance(machine, str):
            where = dataset.path / "environment" / f"{name}.json"
            raise UserError(f"{where}: names no machine; collect the dataset again from its run")
        machines[name] = machine
    return machines


def _stack(paths: Iterable[Path], types: dict[str, str]) -> pd.DataFrame:
    """Tables of the same columns, one below the other; an empty one if there is none."""
    tables = [_read(path, types) for path in paths]
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in types.items()})
    return pd.concat(tables, ignore_index=True)


def _read(path: Path, types: dict[str, str]) -> pd.DataFrame:
    """One CSV file, its columns checked and typed.

    Raises:
        UserError: it cannot be read, lacks a column, or has a field that is no number.
    """
    table = pd.DataFrame(tables.read(path, list(types)), columns=list(types))
    for column, dtype in types.items():
        table[column] = _typed(path, table[column], dtype)
    return table


def _typed(path: Path, column: "pd.Series[str]", dtype: str) -> "pd.Series[Any]":
    if dtype == "str":
        return column
    given = column.where(column != "", "nan") if dtype == "float64" else column
    try:
        return given.astype("float64" if dtype == "float64" else "int64")
    except ValueError as error:
        raise UserError(f"{path}: column {column.name}: {error}; see `repro verify`") from error
