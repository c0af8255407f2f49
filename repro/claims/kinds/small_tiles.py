"""Small tiles: whether programs lose more speed on them with one framework than with another."""

from collections.abc import Mapping
from statistics import geometric_mean

from pydantic import PositiveFloat

from repro.analysis.intervals import ratio
from repro.claims.kinds.ratios import Ratios, above
from repro.claims.model import Claim, Verdict
from repro.claims.observations import Observations, Point
from repro.study.model import Name

_Tiles = Mapping[int, Mapping[int, Point]]
"""By cores, the points with times by their tiles."""


class SmallTiles(Claim):
    """Each model's program loses more speed on small tiles with one framework than with another.

    Compared are the first samples, on the most cores on which both have times with several tiles.
    What a program loses is its time with the smallest tile that both have times with, over that
    with its own best tile.
    """

    problem: Name
    """The problem that it is about."""

    weaker: Name
    """The framework that loses more."""

    other: Name
    """The framework that it is compared with."""

    above: PositiveFloat
    """Factor that the ratio of the two losses exceeds with its whole 95 % interval."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return "times of both with several tiles"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if the ratio of every model exceeds the factor, refuted if one is below."""
        ratios = Ratios()
        for model in self.models:
            weak, other = (
                seen.tiles(model, self.problem, framework)
                for framework in (self.weaker, self.other)
            )
            cores = max((n for n in weak if len(_shared(weak, other, n)) > 1), default=0)
            if not cores:
                both = f"with {self.other} and {self.weaker}, with several tiles"
                ratios.missing.append(f"times of {model}/{self.problem} {both}")
                continue
            smallest = min(_shared(weak, other, cores))
            small = [each[cores][smallest] for each in (weak, other)]
            best = [_best(each[cores]) for each in (weak, other)]
            found = ratio(
                [point.seconds for point in (small[0], best[1])],
                [point.seconds for point in (small[1], best[0])],
            )
            where = f"{model} on {cores} cores, tiles of {smallest}"
            what = f"{where}: {self.weaker}'s loss of speed over {self.other}'s"
            holds = above(found, self.above)
            ratios.add(what, found, [*small, *best], self.above, holds=holds)
        return ratios.verdict()


def _shared(one: _Tiles, other: _Tiles, cores: int) -> set[int]:
    return set(one.get(cores, {})) & set(other.get(cores, {}))


def _best(points: Mapping[int, Point]) -> Point:
    return min(points.values(), key=lambda point: geometric_mean(point.seconds))
