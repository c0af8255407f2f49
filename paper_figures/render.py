"""All figures of a dataset, as files."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from paper_figures import outcome_matrix, strong_scaling, style
from repro.analysis.tidy import Tidy, load

FIGURES: dict[str, Callable[[Tidy, int], Figure | None]] = {
    "strong_scaling_shared": partial(strong_scaling.draw, memory="shared"),
    "strong_scaling_distributed": partial(strong_scaling.draw, memory="distributed"),
    "outcome_matrix": outcome_matrix.draw,
}
"""Name of the file and what draws it, for a dataset and the number of a size; it may decline."""

FORMATS = ("pdf", "svg", "png")


def render(dataset: Path, outdir: Path) -> list[Path]:
    """Draw every figure of a dataset as PDF, SVG and PNG.

    Args:
        dataset: its directory.
        outdir: where the files go; made if need be.

    Returns:
        The files written.

    Raises:
        UserError: the dataset is damaged or lacks something.
        OSError: `outdir` cannot be written.
    """
    tidy = load(dataset)
    outdir.mkdir(parents=True, exist_ok=True)
    with style.printed():
        return [
            _save(figure, outdir / f"{name}.{kind}")
            for name, figure in drawings(tidy)
            for kind in FORMATS
        ]


def drawings(tidy: Tidy) -> Iterator[tuple[str, Figure]]:
    """The figures with their names; those of a problem's further sizes are numbered."""
    sizes = max(len(problem.sizes) for problem in tidy.study.problems.values())
    for size in range(sizes):
        for name, draw in FIGURES.items():
            figure = draw(tidy, size)
            if figure:
                yield name if size == 0 else f"{name}_{size + 1}", figure


def _save(figure: Figure, path: Path) -> Path:
    """Write one file; a reader never sees half of it."""
    part = path.with_name(f".{path.name}.part")
    kind = path.suffix[1:]
    figure.savefig(part, format=kind, metadata=style.METADATA[kind])
    return part.replace(path)
