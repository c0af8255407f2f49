"""Comparable speedups: whether two models' programs scale alike."""

from itertools import product

from pydantic import PositiveFloat
from pydantic.types import PositiveInt

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import Ratios, within
from repro.claims.model import ManyPrograms, Verdict
from repro.claims.observations import Observations, with_times
from repro.study.model import Name


class ComparableSpeedups(ManyPrograms):
    """Two models' speedups over one core differ by less than a factor.

    Compared are the first samples for each problem and framework, on the most cores on which both
    have times.
    """

    models: tuple[Name, Name]
    """The two models."""

    factor: PositiveFloat
    """Factor, either way, within which speedups are comparable, with the whole 95 % interval."""

    large: PositiveInt
    """Cores on which both need times, at the least."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"times on 1 core and on {self.large} or more"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if all ratios of speedups are within the factor, refuted if one is beyond."""
        ratios = Ratios()
        for problem, framework in product(self.problems, self.frameworks):
            what = f"{problem}/{framework}"
            one, other = (
                with_times(seen.first(model, problem, framework)) for model in self.models
            )
            common = sorted(one.keys() & other.keys())
            if not common or common[-1] < self.large or common[0] != 1:
                told = f"times of both on 1 core and on {self.large} or more: {what}"
                ratios.missing.append(told)
                continue
            top = common[-1]
            points = [one[1], other[top], one[top], other[1]]
            found = ratio([p.seconds for p in points[:2]], [p.seconds for p in points[2:]])
            name = f"{what} on {top} cores"
            edge = self.factor if found.value > 1 else 1 / self.factor
            ratios.add(name, found, points, edge, holds=within(found, self.factor))
        return ratios.verdict()
