"""Outcomes counted: how many programs run at their smallest scale point."""

from pydantic import Field

from repro.claims.headline import share
from repro.claims.model import ManyPrograms, Verdict, Word
from repro.claims.observations import Observations, Point


class RunsAtSmallest(ManyPrograms):
    """At least a share of the programs run at their smallest scale point.

    A program runs if it returned something, right or wrong. One without an outcome counts for
    either side: the verdict is what it cannot change.
    """

    share: float = Field(ge=0, le=1)
    """Of the programs, from which they run reliably."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return "outcomes at the smallest scale points"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if the share runs whatever the unknown do, refuted if it cannot be reached."""
        first = [points[0] for points in self.programs(seen).values()]
        known = [point for point in first if point.outcome]
        ran = [point for point in known if _ran(point)]
        missing = self.absent(seen) + [point.cell for point in first if not point.outcome]
        every = len(known) + len(missing)
        word: Word = "cannot tell"
        if len(ran) / every >= self.share:
            word = "supported"
        elif (len(ran) + len(missing)) / every < self.share:
            word = "refuted"
        reason = (
            f"{len(ran)} of {len(known)} programs with an outcome ran; {len(missing)} have none"
        )
        numbers = {"ran": len(ran), "programs": len(known), "missing": len(missing)}
        headline = share("programs that ran", len(ran), len(known))
        return Verdict(word, reason, numbers, [point.cell for point in known], missing, headline)


def _ran(point: Point) -> bool:
    return point.outcome in ("ok", "wrong-result") or point.repetitions > 0
