"""The number that decides a claim, as tables print it."""

import math
from dataclasses import dataclass
from typing import Literal

from repro.analysis.attribution import exact_interval
from repro.analysis.intervals import Interval

Form = Literal["ratio", "share", "count"]


@dataclass(frozen=True)
class Headline:
    """The number that decides a claim.

    Attributes:
        what: what it is.
        found: the number, with its 95 % interval if it has one.
        form: a ratio, a share (printed in percent) or a count.
        of: of how many, for a count.
    """

    what: str
    found: Interval
    form: Form = "ratio"
    of: int = 0

    @property
    def number(self) -> str:
        """The number: `0.978`, `95 %` or `2 of 3`."""
        if self.form == "count":
            return f"{self.found.value:.0f} of {self.of}"
        return (
            f"{100 * self.found.value:.3g} %" if self.form == "share" else _text(self.found.value)
        )

    @property
    def interval(self) -> str:
        """The interval: `0.971 to 0.985` or `75 to 100 %`; empty if it has none."""
        if not self.found.known:
            return ""
        if self.form == "share":
            return f"{100 * self.found.low:.3g} to {100 * self.found.high:.3g} %"
        return f"{_text(self.found.low)} to {_text(self.found.high)}"


def share(what: str, count: int, of: int) -> Headline | None:
    """A share of trials, programs or cells with its exact interval; None if there are none."""
    return Headline(what, exact_interval(count, of), "share") if of else None


def count(what: str, number: int, of: int) -> Headline | None:
    """A number of things that are all there is, so without an interval; None if there are none."""
    return Headline(what, Interval(number, math.nan, math.nan), "count", of) if of else None


def _text(value: float) -> str:
    """Four significant digits of most ratios: a limit beside its bound must not look equal."""
    digits = 3 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004
    return f"{value:.{digits}f}"
