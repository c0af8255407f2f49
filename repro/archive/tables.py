"""Writes and reads the CSV tables of a dataset."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from repro.errors import UserError
from repro.files import reading
from repro.study.names import CellName

_PROGRAM = ("model", "problem", "framework", "sample")
_CELL = ("cell", "attempt", *_PROGRAM, "nodes", "ranks", "threads", "n", "tile")
ATTEMPT_COLUMNS = (
    *_CELL,
    "outcome",
    "flags",  # joined with ";"
    "repetitions",  # completed ones, correct or not
    "wall_seconds",
    "cpu_seconds",
    "peak_memory_bytes",
    "environment",
    "kernel_sha256",
    "detail",
    "available_cores",  # that it could run on, at most one for each of its threads
)
"""Columns of `<model>/attempts.csv`, one row per attempt; unmeasured fields are empty."""
RUNTIME_COLUMNS = (
    *_CELL,
    "repetition",
    "seed",
    "seconds",
    "error",  # empty: not a finite number
    "bound",
    "correct",  # true or false
    "busy_seconds",  # of `seconds`, in which threads were busy, summed over threads
    "busy_threads",  # those that were busy for a tenth of `seconds` or more
    "input_seconds",  # of `seconds`, for making input; empty: it is made before
)
"""Columns of `<model>/runtimes/<program>.csv`, one row per repetition."""
LATER_COLUMNS = frozenset({"available_cores", "busy_seconds", "busy_threads", "input_seconds"})
"""Columns that older tables lack; a table in which one would be empty lacks it, too."""

_WHOLE = {
    "attempt",
    "sample",
    "nodes",
    "ranks",
    "threads",
    "n",
    "tile",
    "repetitions",
    "repetition",
}
_WHOLE_OR_EMPTY = {"available_cores", "busy_threads"}
_DIGITS = 18
"""Of a whole number at most, so that it is one of 64 bits."""


def cell_fields(cell: CellName, attempt: int, n: int, tile: int) -> dict[str, Any]:
    """Return the columns with which both tables begin."""
    program, scale = cell.program, cell.scale
    return {
        "cell": cell,
        "attempt": attempt,
        "model": program.model,
        "problem": program.problem,
        "framework": program.framework,
        "sample": program.sample,
        "nodes": scale.nodes,
        "ranks": scale.ranks,
        "threads": scale.threads,
        "n": n,
        "tile": tile,
    }


def number(value: float | None, form: str) -> str:
    """Format a number independently of library versions; None becomes an empty string."""
    return "" if value is None else format(value, form)


def render(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a table as CSV with a header, LF, and quotes only where needed."""
    rows, text = list(rows), io.StringIO()
    empty = {name for name in LATER_COLUMNS if not any(row.get(name) for row in rows)}
    kept = [name for name in columns if name not in empty]
    writer = csv.DictWriter(text, kept, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: v for k, v in row.items() if k not in empty} for row in rows)
    return text.getvalue()


def read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read the rows of a CSV file, all fields as text; those of `LATER_COLUMNS` may be empty.

    Raises:
        UserError: it cannot be read, lacks one of `columns`, or has a row of the wrong length.
    """
    with reading(path):
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        try:
            rows = list(reader)
        except csv.Error as error:  # a field of megabytes, a NUL
            raise UserError(f"{path}: damaged: {error}; see `repro verify`") from error
    for column in columns:
        if column not in (reader.fieldnames or ()) and column not in LATER_COLUMNS:
            raise UserError(f"{path}: no column {column}; collect the dataset again")
    for count, row in enumerate(rows, 1):
        if None in row or None in row.values():  # DictReader's marks of too many and too few
            raise UserError(f"{path}: row {count} is not as long as the header; see `repro verify`")
    absent = dict.fromkeys((c for c in columns if c not in (reader.fieldnames or ())), "")
    return [row | absent for row in rows] if absent else rows


def check_numbers(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Check the numbers of a table.

    Raises:
        UserError: a field is not a whole number or not a time; names file, row and column.
    """
    for count, row in enumerate(rows, 1):
        for column in row.keys() & (_WHOLE | _WHOLE_OR_EMPTY):
            text = row[column]
            if not text and column in _WHOLE_OR_EMPTY:
                continue
            if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
                raise UserError(_no_number(path, count, column, text))
        if "seconds" in row and not _is_time(row["seconds"]):
            raise UserError(_no_number(path, count, "seconds", row["seconds"]))


def _is_time(text: str) -> bool:
    try:
        return 0 <= float(text) < math.inf
    except ValueError:
        return False


def _no_number(path: Path, row: int, column: str, text: str) -> str:
    return f"{path}: row {row}, column {column}: {text[:40]!r} is not valid; see `repro verify`"
