"""Failure causes: whether failures at larger scale points are mostly of certain kinds."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from pydantic.types import PositiveInt

from repro.claims.headline import share
from repro.claims.model import ManyPrograms, Names, Verdict, Word, undecided
from repro.claims.observations import Observations, Point, at_larger_scale


class _Counts(NamedTuple):
    """Failed cells, by cause."""

    caused: int
    others: int


class FailureCauses(ManyPrograms):
    """Programs fail at larger scale points, more than half of the time for certain causes.

    Counted are programs that are ok at their smallest scale point, and of their failures those
    that exceed the control's (`attribution.fault`): the framework's are left out, and of those
    undecided the verdict is what they cannot change.
    """

    against_control: ClassVar[bool] = True

    causes: Names
    """Outcomes and flags that the failures are put down to."""

    large: PositiveInt
    """Cores from which a scale point is large; each model needs an outcome at one."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes on {self.large} cores or more"

    def judge(self, seen: Observations) -> Verdict:
        """Decide what cells without an outcome, whatever theirs would be, cannot change."""
        larger = at_larger_scale(self.programs(seen))
        failed = [point for point in larger if not point.ok]
        own, maybe = (self._counts(failed, fault) for fault in ("program", "undecided"))
        never_large = list(self._never_large(seen))
        word: Word = "cannot tell"
        if not self.absent(seen) and not never_large:
            word = self._decide(own, maybe, self._open_cells(seen))
        missing, needs = [], ""
        if word == "cannot tell":
            unknown = [*never_large, *self.unknown(seen)]
            missing = [*unknown, *undecided(failed)]
            needs = "" if unknown else "trials of the control"
        numbers = {
            "beyond": len(larger), "failed": len(failed), "exceeding": sum(own),
            "undecided": sum(maybe), "blamed": own.caused,
        }  # fmt: skip
        reason = self._told(numbers)
        headline = share("share of the programs' failures", own.caused, sum(own))
        cells = [point.cell for point in failed or larger]
        return Verdict(word, reason, numbers, cells, missing, headline, needs)

    def _told(self, numbers: dict[str, int]) -> str:
        like_control = numbers["failed"] - numbers["exceeding"] - numbers["undecided"]
        return (
            f"of {numbers['beyond']} larger scale points of programs that are ok at their "
            f"smallest, {numbers['failed']} failed: {numbers['exceeding']} more often than the "
            f"control, {like_control} as the control does, {numbers['undecided']} undecided; of "
            f"the {numbers['exceeding']}, {numbers['blamed']} by {', '.join(self.causes)}"
        )

    def _counts(self, failed: Sequence[Point], fault: str) -> _Counts:
        blamed = [
            point.failures & set(self.causes) for point in failed if point.control.fault == fault
        ]
        return _Counts(sum(map(bool, blamed)), sum(not causes for causes in blamed))

    @staticmethod
    def _decide(own: _Counts, maybe: _Counts, open_cells: int) -> Word:
        if own.caused > own.others + maybe.others + open_cells:
            return "supported"
        most = own.caused + maybe.caused + open_cells
        return "cannot tell" if most > own.others else "refuted"

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
