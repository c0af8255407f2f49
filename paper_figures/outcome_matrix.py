"""The outcome of every cell of the study: rows are programs, columns are scale points."""

from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from paper_figures import faults, program_rows, style
from paper_figures.program_rows import GAP, HEADER, RIGHT, ROW, TITLE
from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.missing_data import grid as grid_of
from repro.analysis.tidy import Tidy, first_tiles


class Look(NamedTuple):
    """How an outcome is drawn."""

    letter: str
    face: str
    ink: str


OUTCOMES = {
    "ok": Look("", "#D3EAF8", style.BLACK),
    "wrong-result": Look("W", style.VERMILLION, style.BLACK),
    "load-error": Look("L", style.PURPLE, style.BLACK),
    "runtime-error": Look("E", style.ORANGE, style.BLACK),
    "deadlock": Look("D", style.BLACK, "white"),
    "timeout": Look("T", style.BLUE, "white"),
    "out-of-memory": Look("M", style.YELLOW, style.BLACK),
    "crash": Look("C", style.GREEN, style.BLACK),
    "unavailable": Look("u", style.LIGHT, style.BLACK),
    "infrastructure": Look("i", "#A6A6A6", style.BLACK),
    NO_KERNEL: Look("n", "#F4E9DA", style.BLACK),
}
"""Colour and letter: either alone tells outcomes apart. Capitals are the program's failures; `ok`
has a dot. `NO_KERNEL` is no outcome: no session produced the program."""

NO_DATA = ""
"""The outcome of a cell of the study that was never attempted."""

CORNERS = {
    "oversubscribed": (1, 0),
    "raised-blas-threads": (0, 0),
    "single-blas-call": (0, 1),
    "idle-threads": (1, 1),
    "no-parallel-construct": (1, 1),
    "single-task": (1, 1),
    "one-rank-computes": (1, 1),
    "no-work-division": (1, 1),
    "one-worker-computes": (1, 1),
    "whole-matrix": (1, 1),
}
"""The corner of a cell that a flag marks, (right, down); `tampered` frames the cell.

All flags for work that is not divided as the framework intends, or as the cores allow, share a
corner.
"""

UPRIGHT, LEVEL = 0.42, 0.16
"""Inches: the names of scale points."""

WIDE = 0.36
"""Inches of a column in which the name of a scale point fits."""

LEGEND_COLUMNS, LEGEND_ROW = 4, 0.17


def draw(tidy: Tidy, size: int) -> Figure:
    """The figure for each problem's size number `size`, counted from 0.

    Frameworks lie one below the other and problems side by side; frameworks with the same
    scale points share their labels.
    """
    study, sizes, grid = tidy.study, program_rows.main_sizes(tidy, size), numbers(tidy, size)
    notes, entries = (
        style.wrapped([*_notes(tidy, grid), *program_rows.damage(tidy)]),
        _legend_entries(grid),
    )
    margin = program_rows.left(program_rows.labels(tidy, grid))
    width = (style.DOUBLE - margin - RIGHT - GAP * (len(sizes) - 1)) / len(sizes)
    tops, end = _tops(tidy, grid, width)
    legend = LEGEND_ROW * ceil(len(entries) / LEGEND_COLUMNS) + 0.1
    figure = style.page(end + legend + style.LINE * len(notes) + 0.06)
    for column, (problem, n) in enumerate(sizes.items()):
        left = margin + column * (width + GAP)
        title = f"{study.problems[problem].title}, n = {n:,}"
        style.text_at(figure, left + width / 2, 0.03, title, ha="center", fontsize=8)
        of_problem = grid[grid["problem"] == problem]
        for framework, top in tops.items():
            cells = of_problem[of_problem["framework"] == framework]
            axes = style.axes_at(
                figure, left, top, width, ROW * program_rows.count(grid, framework)
            )
            rows = grid[grid["framework"] == framework]
            _panel(axes, cells, program_rows.programs(rows))
            _row_labels(axes, tidy, rows, shown=column == 0)
            last, upright = program_rows.last_of_kind(tidy, grid, framework), _upright(cells, width)
            _column_labels(axes, cells, shown=last, upright=upright)
    for framework, top in tops.items():
        name = study.frameworks[framework].title
        style.text_at(figure, 0.04, top - 0.125, name, fontweight="bold")
    _legend(figure, entries, end)
    style.footer(figure, notes)
    return figure


def numbers(tidy: Tidy, size: int) -> pd.DataFrame:
    """The numbers drawn, one row per cell."""
    grid = first_tiles(grid_of(tidy))
    grid = grid[grid["problem"].map(program_rows.main_sizes(tidy, size)) == grid["n"]]
    return faults.beside(tidy, grid, "scale")


def _tops(tidy: Tidy, grid: pd.DataFrame, width: float) -> tuple[dict[str, float], float]:
    """Where each framework's panels begin, and where the last ends, inches from the top."""
    tops, top = {}, TITLE
    for framework in program_rows.frameworks(tidy, grid):
        top += HEADER
        tops[framework] = top
        top += ROW * program_rows.count(grid, framework)
        if program_rows.last_of_kind(tidy, grid, framework):
            cells = grid[grid["framework"] == framework]
            top += UPRIGHT if _upright(cells, width) else LEVEL
    return tops, top


def _upright(cells: pd.DataFrame, width: float) -> bool:
    """Whether columns are too narrow for the names of their scale points."""
    return width / max(1, cells["scale"].nunique()) < WIDE


def _panel(axes: Axes, cells: pd.DataFrame, programs: Sequence[tuple[str, int]]) -> None:
    """The cells of one problem and framework, a row for each of the framework's programs."""
    scales = list(dict.fromkeys(cells["scale"]))
    axes.set_xlim(0, max(1, len(scales)))
    axes.set_ylim(len(programs), 0)
    placed = [
        Placed(scales.index(scale), programs.index((model, sample)), outcome, flags, fault)
        for model, sample, scale, outcome, flags, fault in zip(
            *(cells[name] for name in ("model", "sample", "scale", "outcome", "flags")),
            cells["fault"] if "fault" in cells else [""] * len(cells),
            strict=True,
        )
    ]
    _cells(axes, placed)
    axes.tick_params(length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


class Placed(NamedTuple):
    """A cell in a panel, by its upper left corner; it is one unit wide and high."""

    x: float
    y: float
    outcome: str
    flags: str
    fault: str = ""


def _cells(axes: Axes, placed: Sequence[Placed]) -> None:
    """Colour, letter and marks of flags, of each cell."""
    for outcome in [NO_DATA, *OUTCOMES]:
        alike = [cell for cell in placed if cell.outcome == outcome]
        squares = [Rectangle((cell.x, cell.y), 1, 1) for cell in alike]
        if outcome == NO_DATA:
            look: dict[str, Any] = {"facecolor": "white", "edgecolor": "#C0C0C0", "hatch": "/////"}
        else:
            look = {"facecolor": OUTCOMES[outcome].face, "edgecolor": "white"}
        if alike:
            axes.add_collection(PatchCollection(squares, linewidth=0.5, **look), autolim=False)
    letters = [cell for cell in placed if cell.outcome not in {NO_DATA, "ok"}]
    for cell in letters:
        look_of = OUTCOMES[cell.outcome]
        axes.text(cell.x + 0.5, cell.y + 0.54, look_of.letter, color=look_of.ink, ha="center",
                  va="center")  # fmt: skip
        faults.line(axes, cell.x + 0.5, cell.y + 0.52, cell.fault, look_of.ink)
    dots = [(cell.x + 0.5, cell.y + 0.5) for cell in placed if cell.outcome == "ok"]
    if dots:
        axes.plot(*zip(*dots, strict=True), "k.", markersize=1.5)
    for cell in placed:
        for flag in filter(None, cell.flags.split(";")):
            _mark(axes, cell, flag)


def _mark(axes: Axes, cell: Placed, flag: str) -> None:
    """A triangle in the flag's corner, or a frame."""
    ink = OUTCOMES[cell.outcome].ink
    if flag not in CORNERS:
        frame = Rectangle((cell.x + 0.08, cell.y + 0.08), 0.84, 0.84, fill=False, linewidth=0.8,
                          edgecolor=ink)  # fmt: skip
        axes.add_patch(frame)
        return
    right, down = CORNERS[flag]
    x, y = (cell.x + 0.08 + 0.84 * right, cell.y + 0.08 + 0.84 * down)
    across = 0.34 * ROW / _column_width(axes)
    legs = [(x, y), (x + across * (1 - 2 * right), y), (x, y + 0.34 * (1 - 2 * down))]
    axes.add_patch(Polygon(legs, facecolor=ink, linewidth=0))


def _column_width(axes: Axes) -> float:
    """Inches of a unit across."""
    left, right = axes.get_xlim()
    return axes.get_position().width * style.DOUBLE / (right - left)


def _row_labels(axes: Axes, tidy: Tidy, cells: pd.DataFrame, *, shown: bool) -> None:
    labels = program_rows.labels(tidy, cells)
    axes.set_yticks([i + 0.5 for i in range(len(labels))], labels if shown else [""] * len(labels))


def _column_labels(axes: Axes, cells: pd.DataFrame, *, shown: bool, upright: bool) -> None:
    scales = list(dict.fromkeys(cells["scale"]))
    axes.set_xticks([i + 0.5 for i in range(len(scales))], scales if shown else [""] * len(scales))
    axes.tick_params(axis="x", rotation=90 if upright else 0)


class Entry(NamedTuple):
    """A sample cell of the legend, and its words."""

    outcome: str
    flag: str
    words: str
    fault: str = ""


def _legend_entries(grid: pd.DataFrame) -> list[Entry]:
    """Everything that occurs."""
    seen = Counter(grid["outcome"])
    flags = Counter(flag for flags in grid["flags"] for flag in flags.split(";") if flag)
    outcomes = [Entry(name, "", f"{name} ({seen[name]})") for name in OUTCOMES if seen[name]]
    missing = [Entry(NO_DATA, "", f"no data ({seen[NO_DATA]})")] if seen[NO_DATA] else []
    lines = [
        Entry(name, "", words, fault) for name, words, fault in faults.entries(grid, "outcome")
    ]
    marks = [Entry("ok", flag, f"flag: {flag} ({flags[flag]})") for flag in sorted(flags)]
    return outcomes + missing + lines + marks


def _legend(figure: Figure, entries: Sequence[Entry], top: float) -> None:
    """A sample cell and its words for each entry, row by row."""
    height = LEGEND_ROW * ceil(len(entries) / LEGEND_COLUMNS)
    axes = style.axes_at(figure, 0.08, top + 0.04, ROW * 50, height)
    axes.set_xlim(0, 50)
    axes.set_ylim(height / ROW, 0)
    axes.set_axis_off()
    for i, (outcome, flag, words, fault) in enumerate(entries):
        x = 12.5 * (i % LEGEND_COLUMNS)
        y = LEGEND_ROW / ROW * (i // LEGEND_COLUMNS)
        _cells(axes, [Placed(x, y, outcome, flag, fault)])
        axes.text(x + 1.4, y + 0.54, words, va="center")


def _notes(tidy: Tidy, grid: pd.DataFrame) -> list[str]:
    """Dataset, machines, denominators."""
    shown = tidy.cells[tidy.cells["cell"].isin(grid["cell"])]
    own = grid[~grid["outcome"].isin([NO_DATA, NO_KERNEL, "unavailable", "infrastructure"])]
    well = (own["outcome"] == "ok").sum()
    made = f"{len(grid)} cells in the study, {shown['attempts'].sum()} attempts"
    never = " no-kernel: the session left no program." if NO_KERNEL in set(grid["outcome"]) else ""
    tiles = len(tidy.grid()) - len(first_tiles(tidy.grid()))
    other = [f"Not drawn: {tiles} cells at other tiles; see figure granularity."] if tiles else []
    return [
        f"Dataset {tidy.name}; machine: {program_rows.machines(shown)}.",
        f"Columns: scale points, nodes x ranks x threads. In brackets: number of cells.{never}",
        f"ok: {well} of the {len(own)} cells with an outcome of the program; {made}.",
        *other,
        *faults.note(tidy, grid, "failed cells"),
    ]
