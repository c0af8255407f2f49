"""Strong scaling: times, speedups and efficiencies of cells, with intervals."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from repro.analysis.intervals import Interval, ratio

PROGRAM = ["machine", "model", "problem", "framework", "sample", "n", "tile"]
"""A strong-scaling series: one program, one size, one machine."""

POINT = ["cores", "nodes", "ranks", "threads"]
"""A scale point within it, the smallest first."""

METRICS = ("seconds", "speedup", "efficiency")
COLUMNS = [
    *PROGRAM, *POINT, "cell", "repetitions", "base_cores",
    *(name + limit for name in METRICS for limit in ("", "_low", "_high")),
]  # fmt: skip


def scaling(measurements: pd.DataFrame) -> pd.DataFrame:
    """Time, speedup and efficiency of each cell.

    - `seconds`: geometric mean of the cell's repetitions.
    - `speedup`: T(p_0) / T(p) with p_0 the smallest scale point at which the same program has a
      time on the same machine; `base_cores` are its cores. At p_0 itself it is 1 by definition
      and has no interval. A program without a time at the study's smallest scale point is
      therefore compared with a larger one: `base_cores` says so.
    - `efficiency`: speedup * cores(p_0) / cores(p).

    Each has 95 % limits `_low` and `_high` (formulas in `intervals.ratio`), NaN with fewer than
    two repetitions. Repetitions share a process, so the intervals do not hold what differs
    between processes, such as placement on the machine.

    Args:
        measurements: as in `Tidy`: a row a repetition; `seconds` in s.

    Returns:
        A row a cell and machine, columns `COLUMNS`, sorted by program, then scale point.
        `repetitions` is the number of times behind `seconds`.
    """
    rows = [row for _, series in measurements.groupby(PROGRAM) for row in _series(series)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _series(series: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of one program's scale points."""
    points = [
        (group.iloc[0], group["seconds"].tolist()) for _, group in series.groupby([*POINT, "cell"])
    ]
    (first, base), itself = points[0], Interval(1.0, math.nan, math.nan)
    for point, seconds in points:
        share = first["cores"] / point["cores"]
        speedup, efficiency = (
            (itself, itself)
            if point is first
            else (ratio([base], [seconds]), ratio([base], [seconds], factor=share))
        )
        yield (
            {name: point[name] for name in (*PROGRAM, *POINT, "cell")}
            | {"repetitions": len(seconds), "base_cores": first["cores"]}
            | _limits("seconds", ratio([seconds]))
            | _limits("speedup", speedup)
            | _limits("efficiency", efficiency)
        )


def _limits(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
