"""Scaling efficiency: whether programs scale nearly ideally."""

from pydantic import PositiveFloat
from pydantic.types import PositiveInt

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import Ratios, above
from repro.claims.model import OneProblem, Verdict
from repro.claims.observations import Observations, with_times


class Efficiency(OneProblem):
    """Each model's parallel efficiency T(1) / (p T(p)) is above a bound.

    p is the most cores on which the program has times.
    """

    above: PositiveFloat
    """The bound, which the whole 95 % interval exceeds."""

    large: PositiveInt
    """Cores on which times are needed, at the least."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"times on 1 core and on {self.large} or more"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if every efficiency is above the bound, refuted if one is below."""
        ratios = Ratios()
        for model in self.models:
            times = with_times(seen.first(model, self.problem, self.framework))
            if 1 not in times or max(times) < self.large:
                where = f"on 1 core and on {self.large} or more"
                ratios.missing.append(f"times of {self.combination(model)} {where}")
                continue
            base, top = times[1], times[max(times)]
            found = ratio([base.seconds], [top.seconds], factor=1 / top.cores)
            what = f"{model} on {top.cores}: efficiency"
            ratios.add(what, found, [base, top], self.above, holds=above(found, self.above))
        return ratios.verdict()
