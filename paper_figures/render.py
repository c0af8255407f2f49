"""All figures of a dataset, as files, and their numbers as tables."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from paper_figures import (
    agentic,
    failure_envelope,
    generation_cost,
    granularity,
    outcome_matrix,
    pass_at_k,
    strong_scaling,
    style,
)
from paper_figures.numbers import csv_text, tex_text
from repro.analysis.damaged_data import Damage
from repro.analysis.tidy import Tidy, load


class Drawing(NamedTuple):
    """The functions of a figure; both take a dataset and the index of a size."""

    draw: Callable[[Tidy, int], Figure | None]
    """Draws it; None if there is nothing to draw."""

    numbers: Callable[[Tidy, int], pd.DataFrame]
    """Gives the numbers drawn; called only after `draw` returned a figure."""


FIGURES = {
    "strong_scaling_shared": Drawing(
        partial(strong_scaling.draw, memory="shared"),
        partial(strong_scaling.numbers, memory="shared"),
    ),
    "strong_scaling_distributed": Drawing(
        partial(strong_scaling.draw, memory="distributed"),
        partial(strong_scaling.numbers, memory="distributed"),
    ),
    "granularity": Drawing(granularity.draw, granularity.numbers),
    "outcome_matrix": Drawing(outcome_matrix.draw, outcome_matrix.numbers),
    "failure_envelope": Drawing(failure_envelope.draw, failure_envelope.numbers),
    "pass_at_k": Drawing(pass_at_k.draw, pass_at_k.numbers),
    "agentic": Drawing(agentic.draw, agentic.numbers),
    "generation_cost": Drawing(generation_cost.draw, generation_cost.numbers),
}
"""By file name."""

FORMATS = ("pdf", "svg", "png")
TABLES = ("csv", "tex")


def render(dataset: Path, outdir: Path, damage: Damage | None = None) -> list[Path]:
    """Draw every figure of a dataset as PDF, SVG and PNG, its numbers as CSV and LaTeX beside it.

    Args:
        dataset: its directory.
        outdir: where the files go; made if need be.
        damage: where to record damaged files, instead of raising an error; the figures note that
            these are left out.

    Returns:
        The files written.

    Raises:
        UserError: the dataset is damaged or lacks something; with `damage` only its study.
        OSError: `outdir` cannot be written.
    """
    tidy = load(dataset, damage)
    outdir.mkdir(parents=True, exist_ok=True)
    written = []
    with style.printed():
        for name, figure, numbers in drawings(tidy):
            written += [_save(figure, outdir / f"{name}.{kind}") for kind in FORMATS]
            texts = {"csv": csv_text(numbers), "tex": tex_text(numbers, tidy.name)}
            written += [_write(texts[kind], outdir / f"{name}.{kind}") for kind in TABLES]
    return written


def drawings(tidy: Tidy) -> Iterator[tuple[str, Figure, pd.DataFrame]]:
    """The figures with names and numbers; names for a problem's further sizes are numbered."""
    sizes = max(len(problem.ns) for problem in tidy.study.problems.values())
    for size in range(sizes):
        for name, (draw, numbers) in FIGURES.items():
            figure = draw(tidy, size)
            if figure:
                full = name if size == 0 else f"{name}_{size + 1}"
                yield full, figure, numbers(tidy, size)


def _save(figure: Figure, path: Path) -> Path:
    """Write one figure, in one step for readers."""
    part = path.with_name(f".{path.name}.part")
    kind = path.suffix[1:]
    figure.savefig(part, format=kind, metadata=style.METADATA[kind])
    return part.replace(path)


def _write(text: str, path: Path) -> Path:
    """Write one table, in the same way."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    return part.replace(path)
