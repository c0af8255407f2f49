"""Recurring weakness: whether some frameworks do worse than others in several comparisons."""

from collections.abc import Sequence
from itertools import product
from typing import Annotated

from pydantic import Field, PositiveFloat
from pydantic.types import PositiveInt

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import above
from repro.claims.model import Claim, Names, Text, Verdict, Word
from repro.claims.observations import (
    Observations,
    Point,
    with_outcomes_in_both,
    with_times,
)
from repro.study.model import Name


class RecurringWeakness(Claim):
    """Each model's programs do worse with some frameworks, in more than one comparison.

    A comparison is of the first samples for a problem with a pair of frameworks, on the cores on
    which both have an outcome. The weaker framework has fewer ok cells there, or, with as many,
    takes longer by a factor on the most cores on which both have times.
    """

    problems: Names
    """The problems that it is about."""

    pairs: Annotated[tuple[tuple[Name, Name], ...], Field(min_length=1)]
    """Frameworks that are compared, the weaker second."""

    label: Text
    """What sentences call the weaker frameworks."""

    factor: PositiveFloat
    """Factor in time from which a program does worse, with the whole 95 % interval."""

    large: PositiveInt
    """Cores on which both need an outcome, at the least."""

    def judge(self, seen: Observations) -> Verdict:
        """Supported if it recurs for each model; refuted only if every comparison can be made."""
        worse, compared = dict.fromkeys(self.models, 0), dict.fromkeys(self.models, 0)
        cells, missing = [], []
        for model, (plain, weak), problem in product(self.models, self.pairs, self.problems):
            both = with_outcomes_in_both(
                seen.first(model, problem, plain), seen.first(model, problem, weak)
            )
            if max((point.cores for point in both[0]), default=0) < self.large:
                where = f"with {plain} and {weak} on {self.large} cores"
                missing.append(f"{model}/{problem} {where}")
                continue
            compared[model] += 1
            worse[model] += self._does_worse(*both)
            cells += [point.cell for points in both for point in points]
        told = "; ".join(f"{model} {worse[model]} of {compared[model]}" for model in self.models)
        recurring = all(count > 1 for count in worse.values())
        word: Word = "supported" if recurring else "cannot tell" if missing else "refuted"
        missing = [] if recurring else missing
        return Verdict(word, f"{self.label} does worse in {told}", dict(worse), cells, missing)

    def _does_worse(self, plain: Sequence[Point], weak: Sequence[Point]) -> bool:
        well = [sum(point.ok for point in points) for points in (plain, weak)]
        one, other = with_times(plain), with_times(weak)
        common = one.keys() & other.keys()
        if well[1] < well[0] or not common:
            return well[1] < well[0]
        top = max(common)
        return above(ratio([other[top].seconds], [one[top].seconds]), self.factor) is True
