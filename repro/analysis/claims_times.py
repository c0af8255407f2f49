"""Claims that times decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, pstdev

from repro.analysis.claims import GPT, LARGE, MODELS, OPUS, PROBLEMS, Point, Seen, Verdict, Word
from repro.analysis.intervals import Interval, ratio

COMPARABLE = 1.5
"""Speedups that differ by less than this factor are comparable."""

NEAR_IDEAL = 0.8
"""Efficiency from which scaling is near ideal."""

GAIN = 1.25
"""A factor in time from which more cores are a gain."""


@dataclass
class _Pairs:
    """Ratios of times that a claim is about, each held against a bound."""

    yes: list[str] = field(default_factory=list)
    no: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    numbers: dict[str, float | int | None] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(
        self, what: str, found: Interval, points: Sequence[Point], *, holds: bool | None
    ) -> None:
        """A ratio; `holds`: whether its whole interval is on the claim's side, or beyond it."""
        group = self.open if holds is None else self.yes if holds else self.no
        group.append(f"{what} {found}")
        self.numbers[what] = found.value
        self.cells += [point.cell for point in points]

    def verdict(self) -> Verdict:
        """Supported if all hold, refuted if one does not, else open."""
        word: Word = "cannot tell"
        if self.no:
            word = "refuted"
        elif self.yes and not self.open and not self.missing:
            word = "supported"
        parts = [("holds", self.yes), ("does not hold", self.no), ("too wide to tell", self.open)]
        told = "; ".join(f"{name}: {', '.join(group)}" for name, group in parts if group)
        return Verdict(word, told or "no times", self.numbers, self.cells, self.missing)


def _side(found: Interval, bound: float) -> bool | None:
    """Is the interval above the bound, below it, or neither? Without an interval: neither."""
    if not found.known:
        return None
    return True if found.low > bound else False if found.high < bound else None


def _within(found: Interval, factor: float) -> bool | None:
    """Is the interval within a factor of 1 either way, outside of it, or neither?"""
    sides = _side(found, 1 / factor), _side(found, factor)
    if sides == (True, False):
        return True
    return False if sides in ((False, False), (True, True)) else None


def _times(points: Sequence[Point]) -> dict[int, Point]:
    return {point.cores: point for point in points if point.seconds}


def _largest_common(seen: Seen, one: Sequence[str], other: Sequence[str]) -> list[Point]:
    """Two programs' points on as many cores, the most on which both have times; or none."""
    mine, theirs = (_times(seen.first(*name)) for name in (one, other))
    common = [cores for cores in mine if cores in theirs]
    return [mine[max(common)], theirs[max(common)]] if common else []


def commercial_are_comparable(seen: Seen) -> Verdict:
    """Do GPT's and Opus's programs with Threads and MPI reach comparable speedups?"""
    pairs = _Pairs()
    for problem in PROBLEMS:
        for framework in ("threads", "mpi"):
            what = f"{problem}/{framework}"
            points = [_times(seen.first(model, problem, framework)) for model in (GPT, OPUS)]
            common = sorted(points[0].keys() & points[1].keys())
            if not common or common[-1] < LARGE or common[0] != 1:
                told = f"times of both on 1 core and on {LARGE} or more: {what}"
                pairs.missing.append(told)
                continue
            base, top = common[0], common[-1]
            four = [points[0][base], points[1][top], points[0][top], points[1][base]]
            found = ratio([p.seconds for p in four[:2]], [p.seconds for p in four[2:]])
            pairs.add(f"{what} on {top} cores", found, four, holds=_within(found, COMPARABLE))
    return pairs.verdict()


def dagger_is_weaker(seen: Seen) -> Verdict:
    """Do the commercial models' Dagger programs do worse than their Threads and MPI ones?"""
    worse: dict[str, list[str]] = {GPT: [], OPUS: []}
    compared: dict[str, int] = {GPT: 0, OPUS: 0}
    cells, missing = [], []
    for model in (GPT, OPUS):
        for plain, dagger in (("threads", "dagger"), ("mpi", "dagger-distributed")):
            for problem in PROBLEMS:
                one, other = (seen.first(model, problem, name) for name in (plain, dagger))
                known = {p.cores for p in one if p.outcome} & {p.cores for p in other if p.outcome}
                if max(known, default=0) < LARGE:
                    missing.append(f"{model}/{problem} with {plain} and {dagger} on {LARGE} cores")
                    continue
                compared[model] += 1
                both = [[p for p in points if p.cores in known] for points in (one, other)]
                cells += [point.cell for points in both for point in points]
                if _does_worse(*both):
                    worse[model].append(f"{problem}/{dagger}")
    told = "; ".join(f"{model} {len(names)} of {compared[model]}" for model, names in worse.items())
    reason = f"Dagger does worse in {told}"
    numbers = {model: len(names) for model, names in worse.items()}
    recurring = all(len(names) > 1 for names in worse.values())
    word: Word = "supported" if recurring else "cannot tell" if missing else "refuted"
    return Verdict(word, reason, numbers, cells, [] if recurring else missing)


def _does_worse(plain: Sequence[Point], dagger: Sequence[Point]) -> bool:
    """Fewer ok cells on the same cores, or slower by a gain where both are ok last."""
    well = [sum(p.outcome == "ok" for p in points) for points in (plain, dagger)]
    times = [_times(points) for points in (plain, dagger)]
    common = times[0].keys() & times[1].keys()
    if well[1] < well[0] or not common:
        return well[1] < well[0]
    top = max(common)
    return _side(ratio([times[1][top].seconds], [times[0][top].seconds]), GAIN) is True


def pi_threads_beat_dagger(seen: Seen) -> Verdict:
    """Is each model's pi with Dagger slower than with Threads, on as many cores?"""
    pairs = _Pairs()
    for model in MODELS:
        points = _largest_common(seen, (model, "pi", "dagger"), (model, "pi", "threads"))
        if not points:
            pairs.missing.append(f"times of {model}/pi with threads and dagger on as many threads")
            continue
        found = ratio([points[0].seconds], [points[1].seconds])
        what = f"{model} on {points[0].cores}: Dagger's time over Threads'"
        pairs.add(what, found, points, holds=_side(found, 1))
    return pairs.verdict()


def pi_mpi_is_near_ideal(seen: Seen) -> Verdict:
    """Is the efficiency of each model's pi with MPI near 1 on the most cores that it is ok at?"""
    pairs = _Pairs()
    for model in MODELS:
        times = _times(seen.first(model, "pi", "mpi"))
        if 1 not in times or max(times) < LARGE:
            pairs.missing.append(f"times of {model}/pi/mpi on 1 core and on {LARGE} or more")
            continue
        base, top = times[1], times[max(times)]
        found = ratio([base.seconds], [top.seconds], factor=1 / top.cores)
        what = f"{model} on {top.cores}: efficiency"
        pairs.add(what, found, [base, top], holds=_side(found, NEAR_IDEAL))
    return pairs.verdict()


def cholesky_saturates(seen: Seen) -> Verdict:
    """From 16 to 64 threads a gain, from 64 to 192 none: GPT's and Opus's Threads programs."""
    pairs = _Pairs()
    for model in (GPT, OPUS):
        times = _times(seen.first(model, "cholesky", "threads"))
        if not {16, 64, 192} <= set(times):
            pairs.missing.append(f"times of {model}/cholesky/threads at 16, 64 and 192 threads")
            continue
        for fewer, more, gains in ((16, 64, True), (64, 192, False)):
            found = ratio([times[fewer].seconds], [times[more].seconds])
            side = _side(found, GAIN)
            what = f"{model}: gain from {fewer} to {more}"
            points = [times[fewer], times[more]]
            holds = side if gains or side is None else not side
            pairs.add(what, found, points, holds=holds)
    return pairs.verdict()


def gemm_mpi_is_steadier(seen: Seen) -> Verdict:
    """Is GEMM with MPI ok at no fewer scale points than distributed Dagger, and spread less?"""
    words, told, missing, cells = [], [], [], []
    numbers: dict[str, float | int | None] = {}
    for model in MODELS:
        mpi, dagger = (seen.first(model, "gemm", name) for name in ("mpi", "dagger-distributed"))
        known = {p.cores for p in mpi if p.outcome} & {p.cores for p in dagger if p.outcome}
        if max(known, default=0) < LARGE:
            missing.append(f"{model}/gemm with mpi and dagger-distributed on {LARGE} cores or more")
            continue
        both = [[p for p in points if p.cores in known] for points in (mpi, dagger)]
        cells += [point.cell for points in both for point in points]
        well = [sum(p.outcome == "ok" for p in points) for points in both]
        spread = [median(found) if (found := list(_spreads(ps))) else None for ps in both]
        numbers |= {f"{model} mpi": spread[0], f"{model} dagger-distributed": spread[1]}
        words.append(_steadier(well, spread))
        shown = [f"{100 * s:.2g} %" if s is not None else "no times" for s in spread]
        told.append(f"{model}: ok {well[0]} and {well[1]} of {len(known)}, spread {shown[0]} "
                    f"and {shown[1]}")  # fmt: skip
    word: Word = "cannot tell"
    if words and not missing:
        word = "supported" if all(words) else "refuted"
    return Verdict(word, "; ".join(told) or "no outcomes", numbers, cells, missing)


def _steadier(well: Sequence[int], spread: Sequence[float | None]) -> bool:
    """No fewer ok cells and a smaller spread; without times of Dagger, more ok cells."""
    if spread[0] is None or spread[1] is None:
        return well[0] > well[1]
    return well[0] >= well[1] and spread[0] < spread[1]


def _spreads(points: Sequence[Point]) -> Iterator[float]:
    """Coefficient of variation of the repetitions of each point."""
    for point in points:
        if len(point.seconds) > 1:
            yield pstdev(point.seconds) / fmean(point.seconds)
