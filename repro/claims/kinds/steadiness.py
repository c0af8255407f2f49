"""Steadiness: whether programs fail less and vary less with one framework than with another."""

from collections.abc import Sequence
from statistics import fmean, median, pstdev

from pydantic.types import PositiveInt

from repro.claims.model import Claim, Verdict, Word
from repro.claims.observations import Observations, Point, with_outcomes_in_both
from repro.study.model import Name


class Steadiness(Claim):
    """Each model's program is steadier with one framework than with another.

    Compared are the first samples on the cores on which both have an outcome. The steadier is ok
    at no fewer scale points, and the median over them of the coefficient of variation of its
    times is smaller.
    """

    problem: Name
    """The problem that it is about."""

    steadier: Name
    """The framework that is steadier."""

    other: Name
    """The framework that it is compared with."""

    large: PositiveInt
    """Cores on which both need an outcome, at the least."""

    def judge(self, seen: Observations) -> Verdict:
        """Supported if it is so for every model, refuted if every comparison can be made."""
        steady, told, missing, cells = [], [], [], []
        numbers: dict[str, float | int | None] = {}
        for model in self.models:
            both = with_outcomes_in_both(
                seen.first(model, self.problem, self.steadier),
                seen.first(model, self.problem, self.other),
            )
            if max((point.cores for point in both[0]), default=0) < self.large:
                where = f"with {self.steadier} and {self.other} on {self.large} cores or more"
                missing.append(f"{model}/{self.problem} {where}")
                continue
            cells += [point.cell for points in both for point in points]
            ok = [sum(point.ok for point in points) for points in both]
            spread = [_spread(points) for points in both]
            numbers |= {f"{model} {self.steadier}": spread[0], f"{model} {self.other}": spread[1]}
            steady.append(_steadier(ok, spread))
            scales = len({point.cores for point in both[0]})
            told.append(f"{model}: {_told(ok, spread, scales)}")
        word: Word = "cannot tell"
        if steady and not missing:
            word = "supported" if all(steady) else "refuted"
        return Verdict(word, "; ".join(told) or "no outcomes", numbers, cells, missing)


def _told(ok: Sequence[int], spread: Sequence[float | None], scales: int) -> str:
    shown = [f"{100 * each:.2g} %" if each is not None else "no times" for each in spread]
    return f"ok {ok[0]} and {ok[1]} of {scales}, spread {shown[0]} and {shown[1]}"


def _steadier(ok: Sequence[int], spread: Sequence[float | None]) -> bool:
    """No fewer ok cells and a smaller spread; where one has no times, more ok cells."""
    if spread[0] is None or spread[1] is None:
        return ok[0] > ok[1]
    return ok[0] >= ok[1] and spread[0] < spread[1]


def _spread(points: Sequence[Point]) -> float | None:
    """Median of the coefficients of variation of the repetitions; None without repetitions."""
    found = [pstdev(p.seconds) / fmean(p.seconds) for p in points if len(p.seconds) > 1]
    return median(found) if found else None
