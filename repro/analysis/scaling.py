"""Strong scaling: time, speedup, efficiency, serial fraction, and time over the vendor's."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from repro.analysis.intervals import UNKNOWN, Interval, ratio, rounded
from repro.analysis.rates import scale_of
from repro.analysis.tidy import Tidy

PROGRAM = ["machine", "model", "problem", "framework", "sample", "n", "tile"]
"""A strong-scaling series: one program, one size, one machine."""

POINT = ["cores", "nodes", "ranks", "threads"]
"""A scale point within it; the smallest comes first."""

_AT = [*POINT, "cell"]
METRICS = ("seconds", "speedup", "efficiency")
COLUMNS = [
    *PROGRAM, *POINT, "cell", "repetitions", "base_cores",
    *(name + limit for name in METRICS for limit in ("", "_low", "_high")),
    "input_seconds", "flags",
]  # fmt: skip
_CELL = ["machine", "model", "problem", "n", "framework", "sample", "cores", "cell"]
SERIAL_COLUMNS = [*_CELL, "serial_fraction", "low", "high"]
VENDOR_COLUMNS = [*_CELL, "scale", "vendor", "vendor_cell", "ratio", "low", "high"]


def scaling(measurements: pd.DataFrame) -> pd.DataFrame:
    """Time, speedup and efficiency of each cell.

    - `seconds`: geometric mean of the cell's repetitions.
    - `speedup`: T(p_0) / T(p) with p_0 the smallest scale point at which the same program has a
      time on the same machine; `base_cores` are its cores. At p_0 itself it is 1 by definition
      and has no interval. A program without a time at the study's smallest scale point is
      compared with a larger one, as `base_cores` shows.
    - `efficiency`: speedup * cores(p_0) / cores(p).
    - `input_seconds`: median part of the repetitions in which input was made; NaN if not known.
    - `flags`: those of the newest attempt.

    Each has 95 % limits `_low` and `_high` (formulas in `intervals.ratio`), NaN with fewer than
    two repetitions. Repetitions share a process, so the intervals do not cover what differs
    between processes, such as placement on the machine.

    Args:
        measurements: as in `Tidy`, one row per repetition; `seconds` in s.

    Returns:
        One row per cell and machine, columns `COLUMNS`, sorted by program, then scale point.
        `repetitions` is the number of times behind `seconds`.
    """
    rows = [row for _, series in measurements.groupby(PROGRAM) for row in _series(series)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _series(series: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of one program's scale points."""
    points = [(_point(group), group["seconds"].tolist()) for _, group in series.groupby(_AT)]
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
            | {name: point[name] for name in ("input_seconds", "flags")}
        )


def _point(repetitions: pd.DataFrame) -> "pd.Series[Any]":
    """What the repetitions of a cell have in common."""
    point = repetitions.iloc[-1].copy()
    point["input_seconds"] = repetitions["input_seconds"].median()
    return point


def _limits(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def karp_flatt(speedup: float, cores: int) -> float:
    """The experimentally determined serial fraction e = (1/S - 1/p) / (1 - 1/p).

    0 for an ideal speedup, 1 for none; negative for one above ideal. If e grows with p, it is
    overhead that limits the program, not a fixed serial part (A. H. Karp and H. P. Flatt,
    "Measuring Parallel Processor Performance", CACM 33(5), 1990).

    Args:
        speedup: S = T(1 core) / T(p cores) of the same program, positive.
        cores: p, at least 2.
    """
    return (1 / speedup - 1 / cores) / (1 - 1 / cores)


def serial_fractions(tidy: Tidy) -> pd.DataFrame:
    """Karp-Flatt's e of each cell on several cores whose program has a time on one.

    Returns:
        One row per cell, without closed forms of a vendor: columns `SERIAL_COLUMNS`; the limits are
        those of the speedup (see `scaling`), of which e is a decreasing function.
    """
    points = scaling(tidy.measurements[~tidy.closed_form(tidy.measurements)])
    usable = points[(points["base_cores"] == 1) & (points["cores"] > 1)]
    rows = []
    for _, point in usable[usable["speedup"].notna()].iterrows():
        limits = (point["speedup"], point["speedup_high"], point["speedup_low"])
        # A limit of 0 is what an absurd spread leaves of a speedup.
        found = [rounded(karp_flatt(s, point["cores"])) if s else math.inf for s in limits]
        names = ("serial_fraction", "low", "high")
        rows.append({name: point[name] for name in _CELL} | dict(zip(names, found, strict=True)))
    return pd.DataFrame(rows, columns=SERIAL_COLUMNS)


def against_vendor(tidy: Tidy) -> pd.DataFrame:
    """Time of each cell over that of the vendor's library on as many cores of the same machine.

    2 means that the program takes twice as long. There is no row for cells on more cores than a
    node has, because the vendor runs on one node, nor for problems whose vendor program is a
    closed form, whose time measures no work. Of several vendor programs the fastest counts.

    Returns:
        One row per cell of another model, columns `VENDOR_COLUMNS`, with Welch's 95 % limits.
    """
    baselines = [name for name, model in tidy.study.models.items() if model.baseline]
    times = tidy.measurements[~tidy.closed_form(tidy.measurements)].copy()
    times["scale"] = scale_of(times)
    own = times["model"].isin(baselines)
    rows = [
        row
        for _, alike in times[~own].groupby(["machine", "problem", "n", "cores"], sort=False)
        for row in _beside(alike, times[own])
    ]
    return pd.DataFrame(rows, columns=VENDOR_COLUMNS)


def _beside(cells: pd.DataFrame, vendors: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Cells of one machine, problem, size and number of cores beside the fastest vendor's."""
    like = cells.iloc[0]
    same = [vendors[name] == like[name] for name in ("machine", "problem", "n", "cores")]
    beside = vendors[same[0] & same[1] & same[2] & same[3]]
    candidates = [
        (str(name), str(one["model"].iloc[0]), one["seconds"].tolist())
        for name, one in beside.groupby("cell", sort=False)
    ]
    if not candidates:
        return
    name, model, seconds = min(candidates, key=lambda one: ratio([one[2]]).value)
    for _, cell in cells.groupby("cell", sort=False):
        first = cell.iloc[0]
        found: Interval = ratio([cell["seconds"].tolist()], [seconds])
        if found == UNKNOWN:
            continue
        yield {key: first[key] for key in (*_CELL, "scale")} | {
            "vendor": model, "vendor_cell": name,
            "ratio": found.value, "low": found.low, "high": found.high,
        }  # fmt: skip
