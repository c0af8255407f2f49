"""Failure kinds: whether each of several failures occurs at larger scale points."""

from collections.abc import Sequence
from typing import ClassVar

from repro.claims.headline import count
from repro.claims.model import ManyPrograms, Names, Verdict, Word, undecided
from repro.claims.observations import Observations, Point, at_larger_scale
from repro.measure.outcomes import PROGRAM_OUTCOMES


class FailureKinds(ManyPrograms):
    """Each of several failures occurs at a larger scale point.

    Counted are programs that are ok at their smallest scale point, and of their failures those
    that exceed the control's: an outcome that is the program's (`attribution.fault`), a flag that
    no trial of the control has.
    """

    against_control: ClassVar[bool] = True

    failures: Names
    """Outcomes and flags."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return "an outcome of every cell"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if each occurs; refuted only if every cell has an outcome."""
        larger = at_larger_scale(self.programs(seen))
        failing = {name: [p for p in larger if name in p.failures] for name in self.failures}
        own = {
            name: [point for point in points if _exceeds(point, name)]
            for name, points in failing.items()
        }
        counts = {name: len(points) for name, points in own.items()}
        told = ", ".join(f"{counts[name]} of {len(failing[name])} {name}" for name in failing)
        reason = f"of {len(larger)} larger scale points, more often than the control: {told}"
        headline = count("kinds of failure found", sum(map(bool, own.values())), len(own))
        seen_failing = [point for points in failing.values() for point in points]
        cells = _names([point for points in own.values() for point in points])
        if all(counts.values()):
            return Verdict("supported", reason, counts, cells, headline=headline)
        unknown = self.unknown(seen)
        absent = [name for name in own if not own[name]]
        open_still = [p for name in absent for p in failing[name] if _open(p, name)]
        missing = unknown + undecided(open_still)
        word: Word = "cannot tell" if missing else "refuted"
        needs = "" if unknown else "trials of the control"
        cells = cells or _names(seen_failing or larger)
        return Verdict(word, reason, counts, cells, missing, headline, needs)


def _exceeds(point: Point, name: str) -> bool:
    if name in PROGRAM_OUTCOMES:
        return point.control.fault == "program"
    return bool(point.control.of) and name not in point.control.flags


def _open(point: Point, name: str) -> bool:
    """Whether more trials of the control could tell."""
    if name in PROGRAM_OUTCOMES:
        return point.control.fault == "undecided"
    return not point.control.of


def _names(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.cell for point in points))
