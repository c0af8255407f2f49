"""Recurring weakness: whether some frameworks do worse than others in several comparisons."""

from collections.abc import Sequence
from itertools import product
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat
from pydantic.types import PositiveInt

from repro.analysis.intervals import ratio
from repro.claims.headline import count
from repro.claims.kinds.ratios import above
from repro.claims.model import Claim, Names, Text, Verdict, Word, undecided
from repro.claims.observations import (
    Observations,
    Point,
    with_outcomes_in_both,
    with_times,
)
from repro.study.model import Name

Pair = tuple[Sequence[Point], Sequence[Point]]
"""The points of two programs, the weaker framework's second."""


class RecurringWeakness(Claim):
    """Each model's programs do worse with some frameworks, in more than one comparison.

    A comparison is of the first samples for a problem with a pair of frameworks, on the cores on
    which both have an outcome. The weaker framework fails in more cells by the program's fault
    (`attribution.fault`), or, if not, its time over the other's is larger than the control's by a
    factor, on the most cores on which both have times and the control has them too.
    """

    against_control: ClassVar[bool] = True

    problems: Names
    """The problems that it is about."""

    pairs: Annotated[tuple[tuple[Name, Name], ...], Field(min_length=1)]
    """Frameworks that are compared, the weaker second."""

    label: Text
    """What sentences call the weaker frameworks."""

    factor: PositiveFloat
    """Factor in time, over the control's, from which a program does worse, with the whole 95 %
    interval."""

    large: PositiveInt
    """Cores on which both need an outcome, at the least."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes on {self.large} cores or more"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if it recurs for each model; refuted only if every comparison can be made."""
        worse, compared = dict.fromkeys(self.models, 0), dict.fromkeys(self.models, 0)
        cells: list[str] = []
        unknown: list[str] = []
        maybe: list[str] = []
        for model, (plain, weak), problem in product(self.models, self.pairs, self.problems):
            both = with_outcomes_in_both(
                seen.first(model, problem, plain), seen.first(model, problem, weak)
            )
            if max((point.cores for point in both[0]), default=0) < self.large:
                where = f"with {plain} and {weak} on {self.large} cores"
                unknown.append(f"{model}/{problem} {where}")
                continue
            control = tuple(seen.first(seen.control, problem, each) for each in (plain, weak))
            does_worse, lacks = self._does_worse(both, (control[0], control[1]))
            compared[model] += 1
            worse[model] += does_worse
            maybe += [f"{model}/{problem} with {plain} and {weak}: {each}" for each in lacks]
            cells += [point.cell for points in both for point in points]
        return self._verdict(worse, compared, cells, unknown, maybe)

    def _verdict(
        self,
        worse: dict[str, int],
        compared: dict[str, int],
        cells: Sequence[str],
        unknown: Sequence[str],
        maybe: Sequence[str],
    ) -> Verdict:
        told = "; ".join(f"{model} {worse[model]} of {compared[model]}" for model in self.models)
        reason = f"{self.label} does worse, beyond the control, in {told}"
        recurring = all(number > 1 for number in worse.values())
        missing = [] if recurring else [*unknown, *maybe]
        word: Word = "supported" if recurring else "cannot tell" if missing else "refuted"
        fewest = min(self.models, key=lambda model: worse[model])
        what = f"comparisons in which {self.label} does worse, {fewest}"
        headline = count(what, worse[fewest], compared[fewest])
        needs = "" if unknown else "trials of the control"
        return Verdict(word, reason, dict(worse), cells, missing, headline, needs)

    def _does_worse(self, both: Pair, control: Pair) -> tuple[bool, Sequence[str]]:
        """Whether it does, and what is missing of the control to tell."""
        faults = [[p.control.fault for p in points if not p.ok] for points in both]
        own, maybe = ([f.count(word) for f in faults] for word in ("program", "undecided"))
        if own[1] > own[0] + maybe[0]:
            return True, ()
        if own[1] + maybe[1] > own[0]:
            return False, undecided([point for points in both for point in points])
        plain, weak, of_plain, of_weak = map(with_times, (*both, *control))
        common = plain.keys() & weak.keys()
        shared = common & of_plain.keys() & of_weak.keys()
        if not shared:
            return False, ["times of the control"] if common else ()
        top = max(shared)
        found = ratio(
            [weak[top].seconds, of_plain[top].seconds], [plain[top].seconds, of_weak[top].seconds]
        )
        return above(found, self.factor) is True, ()
