"""Strong scaling: time and speedup over cores; columns are problems, lines are programs."""

from collections.abc import Sequence
from math import ceil, isnan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_figures import program_rows, style
from paper_figures.log_axes import cores_axis, log, seconds_axis, speedup_axis
from paper_figures.scaling_page import IDLE, Page, notes, page_of, scales_of
from repro.analysis.tidy import Tidy

LEFT, GAP, RIGHT, TITLE = 0.55, 0.40, 0.08, 0.22
HEIGHT, EMPTY, BETWEEN, XLABEL = 1.95, 1.1, 0.10, 0.42
"""Inches: margins; height of a panel, and of one of a figure without data; space between rows;
labels below."""

LEGEND_COLUMNS, LEGEND_ROW = 3, 0.15
CORES = {"shared": "threads (1 node, 1 process)", "distributed": "cores (ranks x threads)"}


def draw(tidy: Tidy, size: int, memory: str) -> Figure | None:
    """The figure: problems side by side, time above speedup, legends and notes below.

    Args:
        tidy: the dataset.
        size: which of each problem's sizes, counted from 0.
        memory: frameworks of this kind only: `shared` or `distributed`.

    Returns:
        The figure, or None if the study has fewer than two scale points for it.
    """
    if len(scales_of(tidy, memory)) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    shown = page_of(tidy, size, memory)
    handles = _legend_handles(shown)
    told = style.wrapped([*notes(shown), *program_rows.damage(tidy)])
    rows = sum(ceil(len(group) / LEGEND_COLUMNS) for group in handles)
    panel = HEIGHT if len(shown.points) else EMPTY
    above = TITLE + 2 * panel + BETWEEN + XLABEL
    figure = style.page(above + LEGEND_ROW * rows + 0.08 + style.LINE * len(told) + 0.06)
    count = len(shown.problems)
    width = (style.DOUBLE - LEFT - RIGHT - GAP * (count - 1)) / count
    for column, problem in enumerate(shown.problems):
        left = LEFT + column * (width + GAP)
        upper = style.axes_at(figure, left, TITLE, width, panel)
        lower = style.axes_at(figure, left, TITLE + panel + BETWEEN, width, panel)
        _column(upper, lower, shown, problem)
        if column == 0:
            unit = "thread" if memory == "shared" else "core"
            _name_rows(upper, lower, f"speedup over {shown.cores[0]} {unit}", width)
    _legends(figure, handles, above)
    style.footer(figure, told)
    return figure


def numbers(tidy: Tidy, size: int, memory: str) -> pd.DataFrame:
    """The numbers drawn, one row per point; speedups only where the first point has a time.

    Columns of parts that no point has, `input_seconds` and `flags`, are left out.
    """
    shown = page_of(tidy, size, memory)
    late = shown.points["base_cores"] != shown.cores[0]
    names = [str(name) for name in shown.points.columns]
    speedups = [name for name in names if name.startswith(("speedup", "efficiency"))]
    points = shown.points.copy()
    points.loc[late, speedups] = float("nan")
    told = {"input_seconds": points["input_seconds"].notna(), "flags": points["flags"] != ""}
    return points.drop(columns=[name for name, known in told.items() if not known.any()])


def _column(upper: Axes, lower: Axes, shown: Page, problem: str) -> None:
    """One problem's panels: time above, speedup below."""
    n = shown.problems[problem]
    points = shown.points[shown.points["problem"] == problem]
    upper.set_title(f"{shown.tidy.study.problems[problem].title}, n = {n:,}", pad=4)
    _panel(upper, shown, points, "seconds")
    _panel(lower, shown, points, "speedup")
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(CORES[shown.memory], labelpad=2)


def _name_rows(upper: Axes, lower: Axes, speedup: str, width: float) -> None:
    """Names of the vertical axes, one exactly below the other."""
    for axes, name in ((upper, "time [s]"), (lower, speedup)):
        axes.set_ylabel(name)
        axes.yaxis.set_label_coords((0.18 - LEFT) / width, 0.5)


def _panel(axes: Axes, shown: Page, points: pd.DataFrame, metric: str) -> None:
    """One panel: the lines of a problem's programs, or a note that there are none."""
    if metric == "speedup":
        points = points[points["base_cores"] == shown.cores[0]]
    cores_axis(axes, shown.cores)
    if points.empty:
        axes.text(0.5, 0.5, f"no data in {shown.tidy.name}", transform=axes.transAxes,
                  ha="center", va="center", color=style.GREY)  # fmt: skip
        axes.set_yticks([])
        return
    for _, line in points.groupby(["model", "framework", "sample"], sort=False):
        _line(axes, shown, line, metric)
    values = points[[metric, f"{metric}_low", f"{metric}_high"]]
    low, high = values.min().min(), values.max().max()
    if metric == "seconds":
        seconds_axis(axes, low, high)
    else:
        ideal = shown.cores[-1] / shown.cores[0]
        _ideal(axes, shown.cores)
        speedup_axis(axes, low, max(high, ideal))
    axes.grid(visible=True, color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)


def _line(axes: Axes, shown: Page, points: pd.DataFrame, metric: str) -> None:
    """A program's line with its intervals; it breaks where a scale point has no time."""
    colour = style.colours(shown.tidy.study.models)[points["model"].iloc[0]]
    look = style.looks(shown.tidy.study.frameworks)[points["framework"].iloc[0]]
    by_cores = points.drop_duplicates("cores").set_index("cores").reindex(shown.cores)
    x = [log(cores) for cores in shown.cores]
    value, low, high = (
        [log(number) for number in by_cores[metric + limit]] for limit in ("", "_low", "_high")
    )
    axes.plot(x, value, color=colour, markeredgewidth=0.5, markerfacecolor="white", **look)
    idle = set(points.loc[shown.idle.reindex(points.index), "cores"])
    filled = [(a, b) for a, b, cores in zip(x, value, shown.cores, strict=True) if cores in idle]
    if filled:
        marker = look | {"linestyle": ""}
        axes.plot(*zip(*filled, strict=True), color=colour, markeredgewidth=0.5, **marker)
    bars = [bar for bar in zip(x, low, high, strict=True) if not isnan(bar[1])]
    if not bars:
        return
    axes.vlines(*zip(*bars, strict=True), color=colour, linewidth=0.7)
    ends = [(x, end) for x, *both in bars for end in both]
    caps: dict[str, Any] = {
        "linestyle": "",
        "marker": "_",
        "markersize": 3.5,
        "markeredgewidth": 0.7,
    }
    axes.plot(*zip(*ends, strict=True), color=colour, **caps)


def _ideal(axes: Axes, cores: Sequence[int]) -> None:
    ends = [log(cores[0]), log(cores[-1])]
    axes.plot(ends, [end - ends[0] for end in ends], color=style.GREY, linestyle=":", zorder=1)


def _legend_handles(shown: Page) -> list[list[Line2D]]:
    """Legend entries for what occurs in the figure: models by colour, frameworks by line."""
    study, drawn = shown.tidy.study, shown.points
    colours, looks = style.colours(study.models), style.looks(study.frameworks)
    models = [
        Line2D([], [], color=colours[name], linewidth=3, label=model.title)
        for name, model in study.models.items()
        if name in set(drawn["model"])
    ]
    frameworks = [
        Line2D([], [], color=style.GREY, markerfacecolor="white", markeredgewidth=0.5,
               label=framework.title, **looks[name])
        for name, framework in study.frameworks.items()
        if name in set(drawn["framework"])
    ]  # fmt: skip
    ideal = Line2D([], [], color=style.GREY, linestyle=":", label="ideal speedup")
    idle = Line2D([], [], color=style.GREY, linestyle="", marker="o", label=f"flag {IDLE}")
    more = [ideal, idle] if shown.idle.any() else [ideal]
    return [models, [*frameworks, *more]] if models else []


def _legends(figure: Figure, groups: list[list[Line2D]], top: float) -> None:
    height = figure.get_size_inches()[1]
    for handles in groups:
        figure.legend(handles=style.by_rows(handles, LEGEND_COLUMNS), ncols=LEGEND_COLUMNS,
                      frameon=False, borderpad=0, borderaxespad=0, handlelength=2.6,
                      columnspacing=2, labelspacing=0.4, loc="upper left",
                      bbox_to_anchor=(LEFT / style.DOUBLE, 1 - top / height))  # fmt: skip
        top += LEGEND_ROW * ceil(len(handles) / LEGEND_COLUMNS)
