"""The look of all figures: sizes in print, colours, markers, and settings for identical bytes.

Figures are drawn at the size at which they are printed, so that 7 pt here is 7 pt on paper.
Colours are those of Okabe and Ito (Color Universal Design, 2008), which readers with any common
colour deficiency can tell apart; every distinction is also made by shape or letter.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

T = TypeVar("T")

DOUBLE = 7.16
"""Width in print, inches: across both columns of a page."""

SMALL = 7
"""Points; no text is smaller."""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, LIGHT = "#767676", "#D9D9D9"

MODEL_COLOURS = {
    "gpt-5.5": BLUE,
    "claude-opus-4.7": VERMILLION,
    "qwen3-coder-next": GREEN,
    "qwen2.5-coder-1.5b": PURPLE,
    "reference": BLACK,
    "vendor": ORANGE,
}
OTHER_COLOURS = (SKY, GREY)
"""For other models, in turn."""

FRAMEWORKS: dict[str, dict[str, Any]] = {
    "threads": {"marker": "o", "linestyle": "-"},
    "dagger": {"marker": "s", "linestyle": (0, (4, 1.5))},
    "mpi": {"marker": "^", "linestyle": "-"},
    "dagger-distributed": {"marker": "D", "linestyle": (0, (4, 1.5))},
}

OTHER_LOOKS: tuple[dict[str, Any], ...] = (
    {"marker": "v", "linestyle": "-."},
    {"marker": "P", "linestyle": ":"},
)
"""For other frameworks, in turn."""

RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # shipped with matplotlib: no machine lacks it
    "font.size": SMALL,
    "axes.titlesize": 8,
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "hatch.linewidth": 0.4,
    "lines.linewidth": 0.9,
    "lines.markersize": 3,
    "savefig.dpi": 300,
    "svg.hashsalt": "repro",  # else ids in an SVG are random
    "svg.fonttype": "path",  # looks the same wherever it is opened
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
    "pdf.compression": 0,  # compressed bytes would depend on zlib's version
}
METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
"""No dates and no versions inside the files."""


@contextmanager
def printed() -> Iterator[None]:
    """Matplotlib's defaults and `RC`, whatever a user's matplotlibrc says."""
    settings: dict[Any, Any] = dict(mpl.rcParamsDefault)
    del settings["backend"]  # decided by a file's format
    with mpl.rc_context(settings | RC):
        yield


def colours(models: Iterable[str]) -> dict[str, str]:
    """The colour of each model."""
    unknown = [model for model in dict.fromkeys(models) if model not in MODEL_COLOURS]
    more = {model: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, model in enumerate(unknown)}
    return MODEL_COLOURS | more


def looks(frameworks: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Marker and line of each framework."""
    unknown = [name for name in dict.fromkeys(frameworks) if name not in FRAMEWORKS]
    more = {name: OTHER_LOOKS[i % len(OTHER_LOOKS)] for i, name in enumerate(unknown)}
    return FRAMEWORKS | more


def page(height: float, width: float = DOUBLE) -> Figure:
    """An empty figure, inches."""
    return Figure(figsize=(width, height))


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, counted from the upper left corner of the page."""
    page_width, page_height = figure.get_size_inches()
    bottom = page_height - top - height
    return figure.add_axes(
        (left / page_width, bottom / page_height, width / page_width, height / page_height)
    )


def text_at(figure: Figure, left: float, top: float, text: str, **look: Any) -> None:
    """Words at a place in inches, counted from the upper left corner of the page."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, va="top", **look)


def by_rows(items: Sequence[T], columns: int) -> list[T]:
    """Items in the order in which a legend, which fills columns first, shows them row by row."""
    return [item for first in range(columns) for item in items[first::columns]]


LINE = 0.125
"""Height of a line of small text, inches."""


def wrapped(sentences: Sequence[str], characters: int = 142) -> list[str]:
    """Sentences as lines of the page's width; each begins a new line."""
    return [line for text in sentences for line in textwrap.wrap(text, characters)]


def footer(figure: Figure, lines: Sequence[str]) -> None:
    """The notes that a reader needs to judge the figure, at its bottom."""
    height = figure.get_size_inches()[1]
    for i, line in enumerate(reversed(lines)):
        figure.text(0.008, (0.04 + i * LINE) / height, line, va="bottom", color="#333333")
