"""An outcome at certain scale points: whether each model's program has it at one of them."""

from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.types import PositiveInt

from repro.claims.headline import count
from repro.claims.model import OneProblem, Text, Verdict, Word, conjunction, undecided
from repro.claims.observations import Observations, Point
from repro.study.model import Name


class OutcomeAt(OneProblem):
    """Each model's program has a certain outcome on one of several numbers of cores.

    The outcome counts where it exceeds the control's: the program's, by `attribution.fault`.
    """

    against_control: ClassVar[bool] = True

    outcome: Name
    """The outcome, not `ok`."""

    cores: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """The numbers of cores."""

    counted_as: Text
    """What the number of models with that outcome is called in `numbers`."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes at {conjunction(self.cores)} {self.unit}"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if all have it; refuted if one has other outcomes on all these cores."""
        cells, unknown, told, maybe, having, without = [], [], [], [], 0, False
        for model in self.models:
            points = seen.first(model, self.problem, self.framework)
            known = [p for p in points if p.outcome and p.cores in self.cores]
            cells += [point.cell for point in known]
            told.append(f"{model}: {', '.join(map(_told, known)) or 'no outcome'}")
            hits = [point for point in known if point.outcome == self.outcome]
            found = any(point.control.fault == "program" for point in hits)
            having += found
            open_still = undecided(hits) if not found else []
            maybe += open_still
            if {point.cores for point in known} == set(self.cores):
                without = without or not (found or open_still)
            else:
                where = f"at {conjunction(self.cores)} {self.unit}"
                unknown.append(f"{self.combination(model)} {where}")
        word: Word = "supported" if having == len(self.models) else "cannot tell"
        word = "refuted" if without else word
        missing = [*unknown, *maybe] if word == "cannot tell" else []
        numbers, told_all = {self.counted_as: having}, "; ".join(told)
        headline = count(f"models with {self.outcome}", having, len(self.models))
        needs = "" if unknown else "trials of the control"
        return Verdict(word, told_all, numbers, cells, missing, headline, needs)


def _told(point: Point) -> str:
    whose = "" if point.ok else f" ({point.control})"
    return f"{point.outcome} at {point.cores}{whose}"
