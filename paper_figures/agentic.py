"""The same model as an agent, as an agent without documentation, and asked once."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures import program_rows, style
from paper_figures.estimates import bar, dot, from_zero, nothing
from repro.analysis.tidy import Tidy
from repro.analysis.variants import METRICS, TOKENS, VARIANTS, compared

LEFT, RIGHT, GAP, TITLE, AXIS = 1.3, 0.12, 0.26, 0.22, 0.24
ROW, EMPTY, LEGEND_ROW = 0.3, 2, 0.2
PANELS = {**{name: f"{name} scale" for name in METRICS}, TOKENS: "tokens [thousands]"}
THOUSAND = 1000
LOOKS = {
    VARIANTS[0]: {"marker": "o", "hollow": False},
    VARIANTS[1]: {"marker": "o", "hollow": True},
    VARIANTS[2]: {"marker": "s", "hollow": True},
}


def numbers(tidy: Tidy, _: int) -> pd.DataFrame:
    """The numbers drawn, one row per model, variant and metric."""
    return compared(tidy)


def draw(tidy: Tidy, size: int) -> Figure | None:
    """The figure, for all tasks that the variants share; drawn once, with the first size."""
    if size > 0:
        return None
    table = numbers(tidy, size)
    bases = list(dict.fromkeys(table["base"]))
    notes = style.wrapped([*_notes(tidy, table), *program_rows.damage(tidy)])
    height = ROW * max(len(bases), EMPTY)
    above = TITLE + height + AXIS
    figure = style.page(above + LEGEND_ROW + 0.06 + style.LINE * len(notes) + 0.06)
    titles = {name: model.title for name, model in tidy.study.models.items()}
    names = [titles.get(base, base) for base in bases]
    margin = program_rows.left(names, LEFT)
    width = (style.DOUBLE - margin - RIGHT - GAP * (len(PANELS) - 1)) / len(PANELS)
    for i, (metric, title) in enumerate(PANELS.items()):
        left = margin + i * (width + GAP)
        style.text_at(figure, left + width / 2, 0.05, title, ha="center")
        axes = style.axes_at(figure, left, TITLE, width, height)
        _panel(axes, tidy, table[table["metric"] == metric], bases, metric)
        if i == 0 and bases:
            axes.set_yticks([row + 0.5 for row in range(len(bases))], names)
            axes.tick_params(axis="y", length=0)
    if bases:
        _legend(figure, above)
    style.footer(figure, notes)
    return figure


def _panel(axes: Axes, tidy: Tidy, table: pd.DataFrame, bases: list[str], metric: str) -> None:
    if table.empty:
        nothing(axes, tidy.name)
        return
    unit = THOUSAND if metric == TOKENS else 1
    highest = max(table["value"].max(), table["high"].max())
    ticks, end = from_zero(float(highest) / unit) if metric == TOKENS else ([0, 0.5, 1], 1.05)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.05 * end, end)
    axes.set_ylim(max(len(bases), 1), 0)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x", color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)
    colours = style.colours([*tidy.study.models, *bases])
    for row in table.itertuples():
        colour = colours[str(row.base)]
        y = bases.index(str(row.base)) + (1 + VARIANTS.index(str(row.variant))) / 4
        ends = float(str(row.low)) / unit, float(str(row.high)) / unit
        bar(axes, ends, y, colour=colour, upright=False)
        _dot(axes, float(str(row.value)) / unit, y, str(row.variant), colour)


def _dot(axes: Axes, x: float, y: float, variant: str, colour: str) -> None:
    look = LOOKS[variant]
    dot(axes, x, y, colour=colour, marker=str(look["marker"]), hollow=bool(look["hollow"]))


def _legend(figure: Figure, top: float) -> None:
    axes = style.axes_at(figure, LEFT, top, 5.0, LEGEND_ROW)
    axes.set_xlim(0, len(VARIANTS))
    axes.set_ylim(1, 0)
    axes.set_axis_off()
    for i, variant in enumerate(VARIANTS):
        _dot(axes, i + 0.02, 0.5, variant, style.GREY)
        axes.text(i + 0.07, 0.54, variant, va="center")


def _notes(tidy: Tidy, table: pd.DataFrame) -> list[str]:
    if table.empty:
        ways = "; ".join(VARIANTS)
        return [f"Dataset {tidy.name} has no model that was asked in more than one way ({ways})."]
    own = table[table["metric"] != TOKENS]
    told = "; ".join(
        f"{row.model}: {row.programs} programs, {row.tasks} tasks"
        for row in own.drop_duplicates("model").itertuples()
    )
    asked = table[table["metric"] == TOKENS]
    sessions = "; ".join(f"{row.model}: {row.programs}" for row in asked.itertuples())
    return [
        f"Dataset {tidy.name}; machine: {program_rows.machines(tidy.cells)}.",
        f"Tasks (problem and framework) with an outcome of each way. {told or 'None was run'}.",
        (
            "Bars: 95 % bootstrap intervals, where several programs of a task are not all alike. "
            "Tokens: median of input and output tokens of a session, on the tasks of which each "
            f"way has sessions ({sessions or 'none'})."
        ),
    ]
