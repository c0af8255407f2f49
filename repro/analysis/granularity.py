"""Granularity: time against the size of a tile, where speed is lost, and the cost of a unit."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from repro.analysis.intervals import Interval, ratio, rounded
from repro.analysis.tidy import Tidy
from repro.study.expand import Cell
from repro.study.expand import cells as cells_of

LOSSES = (0.1, 0.5)
"""Parts of the speed whose loss is looked for."""

SERIES = ["model", "problem", "framework", "sample", "n", "scale"]
"""A program at one n and scale point, with all its tiles."""

CURVE_COLUMNS = [
    *SERIES, "cores", "tile", "cell", "outcome", "repetitions",
    "seconds", "seconds_low", "seconds_high", "speed", "speed_low", "speed_high",
]  # fmt: skip
LOSS_COLUMNS = [*SERIES, "loss", "best_tile", "smallest_tile", "tile", "tile_low", "tile_high"]
_POINT = ["tile", "speed", "speed_low", "speed_high"]
UNIT_COLUMNS = [*SERIES, "cores", "cell", "outcome", "repetitions", "seconds", "low", "high"]


def curves(tidy: Tidy, machine: str) -> pd.DataFrame:
    """Time and relative speed against the tile, for sizes of the study that differ in it only.

    - `seconds`: geometric mean of the correct repetitions, with its 95 % t-interval.
    - `speed`: T(best) / T(tile), best being the tile with the smallest `seconds`, where it is 1 by
      definition and has no interval. The best of several noisy times is a little too good.

    Both are NaN in a cell without times on this machine; `outcome` is empty in one that was never
    attempted.

    Args:
        tidy: the dataset.
        machine: whose times.

    Returns:
        One row per cell of the study, columns `CURVE_COLUMNS`, tiles ascending in each series.
    """
    ns = {
        (name, n)
        for name, problem in tidy.study.problems.items()
        for n in problem.ns
        if sum(size.n == n for size in problem.sizes) > 1
    }
    varied = [cell for cell in cells_of(tidy.study) if (cell.program.problem, cell.n) in ns]
    seconds, outcomes = _seconds(tidy, machine), _outcomes(tidy)
    series: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in varied:
        series.setdefault((cell.program, cell.n, cell.scale), []).append(cell)
    rows = [
        row
        for of_series in series.values()
        for row in _curve(sorted(of_series, key=lambda cell: cell.tile), seconds, outcomes)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _curve(
    series: Sequence[Cell], seconds: dict[str, list[float]], outcomes: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of one series."""
    times = [seconds.get(str(cell.name), []) for cell in series]
    means = [ratio([found]) for found in times]
    timed = [i for i, mean in enumerate(means) if math.isfinite(mean.value)]
    best = min(timed, key=lambda i: means[i].value, default=0)
    for i, cell in enumerate(series):
        itself = i == best and i in timed
        speed = Interval(1.0, math.nan, math.nan) if itself else ratio([times[best]], [times[i]])
        yield (
            _of_series(cell, outcomes)
            | {"tile": cell.tile, "repetitions": len(times[i])}
            | _limits("seconds", means[i])
            | _limits("speed", speed)
        )


def losses(curve: pd.DataFrame) -> pd.DataFrame:
    """Below which tile each series loses each of `LOSSES` of its speed.

    Tiles from the best one (see `curves`) downwards are considered. `tile` is where the speed
    falls below 1 - loss, interpolated between the logarithms of the largest tile that is slower
    than that and the next larger one. It lies between `tile_low`, the largest tile whose whole
    95 % interval is slower, and `tile_high`, the smallest from which on no interval is.

    Args:
        curve: as `curves` returns it.

    Returns:
        One row per series with a time and loss, columns `LOSS_COLUMNS`. `tile` is NaN if no tile
        down to the `smallest_tile` with a time is slower, `tile_low` if none surely is.
    """
    timed = curve[curve["speed"].notna()]
    rows = []
    for keys, series in timed.groupby(SERIES, sort=False):
        best = int(series["tile"].iloc[int(series["speed"].argmax())])
        about = dict(zip(SERIES, keys, strict=True)) | {
            "best_tile": best,
            "smallest_tile": int(series["tile"].min()),
        }
        below = series[series["tile"] <= best].sort_values("tile")
        points = [tuple(row) for row in below[_POINT].to_numpy()]
        rows += [about | {"loss": loss} | _crossing(points, 1 - loss) for loss in LOSSES]
    return pd.DataFrame(rows, columns=LOSS_COLUMNS)


def _crossing(points: Sequence[tuple[float, ...]], speed: float) -> dict[str, float]:
    """Where (tile, speed, low, high), ascending up to the best tile, falls below a speed."""
    slower = [i for i, (_, value, *_) in enumerate(points) if value < speed]
    surely = [tile for tile, value, _, high in points if _or(high, value) < speed]
    unsure = [i for i, (_, value, low, _) in enumerate(points) if _or(low, value) < speed]
    after = points[max(unsure, default=-1) + 1][0]
    tile = math.nan
    if slower:
        (left, lower, *_), (right, upper, *_) = points[max(slower) : max(slower) + 2]
        part = math.log(speed / lower) / math.log(upper / lower)
        tile = rounded(left * (right / left) ** part)
    return {"tile": tile, "tile_low": max(surely, default=math.nan), "tile_high": after}


def _or(limit: float, value: float) -> float:
    """A limit of an interval; the estimate where there is none."""
    return value if math.isnan(limit) else limit


def unit_costs(tidy: Tidy, machine: str) -> pd.DataFrame:
    """The time of one unit of the problems that do nothing n times: T / n.

    Args:
        tidy: the dataset.
        machine: whose times.

    Returns:
        One row per cell of such a problem, columns `UNIT_COLUMNS`: `seconds` of one unit, the
        geometric mean with its 95 % limits `low` and `high`, NaN in a cell without times.
    """
    names, seconds, outcomes = tidy.study.unit_costs(), _seconds(tidy, machine), _outcomes(tidy)
    rows = []
    for cell in cells_of(tidy.study):
        if cell.program.problem in names:
            times = seconds.get(str(cell.name), [])
            one = ratio([times], factor=1 / cell.n)
            rows.append(
                _of_series(cell, outcomes)
                | {"repetitions": len(times)}
                | {"seconds": one.value, "low": one.low, "high": one.high}
            )
    return pd.DataFrame(rows, columns=UNIT_COLUMNS)


def _seconds(tidy: Tidy, machine: str) -> dict[str, list[float]]:
    there = tidy.measurements[tidy.measurements["machine"] == machine]
    return {str(name): cell["seconds"].tolist() for name, cell in there.groupby("cell")}


def _outcomes(tidy: Tidy) -> dict[str, str]:
    return dict(zip(tidy.cells["cell"], tidy.cells["outcome"], strict=True))


def _of_series(cell: Cell, outcomes: dict[str, str]) -> dict[str, Any]:
    program, name = cell.program, str(cell.name)
    return {
        "model": program.model, "problem": program.problem, "framework": program.framework,
        "sample": program.sample, "n": cell.n, "scale": str(cell.scale),
        "cores": cell.scale.cores, "cell": name, "outcome": outcomes.get(name, ""),
    }  # fmt: skip


def _limits(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
