"""Failure kinds: whether each of several failures occurs at larger scale points."""

from repro.claims.model import ManyPrograms, Names, Verdict, Word
from repro.claims.observations import Observations, at_larger_scale


class FailureKinds(ManyPrograms):
    """Each of several failures occurs at a larger scale point.

    Counted are programs that are ok at their smallest scale point.
    """

    failures: Names
    """Outcomes and flags."""

    def judge(self, seen: Observations) -> Verdict:
        """Supported if each occurs; refuted only if every cell has an outcome."""
        larger = at_larger_scale(self.programs(seen))
        counts = {name: sum(name in p.failures for p in larger) for name in self.failures}
        cells = [point.cell for point in larger if point.failures & set(self.failures)]
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        reason = f"of {len(larger)} larger scale points: {told}"
        if all(counts.values()):
            return Verdict("supported", reason, counts, cells)
        missing = self.unknown(seen)
        word: Word = "cannot tell" if missing else "refuted"
        return Verdict(word, reason, counts, cells or [point.cell for point in larger], missing)
