"""build@k and pass@k with bootstrap intervals: columns are frameworks, colours are models."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_figures import program_rows, style
from paper_figures.estimates import bar, dot, nothing
from repro.analysis.missing_data import NO_KERNEL, programs
from repro.analysis.rates import ALL, SMALLEST, outcomes, rates
from repro.analysis.tidy import Tidy

LEFT, RIGHT, GAP, TITLE, BETWEEN = 0.72, 0.08, 0.16, 0.24, 0.14
HEIGHT, XLABEL, LEGEND_ROW, LEGEND_COLUMNS = 0.95, 0.36, 0.15, 4
PANELS = (
    ("build", ALL, "build@k"),
    ("pass", SMALLEST, "pass@k\nsmallest scale"),
    ("pass", ALL, "pass@k\nevery scale"),
)
SPREAD = 0.6
"""Share of the distance between two k over which the models are spread."""


def numbers(tidy: Tidy, _: int) -> pd.DataFrame:
    """The numbers drawn, one row per model, framework, metric and k."""
    found = rates(tidy, points=False)
    found = found[(found["problem"] == ALL) & (found["framework"] != ALL)]
    shown = [(found["metric"] == metric) & (found["scale"] == scale) for metric, scale, _ in PANELS]
    return found[shown[0] | shown[1] | shown[2]].drop(columns=["problem", "n"])


def draw(tidy: Tidy, size: int) -> Figure | None:
    """The figure for all problems and sizes together; drawn once, with the first size."""
    if size > 0:
        return None
    table = numbers(tidy, size)
    frameworks = list(tidy.study.frameworks)
    models = [name for name in tidy.study.models if name in set(table["model"])]
    notes = style.wrapped([*_notes(tidy, table), *program_rows.damage(tidy)])
    legend_rows = -(-len(models) // LEGEND_COLUMNS)
    above = TITLE + len(PANELS) * HEIGHT + (len(PANELS) - 1) * BETWEEN + XLABEL
    figure = style.page(above + LEGEND_ROW * legend_rows + 0.08 + style.LINE * len(notes) + 0.06)
    count = len(frameworks)
    width = min(2.4, (style.DOUBLE - LEFT - RIGHT - GAP * (count - 1)) / count)
    for column, framework in enumerate(frameworks):
        left = LEFT + column * (width + GAP)
        title = tidy.study.frameworks[framework].title
        style.text_at(figure, left + width / 2, 0.04, title, ha="center", fontsize=8)
        for i, (metric, scale, name) in enumerate(PANELS):
            axes = style.axes_at(figure, left, TITLE + i * (HEIGHT + BETWEEN), width, HEIGHT)
            here = table[(table["framework"] == framework) & (table["metric"] == metric)]
            _panel(axes, tidy, here[here["scale"] == scale], models)
            axes.set_ylabel(name if column == 0 else "")
            if column:
                axes.tick_params(labelleft=False)
            if i == len(PANELS) - 1:
                axes.set_xlabel("k", labelpad=1)
            else:
                axes.tick_params(labelbottom=False)
    _legend(figure, tidy, models, above)
    style.footer(figure, notes)
    return figure


def _panel(axes: Axes, tidy: Tidy, table: pd.DataFrame, models: list[str]) -> None:
    if table.empty:
        nothing(axes, tidy.name)
        return
    ks = sorted(set(table["k"]))
    axes.set_xlim(-0.5, len(ks) - 0.5)
    axes.set_xticks(range(len(ks)), [str(k) for k in ks])
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.grid(visible=True, axis="y", color=style.LIGHT, linewidth=0.3)
    axes.set_axisbelow(True)
    colours = style.colours(tidy.study.models)
    for number, model in enumerate(models):
        aside = SPREAD * ((number + 0.5) / len(models) - 0.5)
        own = table[table["model"] == model]
        x = [ks.index(k) + aside for k in own["k"]]
        axes.plot(x, own["value"], color=colours[model], linewidth=0.6, zorder=2)
        for at, row in zip(x, own.itertuples(), strict=True):
            ends = float(str(row.low)), float(str(row.high))
            bar(axes, ends, at, colour=colours[model], upright=True)
            dot(axes, at, float(str(row.value)), colour=colours[model])


def _legend(figure: Figure, tidy: Tidy, models: list[str], top: float) -> None:
    colours = style.colours(tidy.study.models)
    handles = [
        Line2D([], [], color=colours[name], marker="o", markersize=4, linewidth=0.6,
               label=tidy.study.models[name].title)
        for name in models
    ]  # fmt: skip
    if handles:
        height = figure.get_size_inches()[1]
        figure.legend(handles=style.by_rows(handles, LEGEND_COLUMNS), ncols=LEGEND_COLUMNS,
                      frameon=False, borderpad=0, borderaxespad=0, columnspacing=2,
                      labelspacing=0.4, loc="upper left",
                      bbox_to_anchor=(LEFT / style.DOUBLE, 1 - top / height))  # fmt: skip


def _notes(tidy: Tidy, table: pd.DataFrame) -> list[str]:
    if table.empty:
        return [f"Dataset {tidy.name} has no cell with an outcome of a program."]
    few, many = (f(table["programs"] // table["tasks"]) for f in (min, max))
    each = str(few) if few == many else f"{few} to {many}"
    drawn = table["low"].notna().any()
    bars = "bars: 95 % bootstrap interval" if drawn else "no interval"
    counts = table[(table["metric"] == "pass") & (table["scale"] == ALL) & (table["k"] == 1)]
    left = {name: counts[name].sum() for name in ("unavailable", "infrastructure", "no_data")}
    told = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in left.items() if n)
    cells = outcomes(tidy)
    never = programs(cells.loc[cells["outcome"] == NO_KERNEL, "cell"]).nunique()
    failed = f", of which {never} were not written and count as failures" if never else ""
    return [
        f"Dataset {tidy.name}; machine: {program_rows.machines(tidy.cells)}.",
        (
            f"Mean over problems; {each} {'program' if many == 1 else 'programs'} a model, problem "
            f"and framework; {bars} (it needs several, not all alike)."
        ),
        (
            "Every scale: ok wherever the program has an outcome. "
            f"{counts['programs'].sum()} programs{failed}"
            f"{'; cells in no rate: ' + told if told else ''}."
        ),
    ]
