"""Breakdown: whether one program gets slower and then fails as it gets more cores."""

from collections.abc import Sequence

from pydantic.types import PositiveInt

from repro.claims.headline import count
from repro.claims.model import OneProblem, Verdict, Word, listed
from repro.claims.observations import Observations, Point
from repro.study.model import Name


class Breakdown(OneProblem):
    """A program is ok up to a number of cores, fails beyond, and somewhere slows down.

    It slows down where even its fastest repetition takes longer than one on fewer cores.
    """

    models: tuple[Name]
    """The one model that it is about."""

    last_ok: PositiveInt
    """Cores up to which the program is ok."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes up to {self.last_ok} {self.unit} and beyond"

    def judge(self, seen: Observations) -> Verdict:
        """Refuted if it fails earlier, or if all is measured and it never fails or slows down."""
        every = seen.first(self.models[0], self.problem, self.framework)
        points = [point for point in every if point.outcome]
        failed, slower = [point for point in points if not point.ok], _slowdowns(points)
        headline = count("cells that failed", len(failed), len(points))
        numbers = {"ok": len(points) - len(failed), "failed": len(failed), "slower": len(slower)}
        cells, reason = [point.cell for point in points], self._told(failed, slower)
        early = [point.cores <= self.last_ok for point in points]
        if any(point.cores <= self.last_ok for point in failed):
            reason = f"it fails already up to {self.last_ok} {self.unit}: {reason}"
            return Verdict("refuted", reason, numbers, cells, headline=headline)
        if all(early) or not any(early):
            where = f"up to {self.last_ok} {self.unit} and beyond"
            missing = [f"{self.combination(self.models[0])} {where}"]
            reason = reason if points else "no outcome"
            return Verdict("cannot tell", reason, numbers, cells, missing)
        if failed and slower:
            return Verdict("supported", reason, numbers, cells, headline=headline)
        missing = [point.cell for point in every if not point.outcome]
        word: Word = "cannot tell" if missing else "refuted"
        return Verdict(word, reason, numbers, cells, missing, headline)

    def _told(self, failed: Sequence[Point], slower: Sequence[int]) -> str:
        at = "; ".join(f"{point.outcome} at {point.cores}" for point in failed) or "no failure"
        where = listed([str(cores) for cores in slower]) or "none"
        return f"{at}; slower than on fewer {self.unit} at {where}"


def _slowdowns(points: Sequence[Point]) -> list[int]:
    """The cores on which the fastest repetition takes longer than one on fewer cores."""
    fastest = [(point.cores, min(point.seconds)) for point in points if point.seconds]
    return [
        cores
        for cores, seconds in fastest
        if any(other < seconds for fewer, other in fastest if fewer < cores)
    ]
