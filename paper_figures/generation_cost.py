"""The cost of generation: a dot for each session; time, turns, calls, tokens and dollars."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures import program_rows, style
from paper_figures.estimates import bar, dot, from_zero, nothing
from repro.analysis.costs import costs, endings
from repro.analysis.tidy import Tidy

LEFT, RIGHT, GAP, TITLE = 1.4, 0.12, 0.22, 0.22
ROW, AXIS, COLUMNS, EMPTY = 0.26, 0.24, 4, 2
"""Inches of a model's row and of the labels below a panel; panels in a row; rows without data."""


class Panel(NamedTuple):
    """A measure as it is drawn."""

    measure: str
    title: str
    unit: float


PANELS = (
    Panel("seconds", "time [min]", 60),
    Panel("turns", "turns", 1),
    Panel("tool_calls", "tool calls", 1),
    Panel("doc_lookups", "documentation look-ups", 1),
    Panel("input_tokens", "tokens in [thousands]", 1000),
    Panel("cached_tokens", "of them cached", 1000),
    Panel("output_tokens", "tokens out [thousands]", 1000),
    Panel("dollars", "US dollars", 1),
)


def numbers(tidy: Tidy, _: int) -> pd.DataFrame:
    """The numbers drawn, one row per model and measure with its median, and one per session."""
    own = tidy.sessions[tidy.sessions["counts"]]
    medians = costs(tidy.sessions).drop(columns=["base", "agent", "docs"])
    medians = medians.rename(columns={"median": "value"}).assign(what="median")
    each = own.melt(["model", "program", "try"], [p.measure for p in PANELS], "measure", "value")
    table = pd.concat([medians, each.dropna(subset="value").assign(what="session")])
    table = table[table["measure"].isin([panel.measure for panel in PANELS])]
    whole = ["sessions", "left_out", "known", "try"]
    table = table.astype(dict.fromkeys(whole, "Int64")).astype(object)
    columns = ["model", "measure", "what", "program", "try", "value", "low", "high", "total",
               *whole[:3]]  # fmt: skip
    return table[columns].where(table[columns].notna(), float("nan"))


def draw(tidy: Tidy, size: int) -> Figure | None:
    """The figure, for all programs together; drawn once, with the first size."""
    if size > 0:
        return None
    models = list(dict.fromkeys(tidy.sessions["model"]))
    notes = style.wrapped([*_notes(tidy), *program_rows.damage(tidy)])
    height = ROW * max(len(models), EMPTY)
    above = -(-len(PANELS) // COLUMNS) * (TITLE + height + AXIS)
    figure = style.page(above + 0.1 + style.LINE * len(notes) + 0.06)
    titles = {name: model.title for name, model in tidy.study.models.items()}
    names = [titles.get(model, model) for model in models]
    margin = program_rows.left(names, LEFT)
    width = (style.DOUBLE - margin - RIGHT - GAP * (COLUMNS - 1)) / COLUMNS
    for i, panel in enumerate(PANELS):
        left = margin + (i % COLUMNS) * (width + GAP)
        top = (i // COLUMNS) * (TITLE + height + AXIS)
        style.text_at(figure, left + width / 2, top + 0.05, panel.title, ha="center")
        axes = style.axes_at(figure, left, top + TITLE, width, height)
        _panel(axes, tidy, models, panel)
        if i % COLUMNS == 0 and models:
            axes.set_yticks([row + 0.5 for row in range(len(models))], names)
            axes.tick_params(axis="y", length=0)
    style.footer(figure, notes)
    return figure


def _panel(axes: Axes, tidy: Tidy, models: list[str], panel: Panel) -> None:
    own = tidy.sessions[tidy.sessions["counts"] & tidy.sessions[panel.measure].notna()]
    if own.empty:
        nothing(axes, tidy.name)
        return
    table = costs(tidy.sessions)
    table = table[table["measure"] == panel.measure]
    axes.set_ylim(len(models), 0)
    ticks, end = from_zero(float(own[panel.measure].max()) / panel.unit)
    axes.set_xlim(-0.03 * end, end)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.03 * end, end)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x", color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)
    colours = style.colours([*tidy.study.models, *models])
    for row, model in enumerate(models):
        values = own[own["model"] == model][panel.measure] / panel.unit
        for value in values:
            dot(axes, value, row + 0.34, colour=colours[model], hollow=True, size=2.6)
        if len(values):
            names = ["median", "low", "high"]
            own_row = table.loc[table["model"] == model, names].iloc[0]
            middle, low, high = (float(number) / panel.unit for number in own_row)
            bar(axes, (low, high), row + 0.7, colour=colours[model], upright=False)
            dot(axes, middle, row + 0.7, colour=colours[model], marker="D", size=3.6)


def _counts(table: pd.DataFrame) -> list[str]:
    """Number of sessions by ending."""
    return [f"{own['sessions'].sum()} {name}" for name, own in table.groupby("ending", sort=False)]


def _notes(tidy: Tidy) -> list[str]:
    if tidy.sessions.empty:
        return [f"Dataset {tidy.name} has no transcripts: nothing is known of its generation."]
    table = endings(tidy.sessions)
    own, apart = (_counts(table[table["counts"] == counts]) for counts in (True, False))
    left = f" Not drawn, as not the model's doing: {', '.join(apart)}." if apart else ""
    return [
        f"Dataset {tidy.name}; sessions: {', '.join(own) or 'none'}.{left}",
        (
            "Open dots: sessions. Diamonds: medians, with 95 % bootstrap intervals where sessions "
            "differ. Dollars by the price on the day of the session."
        ),
    ]
