"""Whose fault failures are, in words, for terminals, pages and figures alike."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from repro.analysis.attribution import WORDS

HEADS = ["cell", "outcome", "program failed", "control failed", "interval", "p", "corrected p",
         "whose"]  # fmt: skip
"""Headings of `fields`; the first two are words, the last one too."""

NOTE = (
    "Failed in the same way (hang, memory, crash, wrong result, error), of all attempts on the "
    "same machine; the control's with an exact 95 % interval. p: Fisher's, against the control's "
    "failures in any way, corrected over all cells. The framework's: the control's interval is "
    "above 5 %."
)
"""How to read a table of `fields`."""


def fields(row: Mapping[str, Any]) -> list[str]:
    """One failed cell as a row of a table.

    Args:
        row: of `attribution.attributions`.
    """
    tried = bool(row["control_of"])
    return [
        str(row["cell"]),
        str(row["outcome"]),
        _counted(row, ""),
        _counted(row, "control_") if tried else "no trial",
        interval(row) if tried else "-",
        p_value(row["p"]),
        p_value(row["p_adjusted"]),
        whose(row),
    ]


def sentence(row: Mapping[str, Any]) -> str:
    """The same in a sentence; arguments as for `fields`."""
    program = f"Program failed {_counted(row, '')}"
    if not row["control_of"]:
        return f"{program}, control has no trial: {whose(row)}."
    return (
        f"{program}, control failed {_counted(row, 'control_', interval(row))}, "
        f"p = {p_value(row['p'])}, corrected {p_value(row['p_adjusted'])}: {whose(row)}."
    )


class Told(NamedTuple):
    """What is said of a failed cell."""

    sentence: str
    control: str
    """The name of its control; empty if that has no program."""


def told(table: pd.DataFrame) -> dict[str, Told]:
    """What is said of each failed cell, by its name.

    Args:
        table: of `attribution.attributions`.
    """
    rows = [dict(row) for _, row in table.iterrows()]
    return {str(row["cell"]): Told(sentence(row), str(row["control"])) for row in rows}


REPEATED_HEADS = ["cell", "failures", "failed", "interval"]
"""Headings of `repeated_fields`; the first two are words."""


def repeated_fields(row: Mapping[str, Any]) -> list[str]:
    """A cell that was tried several times as a row of a table.

    Args:
        row: of `repeated.repeated`.
    """
    cell = f"{row['cell']} (fewer cores than threads)" if row["crowded"] else str(row["cell"])
    share = f"{_percent(row['low'])} to {_percent(row['high'])} %"
    return [cell, str(row["failures"]) or "none", f"{row['failed']} of {row['of']}", share]


def tally(table: pd.DataFrame) -> str:
    """How many failed cells are whose.

    Args:
        table: of `attribution.attributions`; not empty.
    """
    counts = table["fault"].value_counts()
    shares = ", ".join(f"{counts.get(name, 0)} {word}" for name, word in WORDS.items())
    without = int((table["control_of"] == 0).sum())
    return shares + (f" ({without} of these without a trial of the control)" if without else "")


def whose(row: Mapping[str, Any]) -> str:
    """The word for a row's fault."""
    return WORDS[row["fault"]]


def interval(row: Mapping[str, Any]) -> str:
    """The control's share of failures, 95 % limits."""
    return f"{_percent(row['control_low'])} to {_percent(row['control_high'])} %"


def p_value(p: float) -> str:
    """A p-value with two digits."""
    return "-" if math.isnan(p) else f"{p:.2g}"


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}".removesuffix(".0")  # noqa: PLR2004 - two digits either way


def _counted(row: Mapping[str, Any], trials: str, *more: str) -> str:
    """Failures in the same way of the trials; in brackets more, and those in any way if unlike."""
    failed, anyhow, of = (row[f"{trials}{name}"] for name in ("failed", "failed_any", "of"))
    bracket = [*more, *([f"{anyhow} in any way"] if anyhow > failed else [])]
    return f"{failed} of {of}" + (f" ({'; '.join(bracket)})" if bracket else "")
