"""Reach: whether each model's program is still ok on a number of cores."""

from pydantic.types import PositiveInt

from repro.claims.headline import count
from repro.claims.model import OneProblem, Verdict, Word
from repro.claims.observations import Observations


class Reach(OneProblem):
    """Each model's program is ok on a number of cores."""

    cores: PositiveInt
    """The number of cores."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes at {self.cores} {self.unit}"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if all are ok there; refuted if one is not."""
        cells, missing, told, ok = [], [], [], []
        for model in self.models:
            points = seen.first(model, self.problem, self.framework)
            known = [p for p in points if p.outcome and p.cores == self.cores]
            if not known:
                missing.append(f"{self.combination(model)} at {self.cores} {self.unit}")
                continue
            cells.append(known[0].cell)
            ok.append(known[0].ok)
            told.append(f"{model}: {known[0].outcome} at {self.cores}")
        word: Word = "cannot tell" if missing else "supported"
        word = word if all(ok) else "refuted"
        headline = count(f"ok at {self.cores} {self.unit}", sum(ok), len(ok))
        told_all = "; ".join(told) or "no outcome"
        return Verdict(word, told_all, {"ok": sum(ok)}, cells, missing, headline)
