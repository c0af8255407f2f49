"""Steadiness: whether programs fail less and vary less with one framework than with another."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, median, pstdev, variance

from pydantic.types import PositiveInt

from repro.analysis.intervals import UNKNOWN, Interval, LogMean, half_width, rounded
from repro.claims.kinds.ratios import Ratios, above
from repro.claims.model import Claim, Verdict
from repro.claims.observations import Observations, Point, with_outcomes_in_both
from repro.study.model import Name


class Steadiness(Claim):
    """Each model's program is steadier with one framework than with another.

    Compared are the first samples on the cores on which both have an outcome. The steadier is ok
    at no fewer scale points, and its times vary less, with the whole 95 % interval of the ratio
    of the two spreads (`spread`).
    """

    problem: Name
    """The problem that it is about."""

    steadier: Name
    """The framework that is steadier."""

    other: Name
    """The framework that it is compared with."""

    large: PositiveInt
    """Cores on which both need an outcome, at the least."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes of both on {self.large} cores or more"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if it is so for every model, refuted if it is not for one."""
        ratios, told = Ratios(), []
        numbers: dict[str, float | int | None] = {}
        for model in self.models:
            both = with_outcomes_in_both(
                seen.first(model, self.problem, self.steadier),
                seen.first(model, self.problem, self.other),
            )
            if max((point.cores for point in both[0]), default=0) < self.large:
                where = f"with {self.steadier} and {self.other} on {self.large} cores or more"
                ratios.missing.append(f"{model}/{self.problem} {where}")
                continue
            ok = [sum(point.ok for point in points) for points in both]
            found = _ratio(both[1], both[0])
            points = [point for points in both for point in points]
            what = f"{model}: spread of {self.other} over {self.steadier}'s"
            ratios.add(what, found, points, 1, holds=_steadier(ok, found))
            numbers |= {f"{model} {self.steadier}": _variation(both[0])}
            numbers |= {f"{model} {self.other}": _variation(both[1])}
            scales = len({point.cores for point in both[0]})
            told.append(f"{model}: ok {ok[0]} and {ok[1]} of {scales}")
        return self._verdict(ratios.verdict(), told, numbers)

    @staticmethod
    def _verdict(
        found: Verdict, told: Sequence[str], numbers: dict[str, float | int | None]
    ) -> Verdict:
        reason = "; ".join([*told, found.reason]) if told else "no outcomes"
        return replace(found, reason=reason, numbers=numbers | dict(found.numbers))


def spread(points: Sequence[Point]) -> LogMean | None:
    """How much repetitions vary: the mean absolute deviation of the logarithms of their times.

    Deviations are from the median of the scale point, which one slow repetition does not move
    (Brown and Forsythe, JASA 69, 1974); of an odd number of times one deviation is always 0 and
    is left out (Hines and Hines, Biometrics 56, 2000).

    Returns:
        The logarithm of that mean, and its variance by the delta method; None without two
        deviations, or if all are 0.
    """
    deviations = [each for point in points for each in _deviations(point.seconds)]
    if len(deviations) < 2 or not any(deviations):  # noqa: PLR2004 - for a variance
        return None
    mean, n = fmean(deviations), len(deviations)
    return LogMean(math.log(mean), variance(deviations) / n / mean**2, n)


def _deviations(seconds: Sequence[float]) -> list[float]:
    if len(seconds) < 2 or min(seconds) <= 0:  # noqa: PLR2004
        return []
    logs = [math.log(each) for each in seconds]
    centre = median(logs)
    found = sorted(abs(each - centre) for each in logs)
    return found[1:] if len(found) % 2 else found


def _ratio(larger: Sequence[Point], smaller: Sequence[Point]) -> Interval:
    """The spread of some points over that of others, with its 95 % interval."""
    one, other = spread(larger), spread(smaller)
    if one is None or other is None:
        return UNKNOWN
    centre, half = one.mean - other.mean, half_width([one, other])
    return Interval(*(rounded(math.exp(centre + shift)) for shift in (0, -half, half)))


def _steadier(ok: Sequence[int], found: Interval) -> bool | None:
    """No fewer ok cells and a smaller spread; where one has no times, more ok cells."""
    if math.isnan(found.value):
        return ok[0] > ok[1]
    return above(found, 1) if ok[0] >= ok[1] else False


def _variation(points: Sequence[Point]) -> float | None:
    """Median of the coefficients of variation of the repetitions; None without repetitions."""
    found = [pstdev(p.seconds) / fmean(p.seconds) for p in points if len(p.seconds) > 1]
    return median(found) if found else None
