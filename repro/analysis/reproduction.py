"""Reproduction: whether a cell of the archive gives the same result on this machine.

Machines differ, so seconds are not compared. On each machine the cell is set against the
reference program of the same problem and size on one thread: S = T(baseline) / T(cell). The cell
is reproduced if its outcome is the same and S is the same within a margin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from repro.analysis.intervals import Interval, LogMean, half_width, log_mean, ratio
from repro.measure.outcomes import OUR_OUTCOMES, counting
from repro.study.names import CellName, Program, ScalePoint

MARGIN = 1.25
"""S may differ by this factor either way: the limits 0.80 to 1.25 of bioequivalence, which are
symmetric on the logarithmic scale (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987)."""

ENOUGH = (3, 5, 10, 20, 50, 100)
"""Numbers of repetitions that advice may name."""

Word = Literal["reproduced", "differs", "cannot tell"]


@dataclass(frozen=True)
class TimedAttempt:
    """An attempt as a comparison needs it: `seconds` are the times of its correct repetitions."""

    number: int
    outcome: str
    seconds: tuple[float, ...] = ()
    detail: str = ""
    cores: int | None = None
    """Cores that it could run on; None: not known."""
    place: str = ""
    """The machine and the version of Julia, in words; empty: not known."""


@dataclass(frozen=True)
class Side:
    """The attempts on one machine, of the cell and its baseline; `where` names it in sentences."""

    where: str
    cell: tuple[TimedAttempt, ...]
    baseline: tuple[TimedAttempt, ...]
    newest: bool = False
    """Does the newest attempt count, as of a cell that is rerun to see what comes of it now?"""

    @property
    def counts(self) -> TimedAttempt | None:
        """The attempt whose outcome is the cell's: by `outcomes.counting`, or the newest.

        The newest is the newest that the infrastructure did not fail, if there is one.
        """
        by_number = sorted(self.cell, key=lambda attempt: attempt.number)
        if self.newest:
            own = [attempt for attempt in by_number if attempt.outcome != "infrastructure"]
            return next(reversed(own or by_number), None)
        index = counting([attempt.outcome for attempt in by_number])
        return None if index is None else by_number[index]

    @property
    def outcome(self) -> str:
        """The outcome of the cell; empty if it was never attempted."""
        return self.counts.outcome if self.counts else ""

    @property
    def speedup(self) -> Interval:
        """S = T(baseline) / T(cell) on this machine."""
        return ratio([times(self.baseline)], [times(self.cell)])

    @property
    def place(self) -> str:
        """The machine and Julia of the attempt that counts; empty: not known, or no attempt."""
        return self.counts.place if self.counts else ""


@dataclass(frozen=True)
class Verdict:
    """Whether a cell is reproduced, and why.

    Attributes:
        word: `reproduced`, `differs` or `cannot tell`.
        reason: why, and what would decide it, in a sentence.
        archive: S in the archive, if speeds were compared.
        here: S on this machine.
        ratio: S here over S in the archive.
    """

    word: Word
    reason: str
    archive: Interval | None = None
    here: Interval | None = None
    ratio: Interval | None = None


def baseline_of(cell: CellName) -> CellName:
    """The reference program of the same problem and size on one thread."""
    program = Program("reference", cell.program.problem, "threads", 0)
    return CellName(program, ScalePoint(1, 1, 1), cell.n, cell.tile)


def times(attempts: Sequence[TimedAttempt]) -> list[float]:
    """Times in seconds of all `ok` attempts."""
    return [value for attempt in attempts if attempt.outcome == "ok" for value in attempt.seconds]


def judge(cell: CellName, archive: Side, here: Side) -> Verdict:
    """Compare a cell in the archive with the same cell on this machine.

    Outcomes come first. If both are `ok`, an equivalence test of S follows (`_equivalence`): two
    one-sided tests at 2.5 % each, so that the 95 % interval must be within the margin.
    """
    unusable = _no_outcome(cell, archive) or _no_outcome(cell, here)
    unusable = unusable or _too_few_cores(cell, archive) or _too_few_cores(cell, here)
    if unusable:
        return unusable
    then, now = archive.outcome, here.outcome
    if then != now:
        return Verdict("differs", f"{then} {archive.where}, {now} {here.where}")
    if then != "ok":
        return Verdict("reproduced", f"the same outcome: {then}")
    if cell == baseline_of(cell):
        told = "ok on both; the cell is the baseline itself, so only outcomes can be compared"
        return Verdict("reproduced", told)
    return _no_interval(cell, archive) or _no_interval(cell, here) or _equivalence(archive, here)


def _no_outcome(cell: CellName, side: Side) -> Verdict | None:
    """Why there is no outcome of the program, if so."""
    found = side.counts
    if found is None:
        return Verdict("cannot tell", f"no attempt of {cell} {side.where}")
    if found.outcome in OUR_OUTCOMES:
        why = f": {found.detail}" if found.detail else ""
        return Verdict("cannot tell", f"{found.outcome} {side.where}{why}")
    return None


def _too_few_cores(cell: CellName, side: Side) -> Verdict | None:
    """Whether it had fewer cores than threads, which can change its outcome, and does its time."""
    found, wanted = side.counts, cell.scale.cores
    if found is None or found.cores is None or found.cores >= wanted:
        return None
    told = f"{found.cores} cores for {wanted} threads {side.where}: another machine would tell"
    return Verdict("cannot tell", f"{found.outcome} on {told}")


def _no_interval(cell: CellName, side: Side) -> Verdict | None:
    """Why there is no interval of S on one machine, if so."""
    for name, attempts in ((cell, side.cell), (baseline_of(cell), side.baseline)):
        seconds = times(attempts)
        if not seconds:
            return Verdict("cannot tell", f"the same outcome, but no time of {name} {side.where}")
        if min(seconds) <= 0:
            told = (
                f"the same outcome, but {name} takes less time than the clock resolves {side.where}"
            )
            return Verdict("cannot tell", told)
        if len(seconds) == 1:
            told = f"the same outcome, but only one repetition of {name} {side.where}"
            return Verdict("cannot tell", f"{told}: repeat with --repeat {ENOUGH[1]}")
    return None


def _equivalence(archive: Side, here: Side) -> Verdict:
    """Is S here over S in the archive within the margin? Two one-sided tests."""
    samples = [times(attempts) for attempts in (here.baseline, archive.cell)]
    others = [times(attempts) for attempts in (here.cell, archive.baseline)]
    found = ratio(samples, others)
    if found.low >= 1 / MARGIN and found.high <= MARGIN:
        word: Word = "reproduced"
        reason = f"the same outcome, and {_change(found)}: within a factor of {MARGIN}"
    elif found.high < 1 / MARGIN or found.low > MARGIN:
        word, reason = "differs", f"the same outcome, but {_change(found)}"
    else:
        word, reason = "cannot tell", f"{_change(found)}: {_advice(archive, here, found)}"
    return Verdict(word, reason, archive.speedup, here.speedup, found)


def _change(found: Interval) -> str:
    """'1.8 times slower (1.6 to 2.1)': the cell here, each machine measured by its baseline."""
    value = found.value
    if value >= 1:
        factor, low, high, way = value, found.low, found.high, "faster"
    else:
        factor, low, high, way = 1 / value, 1 / found.high, 1 / found.low, "slower"
    return f"relative to the baseline {factor:.2f} times {way} here ({low:.2f} to {high:.2f})"


def _advice(archive: Side, here: Side, found: Interval) -> str:
    """How many repetitions here would take the margin's ends out of the interval.

    More repetitions reduce the variance here, not that of the archive. The estimate is assumed to
    stay where it is, which it need not.
    """
    room = abs(math.log(MARGIN) - abs(math.log(found.value)))
    if repeat := _enough(_means(archive), _means(here), room):
        return f"the interval is too wide to tell; repeat with --repeat {repeat}"
    return (
        f"too near to {MARGIN}, or too variable in the archive, for repetitions here to decide it"
    )


def repetitions_to_tell(
    above: Sequence[Sequence[float]], below: Sequence[Sequence[float]], factor: float
) -> int | None:
    """How many repetitions of each sample would take a factor's ends out of a ratio's interval.

    Args:
        above: samples of times in seconds whose geometric means multiply.
        below: samples whose means divide.
        factor: by how much the ratio may differ, either way.

    Returns:
        One of `ENOUGH`, if the estimate and the variances stay; None if none of them suffices.
    """
    signed = [(1, log_mean(sample)) for sample in above] + [(-1, log_mean(s)) for s in below]
    means = [(sign, mean) for sign, mean in signed if mean is not None]
    centre = abs(math.fsum(sign * mean.mean for sign, mean in means))
    return _enough([], [mean for _, mean in means], abs(math.log(factor) - centre))


def _enough(fixed: list[LogMean], moving: list[LogMean], room: float) -> int | None:
    """How many repetitions of `moving` make half the interval less than `room`."""
    now = min(mean.n for mean in moving)
    for repeat in (number for number in ENOUGH if number > now):
        grown = [replace(m, variance=m.variance * m.n / repeat, n=repeat) for m in moving]
        if half_width(fixed + grown) < room:
            return repeat
    return None


def _means(side: Side) -> list[LogMean]:
    means = (log_mean(times(attempts)) for attempts in (side.cell, side.baseline))
    return [mean for mean in means if mean is not None]
