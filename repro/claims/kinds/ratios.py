"""Ratios of times, each with its 95 % interval beside a bound: what several kinds judge by."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from repro.analysis.intervals import Interval
from repro.claims.model import Verdict, Word
from repro.claims.observations import Point


@dataclass
class Ratios:
    """The ratios that a claim is about, and what is missing for others."""

    yes: list[str] = field(default_factory=list)
    no: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    numbers: dict[str, float | int | None] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(
        self, what: str, found: Interval, points: Sequence[Point], *, holds: bool | None
    ) -> None:
        """Add a ratio.

        Args:
            what: its name.
            found: the ratio with its interval.
            points: the points whose times it is of.
            holds: whether the whole interval is on the claim's side of the bound; False: it is on
                the other; None: the bound is within it.
        """
        group = self.open if holds is None else self.yes if holds else self.no
        group.append(f"{what} {found}")
        self.numbers[what] = found.value
        self.cells += [point.cell for point in points]

    def verdict(self) -> Verdict:
        """Supported if the claim holds for all, refuted if it does not for one."""
        word: Word = "cannot tell"
        if self.no:
            word = "refuted"
        elif self.yes and not self.open and not self.missing:
            word = "supported"
        parts = [("holds", self.yes), ("does not hold", self.no), ("too wide to tell", self.open)]
        told = "; ".join(f"{name}: {', '.join(group)}" for name, group in parts if group)
        return Verdict(word, told or "no times", self.numbers, self.cells, self.missing)


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
