"""The failure envelope: up to which scale each program is ok, and how it fails beyond."""

from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_figures import faults, program_rows, style
from paper_figures.log_axes import cores_axis, log
from paper_figures.outcome_matrix import OUTCOMES
from paper_figures.program_rows import GAP, HEADER, RIGHT, ROW, TITLE
from repro.analysis.envelope import envelope
from repro.analysis.tidy import Tidy

AXIS, LEGEND_COLUMNS, LEGEND_ROW = 0.22, 4, 0.16
"""Inches: labels of cores below a panel; the legend."""


def numbers(tidy: Tidy, size: int) -> pd.DataFrame:
    """The numbers drawn, one row per program."""
    table = envelope(tidy)
    table = table[table["problem"].map(program_rows.main_sizes(tidy, size)) == table["n"]]
    table = table if table["crowded"].any() else table.drop(columns="crowded")
    return faults.beside(tidy, table, "ends_at")


def draw(tidy: Tidy, size: int) -> Figure:
    """The figure: a row for each program, with a bar to the most cores on which it is ok."""
    sizes, table = program_rows.main_sizes(tidy, size), numbers(tidy, size)
    margin = program_rows.left(program_rows.labels(tidy, table))
    width = (style.DOUBLE - margin - RIGHT - GAP * (len(sizes) - 1)) / len(sizes)
    tops, end = _tops(tidy, table)
    notes, handles = (
        style.wrapped([*_notes(tidy, table), *program_rows.damage(tidy)]),
        _handles(table),
    )
    legend = LEGEND_ROW * ceil(len(handles) / LEGEND_COLUMNS) + 0.22
    figure = style.page(end + legend + style.LINE * len(notes) + 0.06)
    for column, (problem, n) in enumerate(sizes.items()):
        left = margin + column * (width + GAP)
        title = f"{tidy.study.problems[problem].title}, n = {n:,}"
        style.text_at(figure, left + width / 2, 0.03, title, ha="center", fontsize=8)
        for framework, top in tops.items():
            rows = table[table["framework"] == framework]
            here = rows[rows["problem"] == problem]
            height = ROW * program_rows.count(table, framework)
            axes = style.axes_at(figure, left, top, width, height)
            last = program_rows.last_of_kind(tidy, table, framework)
            _panel(axes, tidy, here, rows, labels=column == 0, last=last)
    for framework, top in tops.items():
        name = tidy.study.frameworks[framework].title
        style.text_at(figure, 0.04, top - 0.125, name, fontweight="bold")
    _legend(figure, handles, end)
    style.footer(figure, notes)
    return figure


def _tops(tidy: Tidy, table: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Where each framework's panels begin, and where the last ends, inches from the top."""
    tops, top = {}, TITLE
    for framework in program_rows.frameworks(tidy, table):
        top += HEADER
        tops[framework] = top
        top += ROW * program_rows.count(table, framework)
        top += AXIS if program_rows.last_of_kind(tidy, table, framework) else 0
    return tops, top


def _panel(
    axes: Axes, tidy: Tidy, table: pd.DataFrame, rows: pd.DataFrame, *, labels: bool, last: bool
) -> None:
    """One problem and framework, with a row for each program of the framework in `rows`."""
    programs = program_rows.programs(rows)
    cores = _cores(tidy, str(rows["framework"].iloc[0]))
    cores_axis(axes, cores)
    if not last:
        axes.tick_params(axis="x", which="both", labelbottom=False, length=0)
    axes.set_ylim(len(programs), 0)
    names = program_rows.labels(tidy, rows)
    positions = [i + 0.5 for i in range(len(names))]
    axes.set_yticks(positions, names if labels else [""] * len(names))
    axes.tick_params(axis="y", length=0, pad=2)
    for spine in ("top", "right", "left"):
        axes.spines[spine].set_visible(False)
    axes.spines["bottom"].set_linewidth(0.4 if last else 0)
    colours = style.colours(tidy.study.models)
    for program, row in zip(program_rows.programs(table), table.itertuples(), strict=True):
        position = positions[programs.index(program)]
        _row(axes, position, row, colours[program[0]], tidy.name, cores[0])


def _cores(tidy: Tidy, framework: str) -> list[int]:
    points = tidy.study.scale_points
    distributed = framework and tidy.study.frameworks[framework].memory == "distributed"
    scales = points.distributed if distributed else points.shared
    return sorted({scale.cores for scale in scales}) or [1]


def _row(axes: Axes, y: float, row: Any, colour: str, dataset: str, first: int) -> None:
    """A program: its bar, the failure that ends it, and an earlier one from which it recovered."""
    if not row.counted:
        words = "no program left" if row.no_kernel else f"no data in {dataset}"
        axes.text(0.5, y + 0.05, words, transform=axes.get_yaxis_transform(),
                  ha="center", va="center", color=style.GREY)  # fmt: skip
        return
    study = [log(first), log(row.study_to_cores)]
    axes.plot(study, [y, y], color=style.LIGHT, linewidth=0.6, zorder=1)
    if row.largest_ok_cores:
        bar = [log(first), log(row.largest_ok_cores)]
        axes.plot(bar, [y, y], color=colour, linewidth=3, zorder=2, solid_capstyle="butt")
        axes.plot(bar[1], y, color=colour, marker="o", markersize=4, zorder=3)
    marks = [(row.ends_at_cores, row.ends_with, getattr(row, "fault", ""))]
    if row.first_failure_cores < row.largest_ok_cores:
        marks.append((row.first_failure_cores, row.first_failure_with, ""))
    for cores, outcome, fault in marks:
        if cores:
            _mark(axes, log(cores), y, outcome, fault)


def _mark(axes: Axes, x: float, y: float, outcome: str, fault: str) -> None:
    """An outcome as in the outcome matrix: letter on colour, with a line for its fault."""
    look = OUTCOMES[outcome]
    side = 9 if fault in faults.LINES else 7.5
    axes.plot(x, y, marker="s", markersize=side, color=look.face, markeredgewidth=0, zorder=4)
    axes.text(x, y + 0.06, look.letter, color=look.ink, ha="center", va="center", zorder=5)
    faults.line(axes, x, y + 0.02, fault, look.ink)


def _handles(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """(outcome, words, fault) of what ends programs, with the number of programs."""
    ends = table["ends_with"].value_counts()
    found = [(name, f"ended by {name} ({ends[name]})", "") for name in OUTCOMES if name in ends]
    early = table[table["first_failure_cores"] < table["largest_ok_cores"]]["first_failure_with"]
    only = [name for name in OUTCOMES if name in set(early) - set(ends.index)]
    reached = table[(table["counted"] > 0) & (table["ends_with"] == "")]
    done = [("", f"ok as far as measured ({len(reached)})", "")] if len(reached) else []
    recovered = [(name, f"{name}, then ok", "") for name in only]
    return done + found + recovered + faults.entries(table, "ends_with")


def _legend(figure: Figure, entries: list[tuple[str, str, str]], top: float) -> None:
    height = LEGEND_ROW * max(1, ceil(len(entries) / LEGEND_COLUMNS))
    axes = style.axes_at(figure, 0.08, top + 0.08, 7.0, height)
    axes.set_xlim(0, LEGEND_COLUMNS)
    axes.set_ylim(height / LEGEND_ROW, 0)
    axes.set_axis_off()
    for i, (outcome, words, fault) in enumerate(entries):
        x, y = i % LEGEND_COLUMNS + 0.04, i // LEGEND_COLUMNS + 0.5
        if outcome:
            _mark(axes, x, y, outcome, fault)
        else:
            bar = Line2D([x - 0.03, x + 0.02], [y, y], color=style.GREY, linewidth=3)
            axes.add_line(bar)
            axes.plot(x + 0.02, y, color=style.GREY, marker="o", markersize=4)
        axes.text(x + 0.06, y + 0.04, words, va="center")


def _notes(tidy: Tidy, table: pd.DataFrame) -> list[str]:
    shown = tidy.cells[tidy.cells["problem"].isin(table["problem"])]
    left = ", ".join(
        f"{table[name].sum()} {name.replace('_', ' ')}"
        for name in ("unavailable", "infrastructure", "no_kernel", "no_data")
        if table[name].sum()
    )
    if "crowded" in table:
        few = f"{table['crowded'].sum()} on fewer cores than threads or ranks"
        left = f"{left}, {few}" if left else few
    return [
        f"Dataset {tidy.name}; machine: {program_rows.machines(shown)}.",
        (
            "Across: cores (threads, or ranks x threads). A bar goes to the largest scale point "
            "that is ok. A letter beyond it is what ends it, one within it the first failure."
        ),
        (
            f"{table['ok'].sum()} of {table['counted'].sum()} cells with an outcome of the program "
            f"are ok{'; not drawn: ' + left if left else ''}."
        ),
        *faults.note(tidy, table, "failures that end a program"),
    ]
