"""What a figure of strong scaling shows, and the notes that its reader needs."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from repro.analysis.scaling import scaling
from repro.analysis.tidy import Tidy, first_tiles

IDLE = "idle-threads"
KINDS = {"shared": "shared-memory", "distributed": "distributed-memory"}


@dataclass(frozen=True)
class Page:
    """The content of one figure.

    Attributes:
        tidy: the dataset.
        memory: frameworks of this kind only: `shared` or `distributed`.
        problems: the problems shown, with their n.
        points: rows of `analysis.scaling.scaling` to draw.
        machine: whose times they are.
        closed_forms: problems whose vendor program is a formula, and left out.
        elsewhere: how many cells have times of other machines, which are not drawn.
        crowded: how many have times on fewer cores than threads, which are not drawn.
    """

    tidy: Tidy
    memory: str
    problems: dict[str, int]
    points: pd.DataFrame
    machine: str
    closed_forms: tuple[str, ...]
    elsewhere: int
    crowded: int

    @property
    def idle(self) -> "pd.Series[bool]":
        """Points whose programs leave much of their cores idle."""
        return self.points["flags"].map(lambda flags: IDLE in str(flags).split(";")).astype(bool)

    @property
    def cores(self) -> list[int]:
        """Cores of the study's scale points, up to the largest that has a time."""
        scales = scales_of(self.tidy, self.memory)
        last = self.points["cores"].max() if len(self.points) else max(scales)
        return [cores for cores in scales if cores <= last]


def scales_of(tidy: Tidy, memory: str) -> list[int]:
    """Cores of the scale points of one kind of framework; none if the study has no such."""
    if memory not in {framework.memory for framework in tidy.study.frameworks.values()}:
        return []
    points = tidy.study.scale_points
    scales = points.shared if memory == "shared" else points.distributed
    return sorted({scale.cores for scale in scales})


def page_of(tidy: Tidy, size: int, memory: str) -> Page:
    """Choose what is drawn: one kind, one size, one machine (that with most cells)."""
    study, times, cells = tidy.study, first_tiles(tidy.measurements), first_tiles(tidy.cells)
    kind = [name for name, framework in study.frameworks.items() if framework.memory == memory]
    sizes = {p: v.ns[size] for p, v in study.problems.items() if len(v.ns) > size}

    def belongs(table: pd.DataFrame) -> "pd.Series[bool]":
        return table["framework"].isin(kind) & (table["problem"].map(sizes) == table["n"])

    closed_form, shown = tidy.closed_form(times), belongs(times)
    formulas = tuple(dict.fromkeys(times[shown & closed_form]["problem"]))
    times = times[shown & ~closed_form]
    counts = times.groupby("machine")["cell"].nunique()
    machine = str(counts.idxmax()) if len(counts) else "none"
    points = scaling(times[times["machine"] == machine])
    elsewhere = int(counts.sum()) - int(counts.get(machine, 0))
    few = belongs(cells) & cells["crowded"] & (cells["outcome"] == "ok")
    crowded = int((few & ~tidy.closed_form(cells)).sum())
    return Page(tidy, memory, sizes, points, machine, formulas, elsewhere, crowded)


def notes(shown: Page) -> list[str]:
    """Dataset, machine, repetitions, and what the figure leaves out."""
    if shown.points.empty:
        told = f"Dataset {shown.tidy.name} has no times of {KINDS[shown.memory]} programs"
        return [f"{told}.", *_crowded(shown)]
    counts = shown.points["repetitions"]
    few, many = counts.min(), counts.max()
    found = str(few) if few == many else f"{few} to {many}"
    how = "on logarithms (speedup: Welch). A line breaks at a cell without time."
    found_how = [
        f"Dataset {shown.tidy.name}; machine: {shown.machine}.",
        f"Points: geometric mean of {found} correct repetitions; bars: 95 % t-interval {how}",
    ]
    return found_how + _input(shown) + _idle(shown) + _left_out(shown)


def _input(shown: Page) -> list[str]:
    """Whether times include making the input, where frameworks are compared."""
    if shown.memory == "shared":
        several = len(set(shown.points["framework"])) > 1
        told = "Times do not include making the input; those of distributed-memory programs do."
        return [told] if several else []
    told = "Times include making the input, which those of shared-memory programs do not"
    known = shown.points[shown.points["input_seconds"].notna()]
    shares = known["input_seconds"] / known["seconds"]
    parts = [
        f"{framework.title} {', '.join(_parts(shown, shares[known['framework'] == name]))}"
        for name, framework in shown.tidy.study.frameworks.items()
        if name in set(known["framework"])
    ]
    return [f"{told}{'; its part: ' + '; '.join(parts) if parts else ''}."]


def _parts(shown: Page, shares: "pd.Series[float]") -> Iterator[str]:
    """The part of the input in the times of each problem."""
    problems = shown.points.loc[shares.index, "problem"]
    for name, problem in shown.tidy.study.problems.items():
        if name in set(problems):
            yield f"{problem.title} {_percent(shares[problems == name])}"


def _percent(shares: "pd.Series[float]") -> str:
    few, many = f"{100 * shares.min():.0f}", f"{100 * shares.max():.0f}"
    return f"{few} %" if few == many else f"{few} to {many} %"


def _idle(shown: Page) -> list[str]:
    count = int(shown.idle.sum())
    told = (
        f"Filled markers, flag {IDLE} ({count} of {len(shown.points)} points): at least a quarter"
    )
    return [f"{told} of the cores' time was unused."] if count else []


def _crowded(shown: Page) -> list[str]:
    if not shown.crowded:
        return []
    return [f"Not drawn: {shown.crowded} cells on fewer cores than threads or ranks."]


def _left_out(shown: Page) -> list[str]:
    """Notes on what is left out."""
    told = [
        f"Not drawn: the vendor's {problem}, a closed form whose time measures no work."
        for problem in shown.closed_forms
    ]
    if shown.elsewhere:
        told.append(f"Not drawn: {shown.elsewhere} cells with times of other machines.")
    told += _crowded(shown)
    late = shown.points[shown.points["base_cores"] != shown.cores[0]]
    programs = len(late.groupby(["model", "problem", "framework", "sample"]))
    if programs:
        told.append(f"Programs without a time at {shown.cores[0]} have no speedup: {programs}.")
    return told
