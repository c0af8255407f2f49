"""An outcome at certain scale points: whether each model's program has it at one of them."""

from typing import Annotated

from pydantic import Field
from pydantic.types import PositiveInt

from repro.claims.model import OneProblem, Text, Verdict, Word, conjunction
from repro.claims.observations import Observations
from repro.study.model import Name


class OutcomeAt(OneProblem):
    """Each model's program has a certain outcome on one of several numbers of cores."""

    outcome: Name
    """The outcome."""

    cores: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """The numbers of cores."""

    counted_as: Text
    """What the number of models with that outcome is called in `numbers`."""

    def judge(self, seen: Observations) -> Verdict:
        """Supported if all have it; refuted if one has other outcomes on all these cores."""
        cells, missing, told, having, without = [], [], [], 0, False
        for model in self.models:
            points = seen.first(model, self.problem, self.framework)
            known = [p for p in points if p.outcome and p.cores in self.cores]
            cells += [point.cell for point in known]
            outcomes = ", ".join(f"{point.outcome} at {point.cores}" for point in known)
            told.append(f"{model}: {outcomes or 'no outcome'}")
            found = any(point.outcome == self.outcome for point in known)
            having += found
            if {point.cores for point in known} == set(self.cores):
                without = without or not found
            else:
                where = f"at {conjunction(self.cores)} {self.unit}"
                missing.append(f"{self.combination(model)} {where}")
        word: Word = "supported" if having == len(self.models) else "cannot tell"
        word = "refuted" if without else word
        missing = missing if word == "cannot tell" else []
        return Verdict(word, "; ".join(told), {self.counted_as: having}, cells, missing)
