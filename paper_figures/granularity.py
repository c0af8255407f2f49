"""Granularity: time against the tile, what a small tile costs, and what an empty task costs."""

import textwrap
from math import ceil, isnan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_figures import program_rows, style
from paper_figures.granularity_page import (
    Page,
    label,
    lost_below,
    notes,
    page_of,
    time_of_one,
)
from paper_figures.granularity_page import numbers as numbers_of
from paper_figures.log_axes import cores_axis, log, seconds_axis, share_axis
from paper_figures.outcome_matrix import OUTCOMES
from repro.analysis.granularity import LOSSES
from repro.analysis.tidy import Tidy

LEFT, GAP, RIGHT, TITLE = 0.55, 0.40, 0.08, 0.22
HEIGHT, BETWEEN, XLABEL, UNITS = 1.9, 0.10, 0.42, 0.95
"""Inches: margins; height of a panel; space between rows; labels below; width of unit costs."""

LEGEND_COLUMNS, LEGEND_ROW = 2, 0.15
NAMES, HEAD, ROW = 2.3, 0.34, 0.145
"""Inches: width of the names, height of the heading and of a row of the table."""

COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
"""Of frameworks, which this figure compares, in the study's order."""

LINES: tuple[dict[str, Any], ...] = (
    {"linestyle": "-"},
    {"linestyle": ":", "markerfacecolor": "white"},
    {"linestyle": "--", "markerfacecolor": "white"},
    {"linestyle": "-.", "markerfacecolor": "white"},
)
"""Of models, in turn."""


def draw(tidy: Tidy, size: int) -> Figure | None:
    """The figure: problems side by side, time above speed; the table of losses below.

    Args:
        tidy: the dataset.
        size: which n of each problem, counted from 0.

    Returns:
        The figure, or None if no problem of the study has several tiles there.
    """
    page = page_of(tidy, size)
    if page is None:
        return None
    told = style.wrapped([*notes(page), *program_rows.damage(tidy)])
    legend = LEGEND_ROW * ceil(len(page.programs) / LEGEND_COLUMNS)
    above = TITLE + 2 * HEIGHT + BETWEEN + XLABEL
    table = (HEAD + ROW * len(page.programs)) if page.programs else 0
    figure = style.page(above + legend + 0.1 + table + 0.1 + style.LINE * len(told) + 0.06)
    _panels(figure, page)
    _legend(figure, page, above)
    _table(figure, page, above + legend + 0.1)
    style.footer(figure, told)
    return figure


def numbers(tidy: Tidy, size: int) -> pd.DataFrame:
    """The numbers drawn, one row per cell."""
    page = page_of(tidy, size)
    return numbers_of(page) if page else pd.DataFrame()


def _panels(figure: Figure, page: Page) -> None:
    """The panels of each problem, and beside them the cost of a unit."""
    units, count = len(page.units) > 0, len(page.problems)
    beside = UNITS + GAP + 0.2 if units else 0
    width = (style.DOUBLE - LEFT - RIGHT - beside - GAP * (count - 1)) / count
    for column, problem in enumerate(page.problems):
        left = LEFT + column * (width + GAP)
        upper = style.axes_at(figure, left, TITLE, width, HEIGHT)
        lower = style.axes_at(figure, left, TITLE + HEIGHT + BETWEEN, width, HEIGHT)
        _column(upper, lower, page, problem)
        if column == 0:
            for axes, name in ((upper, "time [s]"), (lower, "speed relative to the best tile")):
                axes.set_ylabel(name)
                axes.yaxis.set_label_coords((0.18 - LEFT) / width, 0.5)
    if units:
        left = style.DOUBLE - RIGHT - UNITS
        _unit_costs(style.axes_at(figure, left, TITLE, UNITS, HEIGHT), page)


def _column(upper: Axes, lower: Axes, page: Page, problem: str) -> None:
    """One problem's panels: time above, speed below."""
    points = page.curve[page.curve["problem"] == problem]
    title = page.tidy.study.problems[problem].title
    upper.set_title(f"{title}, n = {points['n'].iloc[0]:,}", pad=4)
    tiles = sorted({int(tile) for tile in points["tile"]})
    for axes, metric in ((upper, "seconds"), (lower, "speed")):
        cores_axis(axes, tiles)
        _panel(axes, page, points, metric)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("rows and columns of a tile", labelpad=2)


def _panel(axes: Axes, page: Page, points: pd.DataFrame, metric: str) -> None:
    timed = points[points[metric].notna()]
    if timed.empty:
        axes.text(0.5, 0.5, f"no data in {page.tidy.name}", transform=axes.transAxes,
                  ha="center", va="center", color=style.GREY)  # fmt: skip
        axes.set_yticks([])
        return
    for _, line in points.groupby(["framework", "model", "sample"], sort=False):
        _line(axes, page, line, metric)
    values = timed[[metric, f"{metric}_low", f"{metric}_high"]]
    if metric == "seconds":
        seconds_axis(axes, values.min().min(), values.max().max())
        _failures(axes, page, points)
    else:
        share_axis(axes, values.min().min())
        for loss in LOSSES:
            axes.axhline(log(1 - loss), color=style.GREY, linewidth=0.6, linestyle=":", zorder=1)
    axes.grid(visible=True, color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)


def _line(axes: Axes, page: Page, points: pd.DataFrame, metric: str) -> None:
    """A program's line with its intervals; it breaks at a tile without a time."""
    look = _look(page, points["framework"].iloc[0], points["model"].iloc[0])
    x = [log(tile) for tile in points["tile"]]
    value, low, high = (
        [log(number) for number in points[metric + limit]] for limit in ("", "_low", "_high")
    )
    axes.plot(x, value, markeredgewidth=0.6, **look)
    for at, lower, upper in zip(x, low, high, strict=True):
        if not isnan(lower):
            axes.vlines(at, lower, upper, color=look["color"], linewidth=0.7)


def _look(page: Page, framework: str, model: str) -> dict[str, Any]:
    """Colour and marker of a framework, line of a model."""
    study = page.tidy.study
    colour = COLOURS[list(study.frameworks).index(framework) % len(COLOURS)]
    having = [name for name in study.models if name in {model for _, model, _ in page.programs}]
    line = LINES[having.index(model) % len(LINES)] if model in having else LINES[0]
    marker = style.looks(study.frameworks)[framework]["marker"]
    return {"color": colour, "marker": marker} | line


def _failures(axes: Axes, page: Page, points: pd.DataFrame) -> None:
    """The letters of outcomes at the top, above tiles at which a program has no time."""
    failed = points[points["seconds"].isna() & points["outcome"].isin(set(OUTCOMES) - {"ok"})]
    for place, row in enumerate(failed.itertuples()):
        colour = _look(page, str(row.framework), str(row.model))["color"]
        level = 0.94 - 0.07 * (place % 4)
        axes.text(log(int(str(row.tile))), level, OUTCOMES[str(row.outcome)].letter, color=colour,
                  fontweight="bold", ha="center", va="center",
                  transform=axes.get_xaxis_transform())  # fmt: skip


def _unit_costs(axes: Axes, page: Page) -> None:
    """A dot for each program: the time of one empty task or message."""
    titles = [page.tidy.study.problems[name].title for name in dict.fromkeys(page.units["problem"])]
    axes.set_xticks([])
    axes.set_ylabel(f"{', '.join(titles).lower()} [µs]", labelpad=1)
    timed = page.units[page.units["seconds"].notna()]
    if timed.empty:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center",
                  color=style.GREY)  # fmt: skip
        axes.set_yticks([])
        return
    axes.set_xlim(-0.7, len(timed) - 0.3)
    programs = zip(timed["framework"], timed["model"], strict=True)
    times = (1e6 * timed[["seconds", "low", "high"]]).to_numpy()
    for x, (program, (value, low, high)) in enumerate(zip(programs, times, strict=True)):
        look = _look(page, *program) | {"linestyle": ""}
        axes.plot(x, log(value), markeredgewidth=0.6, **look)
        if not isnan(low):
            axes.vlines(x, log(low), log(high), color=look["color"], linewidth=0.7)
    seconds_axis(axes, np.nanmin(times), np.nanmax(times))
    axes.grid(visible=True, axis="y", color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)


def _legend(figure: Figure, page: Page, top: float) -> None:
    handles = [
        Line2D([], [], markeredgewidth=0.6, label=label(page, framework, model, sample),
               **_look(page, framework, model))
        for framework, model, sample in page.programs
    ]  # fmt: skip
    height = figure.get_size_inches()[1]
    figure.legend(handles=style.by_rows(handles, LEGEND_COLUMNS), ncols=LEGEND_COLUMNS,
                  frameon=False, borderpad=0, borderaxespad=0, handlelength=2.6, columnspacing=2,
                  labelspacing=0.4, loc="upper left",
                  bbox_to_anchor=(LEFT / style.DOUBLE, 1 - top / height))  # fmt: skip


def _table(figure: Figure, page: Page, top: float) -> None:
    """Below which tile each program loses each part of its speed, and the cost of a unit."""
    if not page.programs:
        return
    study, units = page.tidy.study, list(dict.fromkeys(page.units["problem"]))
    columns = [(problem, loss) for problem in page.problems for loss in LOSSES]
    width = (style.DOUBLE - NAMES - RIGHT) / (len(columns) + 1.2 * len(units))
    for i, (problem, loss) in enumerate(columns):
        left = NAMES + i * width
        if loss == LOSSES[0]:
            head = f"{study.problems[problem].title}: lost below tile"
            style.text_at(figure, left, top, head, fontweight="bold")
        style.text_at(figure, left, top + 0.13, f"{100 * loss:.0f} %")
        for row, program in enumerate(page.programs):
            text = lost_below(page, program, problem, loss)
            style.text_at(figure, left, top + HEAD + ROW * row, text)
    for i, problem in enumerate(units):
        left = NAMES + (len(columns) + 1.2 * i) * width
        head = "\n".join(textwrap.wrap(study.problems[problem].title, 16))
        style.text_at(figure, left, top, head, fontweight="bold")
        for row, program in enumerate(page.programs):
            text = time_of_one(page, program, problem)
            style.text_at(figure, left, top + HEAD + ROW * row, text)
    for row, program in enumerate(page.programs):
        style.text_at(figure, 0.06, top + HEAD + ROW * row, label(page, *program))
