"""Ratios of times, each with its 95 % interval beside a bound: what several kinds judge by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from repro.analysis.intervals import Interval
from repro.claims.headline import Headline
from repro.claims.model import Verdict, Word
from repro.claims.observations import Point


@dataclass(frozen=True)
class _Ratio:
    what: str
    found: Interval
    holds: bool | None
    margin: float
    """Distance from the bound, as the logarithm of a factor."""

    def __str__(self) -> str:
        known = math.isfinite(self.found.value)
        return f"{self.what} {self.found}" if known else f"{self.what}: no times"


@dataclass
class Ratios:
    """The ratios that a claim is about, and what is missing for others."""

    ratios: list[_Ratio] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        found: Interval,
        points: Sequence[Point],
        bound: float,
        *,
        holds: bool | None,
    ) -> None:
        """Add a ratio.

        Args:
            what: its name.
            found: the ratio with its interval.
            points: the points whose times it is of.
            bound: what it is compared with.
            holds: whether the whole interval is on the claim's side of the bound; False: it is on
                the other; None: the bound is within it.
        """
        margin = abs(math.log(found.value / bound)) if found.value > 0 else math.inf
        self.ratios.append(_Ratio(what, found, holds, margin))
        self.cells += [point.cell for point in points]

    def verdict(self) -> Verdict:
        """Supported if the claim holds for all, refuted if it does not for one."""
        yes, no, still_open = (
            [each for each in self.ratios if each.holds is side] for side in (True, False, None)
        )
        word: Word = "cannot tell"
        if no:
            word = "refuted"
        elif yes and not still_open and not self.missing:
            word = "supported"
        parts = [("holds", yes), ("does not hold", no), ("too wide to tell", still_open)]
        told = "; ".join(f"{name}: {', '.join(map(str, group))}" for name, group in parts if group)
        numbers = {each.what: _finite(each.found.value) for each in self.ratios}
        nearest = sorted(still_open or yes, key=lambda each: each.margin)
        clearest = sorted(no, key=lambda each: -each.margin)
        known = [each for each in clearest + nearest if _finite(each.found.value)]
        headline = Headline(known[0].what, known[0].found) if known else None
        return Verdict(word, told or "no times", numbers, self.cells, self.missing, headline)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def above(found: Interval, bound: float) -> bool | None:
    """Whether the whole interval is above a bound; None if it holds it or is not known."""
    if not found.known:
        return None
    return True if found.low > bound else False if found.high < bound else None


def within(found: Interval, factor: float) -> bool | None:
    """Whether the whole interval is within a factor of 1 either way; None if only a part is."""
    sides = above(found, 1 / factor), above(found, factor)
    if sides == (True, False):
        return True
    return False if sides in ((False, False), (True, True)) else None
