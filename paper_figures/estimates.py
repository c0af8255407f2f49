"""Estimates as dots, their intervals as bars, and axes from 0 with round ticks."""

from math import floor, isfinite, log10
from typing import Any

from matplotlib.axes import Axes

from paper_figures import style


def dot(axes: Axes, x: float, y: float, *, colour: str, marker: str = "o", hollow: bool = False,
        size: float = 4) -> None:  # fmt: skip
    """An estimate."""
    look: dict[str, Any] = {"markerfacecolor": "white"} if hollow else {}
    axes.plot(x, y, marker=marker, markersize=size, color=colour, markeredgewidth=0.8,
              linestyle="", clip_on=False, zorder=4, **look)  # fmt: skip


def bar(axes: Axes, ends: tuple[float, float], at: float, *, colour: str, upright: bool) -> None:
    """The interval of an estimate, if it is known."""
    if not all(map(isfinite, ends)):
        return
    draw = axes.vlines if upright else axes.hlines
    draw(at, *ends, color=colour, linewidth=0.8, zorder=3, clip_on=False)
    caps = [(at, end) if upright else (end, at) for end in ends]
    marker = "_" if upright else "|"
    axes.plot(*zip(*caps, strict=True), color=colour, marker=marker, markersize=3.5,
              markeredgewidth=0.8, linestyle="", clip_on=False, zorder=3)  # fmt: skip


def from_zero(high: float) -> tuple[list[float], float]:
    """Three to six ticks from 0 at round distances, and the end of the axis."""
    if not high > 0:
        return [0.0, 1.0], 1.0
    power = 10.0 ** floor(round(log10(high), 9))
    step = next(s * power for s in (0.2, 0.5, 1.0, 2.0) if high / (s * power) <= 5)  # noqa: PLR2004
    end = max(high * 1.06, step * 1.02)
    return [round(i * step, 9) for i in range(int(end / step) + 1)], end


def nothing(axes: Axes, dataset: str) -> None:
    """Say that a panel has no data."""
    axes.text(0.5, 0.5, f"no data in {dataset}", transform=axes.transAxes, ha="center",
              va="center", color=style.GREY)  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
