"""Ratio of times: whether programs are slower with one framework than with another."""

from typing import Literal

from pydantic import PositiveFloat

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import Ratios, above
from repro.claims.model import Claim, Text, Verdict
from repro.claims.observations import Observations, with_times
from repro.study.model import Name


class TimeRatio(Claim):
    """Each model's program takes longer with one framework than with another.

    Compared are the first samples, on the most cores on which both have times.
    """

    problem: Name
    """The problem that it is about."""

    slower: Name
    """The framework that takes longer."""

    faster: Name
    """The framework that it is compared with."""

    above: PositiveFloat = 1
    """Factor that the ratio exceeds with its whole 95 % interval."""

    label: Text
    """What the ratio is called in sentences."""

    unit: Literal["threads", "cores"] = "cores"
    """What sentences call the cores of these frameworks."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"times of both on as many {self.unit}"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if the ratio of every model exceeds the factor, refuted if one is below."""
        ratios = Ratios()
        for model in self.models:
            slow, fast = (
                with_times(seen.first(model, self.problem, framework))
                for framework in (self.slower, self.faster)
            )
            cores = max(slow.keys() & fast.keys(), default=0)
            if not cores:
                both = f"with {self.faster} and {self.slower} on as many {self.unit}"
                ratios.missing.append(f"times of {model}/{self.problem} {both}")
                continue
            found = ratio([slow[cores].seconds], [fast[cores].seconds])
            points = [slow[cores], fast[cores]]
            what = f"{model} on {cores}: {self.label}"
            ratios.add(what, found, points, self.above, holds=above(found, self.above))
        return ratios.verdict()
