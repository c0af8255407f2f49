"""Logarithmic axes, drawn from logarithms to base 2 that are taken and rounded here.

Matplotlib's own logarithmic axes take logarithms too, but the last bits of theirs depend on the
processor.
"""

from collections.abc import Sequence
from math import ceil, log2, log10

from matplotlib.axes import Axes

from paper_figures import style

DIGIT = 0.64 * style.SMALL
"""Width of a digit, points."""

FEW_DECADES = 3
"""Up to this many, ticks at 1, 2 and 5 times a power of ten find room."""


def log(value: float) -> float:
    """Logarithm to base 2, rounded to what can be seen (and further)."""
    return round(log2(value), 6)


def cores_axis(axes: Axes, cores: Sequence[int]) -> None:
    """Ticks at counts, of cores or others; labels where there is room for them, and at the last."""
    positions = [log(count) for count in cores]
    margin = max(0.04 * (positions[-1] - positions[0]), 0.1)
    axes.set_xlim(positions[0] - margin, positions[-1] + margin)
    inches = axes.get_position().width * style.DOUBLE
    octaves_a_point = (positions[-1] - positions[0] + 2 * margin) / (inches * 72)

    def clear(i: int, j: int) -> bool:
        digits = (len(str(cores[i])) + len(str(cores[j]))) / 2
        return positions[j] - positions[i] > octaves_a_point * (DIGIT * digits + 3)

    labelled = [0]
    for i in range(1, len(cores)):
        if clear(labelled[-1], i):
            labelled.append(i)
    last = len(cores) - 1
    labelled = [i for i in labelled if i == last or clear(i, last)]
    labelled += [] if last in labelled else [last]
    axes.set_xticks([positions[i] for i in labelled], [str(cores[i]) for i in labelled])
    axes.set_xticks(positions, minor=True)


def seconds_axis(axes: Axes, low: float, high: float) -> None:
    """Round numbers of seconds, at least a factor of four from the bottom to the top."""
    bottom, top = log(low), log(high)
    spare = max(0.0, 2 - (top - bottom)) / 2 + 0.15
    bottom, top = bottom - spare, top + spare
    steps = (1, 2, 5) if (top - bottom) * log10(2) < FEW_DECADES else (1,)
    ticks = [step * 10.0**power for power in range(-9, 7) for step in steps]
    _ticks(axes, [tick for tick in ticks if bottom <= log2(tick) <= top])
    axes.set_ylim(bottom, top)


def speedup_axis(axes: Axes, low: float, high: float) -> None:
    """Powers of two."""
    bottom, top = min(log(low), 0.0) - 0.2, log(high) + 0.2
    step = ceil((top - bottom) / 9)
    powers = [power for power in range(-20, 21) if power % step == 0 and bottom <= power <= top]
    _ticks(axes, [2.0**power for power in powers])
    axes.set_ylim(bottom, top)


def share_axis(axes: Axes, low: float) -> None:
    """Shares of one, down to below the smallest: 1, 0.5, 0.2, 0.1, ..."""
    bottom, top = min(log(low), -1.0) - 0.3, 0.2
    few = (top - bottom) * log10(2) < FEW_DECADES
    shares = [step / 10**power for power in range(9) for step in ((1, 0.5, 0.2) if few else (1,))]
    _ticks(axes, [share for share in shares if log2(share) >= bottom])
    axes.set_ylim(bottom, top)


def _ticks(axes: Axes, values: Sequence[float]) -> None:
    axes.set_yticks([log(value) for value in values], [f"{value:g}" for value in values])
