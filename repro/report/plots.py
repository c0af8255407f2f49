"""Coordinates of the two kinds of small plots, which templates draw as inline SVG."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from repro.errors import UserError

WIDTH, HEIGHT = 320, 70
POINTS = 60
"""Most samples drawn; more are thinned out evenly."""
COLUMNS = ("seconds", "phase", "cpu_seconds", "memory_bytes", "threads", "runnable")


class Phase(NamedTuple):
    """The beginning of a phase of the harness."""

    x: str
    name: str


@dataclass(frozen=True)
class SamplesPlot:
    """The watchdog's samples: memory as an area, cores in use as a line.

    Attributes:
        memory: points of the area.
        cores: points of the line.
        phases: the beginning of each phase.
        seconds: time at the right end.
        most_memory: bytes at the top of the area.
        most_cores: cores at the top of the line.
        samples: number of samples.
        threads: largest number of threads.
    """

    memory: str
    cores: str
    phases: list[Phase]
    seconds: float
    most_memory: float
    most_cores: float
    samples: int
    threads: int


def samples_plot(text: str, where: str) -> SamplesPlot | None:
    """Return the plot of a `samples.csv`; None if it has fewer than two samples.

    Raises:
        UserError: the text is not such a table.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
        phases = [str(row["phase"]) for row in rows]
        time, used, memory, threads = (
            [float(row[name]) for row in rows]
            for name in ("seconds", "cpu_seconds", "memory_bytes", "threads")
        )
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{where}: damaged: {error!r}; see `repro verify`") from error
    if not all(map(math.isfinite, (*time, *used, *memory, *threads))):
        raise UserError(f"{where}: damaged: a number is not finite; see `repro verify`")
    if len(time) < 2 or time[-1] <= time[0]:  # noqa: PLR2004 - a line needs two points
        return None
    return _plot(time, phases, used, memory, int(max(threads)))


def _plot(
    time: Sequence[float],
    phases: Sequence[str],
    used: Sequence[float],
    memory: Sequence[float],
    threads: int,
) -> SamplesPlot:
    kept = _evenly(len(time))
    x = [_at((value - time[0]) / (time[-1] - time[0]), WIDTH) for value in time]
    busy = [0.0, *(_rate(used, time, i, j) for i, j in pairwise(kept))]
    most_cores, most_memory = max(1.0, *busy), max(1.0, *memory)
    area = [f"{x[i]},{_at(1 - memory[i] / most_memory, HEIGHT)}" for i in kept]
    area = [f"{x[kept[0]]},{HEIGHT}", *area, f"{x[kept[-1]]},{HEIGHT}"]
    line = [
        f"{x[i]},{_at(1 - value / most_cores, HEIGHT)}" for i, value in zip(kept, busy, strict=True)
    ]
    changes = [i for i in range(len(phases)) if i == 0 or phases[i] != phases[i - 1]]
    return SamplesPlot(
        memory=" ".join(area),
        cores=" ".join(line),
        phases=[Phase(x[i], phases[i]) for i in changes[:POINTS]],
        seconds=time[-1] - time[0],
        most_memory=most_memory,
        most_cores=most_cores,
        samples=len(time),
        threads=threads,
    )


def _evenly(count: int) -> list[int]:
    """Return at most `POINTS` numbers below `count`, including the first and the last."""
    if count <= POINTS:
        return list(range(count))
    return [round(i * (count - 1) / (POINTS - 1)) for i in range(POINTS)]


def _rate(used: Sequence[float], time: Sequence[float], i: int, j: int) -> float:
    """Return the cores in use between two samples; at least 0, since processes can end between."""
    return max(0.0, (used[j] - used[i]) / (time[j] - time[i])) if time[j] > time[i] else 0.0


def _at(share: float, length: int) -> str:
    return f"{min(max(share, 0.0), 1.0) * length:.4g}"


class Turn(NamedTuple):
    """One call of the model, for the time line."""

    step: int
    seconds: float
    """Time since the session began."""

    prompt: int
    """Tokens, including those from the cache."""

    completion: int
    dollars: float


class Mark(NamedTuple):
    """A turn on the time line."""

    step: int
    x: str
    prompt_y: str
    completion_y: str
    label: str


@dataclass(frozen=True)
class TimeLine:
    """The tokens of each turn over time, and the dollars spent so far.

    Attributes:
        turns: one mark per turn.
        spent: points of the line of dollars; empty if nothing was paid.
        seconds: time at the right end.
        most: tokens at the top.
        dollars: dollars at the top of the line.
    """

    turns: list[Mark]
    spent: str
    seconds: float
    most: int
    dollars: float


LINE_WIDTH, LINE_HEIGHT = 720, 110


def time_line(turns: Sequence[Turn], seconds: float) -> TimeLine | None:
    """Return the time line of a session; None if it has no turns.

    Args:
        turns: the turns in order.
        seconds: duration of the session.
    """
    if not turns:
        return None
    end = max(seconds, *(turn.seconds for turn in turns), 1e-3)
    most = max(1, *(max(turn.prompt, turn.completion) for turn in turns))
    total = sum(turn.dollars for turn in turns)
    marks, points, spent = [], [], 0.0
    for turn in turns:
        x = _at(turn.seconds / end, LINE_WIDTH)
        spent += turn.dollars
        prompt, completion = (
            _at(1 - count / most, LINE_HEIGHT) for count in (turn.prompt, turn.completion)
        )
        cost = f", ${spent:.4f} so far" if total else ""
        label = (
            f"step {turn.step}, {turn.seconds:.0f} s: {turn.prompt:,} tokens in, "
            f"{turn.completion:,} out{cost}"
        )
        marks.append(Mark(turn.step, x, prompt, completion, label))
        points += [f"{x},{_at(1 - spent / total, LINE_HEIGHT)}"] if total else []
    return TimeLine(marks, " ".join(points), end, most, total)
