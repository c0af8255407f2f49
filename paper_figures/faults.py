"""Whose fault failures are: their numbers beside a figure's, and how its letters show it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy

from repro.analysis.attribution import WORDS, attributions
from repro.analysis.attribution_words import tally
from repro.analysis.rates import scale_of
from repro.analysis.tidy import Tidy, first_tiles

PROGRAM = ["model", "problem", "n", "framework", "sample"]
NUMBERS = [
    "failed", "of", "control_failed", "control_of", "control_low", "control_high", "p_adjusted",
    "fault",
]  # fmt: skip
"""Columns of `attribution.attributions` that a figure's table has too."""

LINES = {"program": "below", "framework": "above"}
"""Where a letter has a line, by fault; none where it is undecided."""

_LONG, _WIDE, _AWAY = 5.5, 0.7, 3.7
"""Points: the line, and how far it is from the middle of its letter."""


def beside(tidy: Tidy, table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Add whose fault failures are to a figure's numbers.

    Args:
        tidy: the dataset.
        table: rows with the columns `PROGRAM`.
        scale: the column with the scale point of a row's failure.

    Returns:
        The table with columns `NUMBERS`, NaN or "" in rows without a failure; unchanged if the
        dataset has no trial of a control.
    """
    found = first_tiles(attributions(tidy))
    if not found["control_of"].any():
        return table
    found = found.assign(**{scale: scale_of(found)})
    keys = [*PROGRAM, scale]
    return table.merge(found[[*keys, *NUMBERS]], on=keys, how="left").fillna({"fault": ""})


def line(axes: Axes, x: float, y: float, fault: str, ink: str) -> None:
    """Draw the line of a failure, if it has one.

    Args:
        axes: where.
        x: the middle of the letter, across.
        y: the same, down.
        fault: whose the failure is; empty where that is not known.
        ink: its colour.
    """
    if fault in LINES:
        up = -_AWAY if LINES[fault] == "below" else _AWAY
        where = offset_copy(axes.transData, axes.get_figure(root=True), y=up, units="points")
        axes.plot(x, y, marker="_", markersize=_LONG, markeredgewidth=_WIDE, color=ink, zorder=5,
                  transform=where)  # fmt: skip


def entries(table: pd.DataFrame, outcome: str) -> list[tuple[str, str, str]]:
    """(outcome, words, fault) of each line that occurs, for a legend.

    Args:
        table: of `beside`.
        outcome: the column with the outcome of a failure.
    """
    failed = _failed(table)
    return [
        (alike[outcome].iloc[0], f"line {where}: {WORDS[fault]} ({len(alike)})", fault)
        for fault, where in LINES.items()
        if len(alike := failed[failed["fault"] == fault])
    ]


def note(tidy: Tidy, table: pd.DataFrame, what: str) -> list[str]:
    """What the lines mean, with denominators; nothing if no failure has a control.

    Args:
        tidy: the dataset.
        table: of `beside`.
        what: the failures that the figure shows, such as "failed cells".
    """
    failed = _failed(table)
    if failed.empty or tidy.study.control is None:
        return []
    control = tidy.study.models[tidy.study.control].title
    told = (
        f"{what.capitalize()}: {len(failed)}, compared with the attempts of {control} at the same "
        f"scale point on the same machine: {tally(failed)}. The framework's: it fails there in the "
        "same way. A cell is drawn by its first attempt; metrics tell how often others fail."
    )
    return [told]


def _failed(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["fault"] != ""] if "fault" in table else table.iloc[:0].assign(fault="")
