"""Failure rate: whether programs fail in certain ways in more than a share of their trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pydantic.types import PositiveInt

from repro.analysis.attribution import exact_interval
from repro.claims.headline import Headline
from repro.claims.kinds.ratios import above
from repro.claims.model import Names, OneProblem, Verdict, Word, conjunction
from repro.claims.observations import Observations, Point


@dataclass(frozen=True)
class _Rate:
    where: str
    failed: int
    of: int
    bound: float

    @property
    def headline(self) -> Headline:
        return Headline(self.where, exact_interval(self.failed, self.of), "share")

    @property
    def exceeds(self) -> bool | None:
        return above(self.headline.found, self.bound)

    def __str__(self) -> str:
        return f"{self.where}: {self.failed} of {self.of} ({self.headline.interval})"


class FailureRate(OneProblem):
    """Each model's program has one of certain outcomes in more than a share of its trials.

    Trials are all attempts of a cell, also on fewer cores than threads: an outcome is not a time.
    Each number of threads is judged on its own, and named with the cores that it ran on.
    """

    outcomes: Names
    """The outcomes, without `ok`."""

    cores: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """Numbers of threads, each of which has a core only on a machine with enough."""

    above: float = Field(ge=0, lt=1)
    """Share of the trials that the whole exact 95 % interval exceeds, at one of the numbers."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"trials at {conjunction(self.cores)} {self.unit}"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if each model's rate is above somewhere; refuted if one's is below on all."""
        cells, missing, rates = [], [], []
        for model in self.models:
            points = seen.first(model, self.problem, self.framework)
            tried = [point for point in points if point.trials and point.cores in self.cores]
            cells += [point.cell for point in tried]
            rates.append([self._rate(model, point) for point in tried])
            if lacking := sorted({*self.cores} - {point.cores for point in tried}):
                where = f"at {conjunction(lacking)} {self.unit}"
                missing.append(f"trials of {self.combination(model)} {where}")
        word = self._word(rates)
        every = [rate for group in rates for rate in group]
        told = "; ".join(map(str, every)) or "no trials"
        numbers = {rate.where: rate.headline.found.value for rate in every}
        missing = missing if word == "cannot tell" else []
        return Verdict(word, told, numbers, cells, missing, _headline(every, word))

    def _word(self, rates: Sequence[Sequence[_Rate]]) -> Word:
        if all(any(rate.exceeds for rate in group) for group in rates):
            return "supported"
        below = [[rate for rate in group if rate.exceeds is False] for group in rates]
        return "refuted" if any(len(group) == len(self.cores) for group in below) else "cannot tell"

    def _rate(self, model: str, point: Point) -> _Rate:
        outcomes = [trial.outcome for trial in point.trials]
        there = max(trial.cores for trial in point.trials)
        on = f" on {there} core{'s' * (there != 1)}" if there else ""
        where = f"{' or '.join(self.outcomes)} of {model} at {point.cores} {self.unit}{on}"
        failed = sum(outcome in self.outcomes for outcome in outcomes)
        return _Rate(where, failed, len(outcomes), self.above)


def _headline(rates: Sequence[_Rate], word: Word) -> Headline | None:
    """The rate that decides: the highest, by its lower limit if that supports the claim."""
    found = [rate.headline for rate in rates]
    if word == "supported":
        return max(found, key=lambda each: each.found.low)
    return max(found, key=lambda each: each.found.high, default=None)
