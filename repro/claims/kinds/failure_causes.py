"""Failure causes: whether failures at larger scale points are mostly of certain kinds."""

from collections.abc import Iterator

from pydantic.types import PositiveInt

from repro.claims.model import ManyPrograms, Names, Verdict, Word
from repro.claims.observations import Observations, at_larger_scale


class FailureCauses(ManyPrograms):
    """Programs fail at larger scale points, more than half of the time for certain causes.

    Counted are programs that are ok at their smallest scale point.
    """

    causes: Names
    """Outcomes and flags that the failures are put down to."""

    large: PositiveInt
    """Cores from which a scale point is large; each model needs an outcome at one."""

    def judge(self, seen: Observations) -> Verdict:
        """Decide what cells without an outcome, whatever theirs would be, cannot change."""
        larger = at_larger_scale(self.programs(seen))
        failed = [point for point in larger if not point.ok]
        caused = [point for point in failed if point.failures & set(self.causes)]
        never_large = list(self._never_large(seen))
        word: Word = "cannot tell"
        if not self.absent(seen) and not never_large:
            word = self._decide(len(caused), len(failed) - len(caused), self._open_cells(seen))
        missing = [*never_large, *self.unknown(seen)] if word == "cannot tell" else []
        reason = (
            f"of {len(larger)} larger scale points of programs that are ok at their smallest, "
            f"{len(failed)} failed, {len(caused)} of them by {', '.join(self.causes)}"
        )
        numbers = {"beyond": len(larger), "failed": len(failed), "blamed": len(caused)}
        return Verdict(word, reason, numbers, [point.cell for point in failed or larger], missing)

    @staticmethod
    def _decide(caused: int, others: int, open_cells: int) -> Word:
        if caused > others + open_cells:
            return "supported"
        return "cannot tell" if caused + open_cells > others else "refuted"

    def _open_cells(self, seen: Observations) -> int:
        """Cells without an outcome, of programs that may be ok at their smallest scale point."""
        return sum(
            not point.outcome
            for points in self.programs(seen).values()
            if points[0].outcome in ("ok", "")
            for point in points
        )

    def _never_large(self, seen: Observations) -> Iterator[str]:
        """Models without an outcome on many cores."""
        for model in self.models:
            every = [point for points in self.programs(seen, [model]).values() for point in points]
            if not any(point.outcome and point.cores >= self.large for point in every):
                yield f"an outcome of {model} on {self.large} cores or more"
