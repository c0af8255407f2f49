"""Saturation: whether more cores are a gain up to a number, and hardly any beyond."""

from pydantic import PositiveFloat
from pydantic.types import PositiveInt

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import Ratios, above
from repro.claims.model import OneProblem, Verdict, conjunction
from repro.claims.observations import Observations, with_times


class Saturation(OneProblem):
    """Each model's program gains up to a number of cores, and does not beyond.

    A gain is a fall of the time by more than a factor.
    """

    cores: tuple[PositiveInt, PositiveInt, PositiveInt]
    """Gain from the first to the second, none from the second to the third."""

    factor: PositiveFloat
    """Factor in time from which more cores are a gain, with the whole 95 % interval."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"times at {conjunction(self.cores)} {self.unit}"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if both steps are so for every model, refuted if one is not."""
        ratios = Ratios()
        few, enough, many = self.cores
        for model in self.models:
            times = with_times(seen.first(model, self.problem, self.framework))
            if not set(self.cores) <= set(times):
                where = f"at {conjunction(self.cores)} {self.unit}"
                ratios.missing.append(f"times of {self.combination(model)} {where}")
                continue
            for fewer, more, gains in ((few, enough, True), (enough, many, False)):
                found = ratio([times[fewer].seconds], [times[more].seconds])
                side = above(found, self.factor)
                holds = side if gains or side is None else not side
                what = f"{model}: gain from {fewer} to {more}"
                points = [times[fewer], times[more]]
                ratios.add(what, found, points, self.factor, holds=holds)
        return ratios.verdict()
