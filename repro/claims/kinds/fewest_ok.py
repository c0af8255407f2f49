"""Outcomes compared: whether one model has the smallest share of ok cells at larger scale."""

from collections.abc import Mapping, Sequence
from itertools import product

from pydantic.types import PositiveInt

from repro.claims.headline import share
from repro.claims.model import ManyPrograms, Verdict, Word, in_words
from repro.claims.observations import Observations, Point
from repro.study.model import Name

Common = Mapping[str, Sequence[Point]]
"""The points of each model, on the same numbers of cores."""


class FewestOk(ManyPrograms):
    """One model's share of ok is the smallest at larger scale points.

    Compared are the scale points at which all the models have an outcome.
    """

    worst: Name
    """The model, one of `models`."""

    large: PositiveInt
    """Cores from which a scale point is large; each problem and framework needs one."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return f"outcomes on {self.large} cores in each framework"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if its share is below that of each other model."""
        ok: dict[str, list[bool]] = {model: [] for model in self.models}
        cells, missing, together = [], [], in_words(len(self.models))
        for problem, framework in product(self.problems, self.frameworks):
            common, largest = self._common(seen, problem, framework)
            if largest < self.large:
                told = f"of all {together} models on {self.large} cores or more"
                missing.append(f"{problem}/{framework} {told}")
            for model, points in common.items():
                ok[model] += [point.ok for point in points]
                cells += [point.cell for point in points]
        told = ", ".join(f"{model} {sum(well)} of {len(well)}" for model, well in ok.items())
        reason = f"ok at larger scale points where all {together} have an outcome: {told}"
        shares = {model: sum(well) / len(well) if well else None for model, well in ok.items()}
        word: Word = "cannot tell" if missing else self._decide(shares)
        mine = ok.get(self.worst, [])
        headline = share(f"cells of {self.worst} that are ok", sum(mine), len(mine))
        return Verdict(word, reason, shares, cells, missing, headline)

    def _decide(self, shares: Mapping[str, float | None]) -> Word:
        others = [share for model, share in shares.items() if model != self.worst]
        worst = shares.get(self.worst)
        if worst is None:
            return "cannot tell"
        below = all(share is not None and worst < share for share in others)
        return "supported" if below else "refuted"

    def _common(self, seen: Observations, problem: str, framework: str) -> tuple[Common, int]:
        """Points at the larger scale points that all models share, and the most cores of them."""
        found = {model: _by_cores(seen, model, problem, framework) for model in self.models}
        smallest = min((cores for known in found.values() for cores in known), default=0)
        common = set.intersection(*(set(known) for known in found.values())) - {smallest}
        points = {
            model: [point for cores in sorted(common) for point in known[cores]]
            for model, known in found.items()
        }
        return points, max(common, default=0)


def _by_cores(
    seen: Observations, model: str, problem: str, framework: str
) -> dict[int, list[Point]]:
    """Points with an outcome, of all samples, by their cores."""
    found: dict[int, list[Point]] = {}
    for points in seen.of([model], [problem], [framework]).values():
        for point in points:
            if point.outcome:
                found.setdefault(point.cores, []).append(point)
    return found
