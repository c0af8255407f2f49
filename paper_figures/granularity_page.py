"""What the figure of granularity shows: its series, their losses, and the notes on them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from paper_figures.scaling_page import KINDS
from repro.analysis.granularity import LOSSES, SERIES, curves, losses, unit_costs
from repro.analysis.tidy import Tidy

LOST = (
    "Lost below tile: where the line of speed crosses 90 % or 50 %; in brackets the measured tiles "
    "between which it does, given all intervals."
)


@dataclass(frozen=True)
class Page:
    """The content of one figure.

    Attributes:
        tidy: the dataset.
        curve: rows of `analysis.granularity.curves`, each program at its largest scale point.
        losses: the rows of `losses` for it.
        units: rows of `unit_costs`, at the largest scale points too.
        machine: whose times they are.
    """

    tidy: Tidy
    curve: pd.DataFrame
    losses: pd.DataFrame
    units: pd.DataFrame
    machine: str

    @property
    def problems(self) -> list[str]:
        """The problems with several tiles, in the study's order."""
        return [str(name) for name in dict.fromkeys(self.curve["problem"])]

    @property
    def programs(self) -> list[tuple[str, str, int]]:
        """Framework, model and sample of what has a time, by framework, then model."""
        study, both = self.tidy.study, pd.concat([self.curve, self.units])
        timed = both[both["seconds"].notna()]
        found = set(zip(timed["framework"], timed["model"], timed["sample"], strict=True))
        orders = [list(study.frameworks), list(study.models)]
        return sorted(found, key=lambda p: (orders[0].index(p[0]), orders[1].index(p[1]), p[2]))


def page_of(tidy: Tidy, size: int) -> Page | None:
    """Choose what is drawn: one n of each problem, one machine (that with most cells).

    Returns:
        None if no problem of the study has several tiles at its n number `size`.
    """
    cells = tidy.measurements.groupby("machine")["cell"].nunique()
    machine = str(cells.idxmax()) if len(cells) else "none"
    ns = {p: v.ns[size] for p, v in tidy.study.problems.items() if len(v.ns) > size}
    curve, units = (
        _largest(table[table["problem"].map(ns) == table["n"]])
        for table in (curves(tidy, machine), unit_costs(tidy, machine))
    )
    return Page(tidy, curve, losses(curve), units, machine) if len(curve) else None


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each framework's largest scale point."""
    most = table.groupby("framework")["cores"].transform("max")
    return table[table["cores"] == most].reset_index(drop=True)


def label(page: Page, framework: str, model: str, sample: int) -> str:
    """A program in words; the model only if there are several."""
    study = page.tidy.study
    title = study.frameworks[framework].title
    if len({name for _, name, _ in page.programs}) > 1:
        title = f"{title}: {study.models[model].title}"
    return title + (f" #{sample}" if study.models[model].samples > 1 else "")


def lost_below(page: Page, program: tuple[str, str, int], problem: str, loss: float) -> str:
    """Below which tile a program loses a part of its speed, in words; empty if not measured."""
    table = page.losses
    rows = table[_of(table, program, problem) & (table["loss"] == loss)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    low, high = row["tile_low"], row["tile_high"]
    if math.isnan(row["tile"]) and high == row["smallest_tile"]:
        return f"under {row['smallest_tile']}"
    between = f"under {high:.0f}" if math.isnan(low) else f"{low:.0f}-{high:.0f}"
    return between if math.isnan(row["tile"]) else f"{row['tile']:.0f} ({between})"


def time_of_one(page: Page, program: tuple[str, str, int], problem: str) -> str:
    """The time of a unit, in words; the outcome of a program that has none."""
    rows = page.units[_of(page.units, program, problem)]
    if rows.empty:
        return ""
    found = [float(rows[name].iloc[0]) for name in ("seconds", "low", "high")]
    if math.isnan(found[0]):
        return str(rows["outcome"].iloc[0]) or "no data"
    unit, factor = ("ms", 1e3) if found[0] >= 1e-3 else ("µs", 1e6)  # noqa: PLR2004 - of a second
    value, low, high = (f"{factor * number:.3g}" for number in found)
    return f"{value} {unit}" if math.isnan(found[1]) else f"{value} {unit} ({low}-{high})"


def _of(table: pd.DataFrame, program: tuple[str, str, int], problem: str) -> "pd.Series[bool]":
    framework, model, sample = program
    same = (table["framework"] == framework) & (table["model"] == model)
    return same & (table["sample"] == sample) & (table["problem"] == problem)


def numbers(page: Page) -> pd.DataFrame:
    """The numbers drawn: a row per cell, with the losses of its series in columns.

    A cell that measures the time of a unit has that in the columns of seconds, and no speed.
    """
    table = page.curve
    for loss in LOSSES:
        found = page.losses[page.losses["loss"] == loss]
        names = {
            name: f"lost_{100 * loss:.0f}_{name}" for name in ("tile", "tile_low", "tile_high")
        }
        found = found[[*SERIES, *names]].rename(columns=names)
        table = table.merge(found, on=SERIES, how="left")
    units = page.units.rename(columns={"low": "seconds_low", "high": "seconds_high"})
    told = units.reindex(columns=table.columns).assign(tile=1)
    return pd.concat([table, told], ignore_index=True) if len(told) else table


def notes(page: Page) -> list[str]:
    """Dataset, machine, what the figure shows, and what it lacks."""
    drawn = page.curve[page.curve["seconds"].notna()]
    if drawn.empty:
        told = f"Dataset {page.tidy.name} has no times of programs with several tiles."
        return [told, *_missing(page)]
    few, many = drawn["repetitions"].min(), drawn["repetitions"].max()
    found = str(few) if few == many else f"{few} to {many}"
    return [
        f"Dataset {page.tidy.name}; machine: {page.machine}; {_scales(drawn)}.",
        f"Points: geometric mean of {found} correct repetitions; bars: 95 % t-interval on logs.",
        "Speed: time with the program's own best tile over time with this one (interval: Welch).",
        LOST,
        *_units(page),
        *_input(page, drawn),
        *_missing(page),
    ]


def _scales(drawn: pd.DataFrame) -> str:
    points = dict.fromkeys(zip(drawn["framework"], drawn["scale"], strict=True))
    scales = dict.fromkeys(scale for _, scale in points)
    return f"nodes x ranks x threads: {', '.join(scales)}"


def _units(page: Page) -> Iterator[str]:
    study = page.tidy.study
    for problem in dict.fromkeys(page.units["problem"]):
        summary = study.problem_directory(problem).definition.summary
        n = page.units.loc[page.units["problem"] == problem, "n"].iloc[0]
        yield f"{study.problems[problem].title}, n = {n:,}: {summary}"


def _input(page: Page, drawn: pd.DataFrame) -> Iterator[str]:
    """Whether times include making the input."""
    frameworks = page.tidy.study.frameworks
    if len({frameworks[name].memory for name in drawn["framework"]}) > 1:
        yield (
            f"Times of {KINDS['distributed']} programs include making the input; those of "
            f"{KINDS['shared']} programs do not."
        )


def _missing(page: Page) -> Iterator[str]:
    """Cells without a time, by what they have instead."""
    both = [table.loc[table["seconds"].isna(), "outcome"] for table in (page.curve, page.units)]
    if outcomes := [str(outcome) for column in both for outcome in column]:
        yield f"Not drawn: {_counted(outcomes)}."


def _counted(outcomes: Iterable[str]) -> str:
    words = ["never attempted" if not name else _why(name) for name in outcomes]
    return ", ".join(f"{words.count(word)} cells {word}" for word in dict.fromkeys(words))


def _why(outcome: str) -> str:
    """An outcome of a cell that has no time here."""
    return "without a time on this machine" if outcome == "ok" else outcome
