"""What ranks print through one launcher: separated by rank, and where each rank was.

Ranks that wait for each other in MPI poll, so they use all of their CPU time. Such a deadlock
differs from work in where they are, each time that they are asked.
"""

import re
from dataclasses import dataclass

from repro.measure.stacks import BUSY, IDLE, RUNTIME, Place, looks, told

FEWEST_LOOKS, MOST_LOOKS = 5, 20
"""How often every rank is asked where it is."""

_CLEAR_LOOKS = 2
"""A stack inside MPI cannot always be unwound: so many must show where a rank was."""
_SPARE_CORES = 0.5
"""Cores that Julia uses to print where it is."""

_MARK = re.compile(r"\[[^\[\]\s]*,(\d+)\]<std(?:err|out)>: ?|^(\d+): ", re.MULTILINE)
"""Open MPI's mark before each piece that a rank prints, or srun's before each line."""

_GROUP = re.compile(r"^----- rank (\d+)\n", re.MULTILINE)
"""What `grouped` writes before the output of a rank."""

_FAILED = re.compile(r"repro: rank (\d+) ended with exit code (\d+)")
"""What julia/rank.sh prints for a rank that failed."""
_ABORTED = re.compile(
    r"MPI_ABORT was invoked on rank (\d+) |called MPI_Abort\(.*\) - process (\d+)"
)
"""Open MPI's words, and MPICH's."""


def by_rank(text: str) -> dict[int, str]:
    """What each rank printed, and under -1 what the launcher printed; of grouped text, too.

    The launcher's own output has no mark: within a rank's output it is taken for that rank's.
    """
    if _GROUP.search(text):
        own, *pieces = _GROUP.split(text)
        return {-1: own} | dict(zip(map(int, pieces[::2]), pieces[1::2], strict=True))
    own, *pieces = _MARK.split(text)
    found = {-1: own}
    for open_mpi, srun, piece in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        rank = int(open_mpi or srun)
        found[rank] = found.get(rank, "") + piece
    return found


def grouped(text: str) -> str:
    """The same text for a reader: by rank, each under its number."""
    pieces = sorted((rank, words.strip("\n")) for rank, words in by_rank(text).items())
    return "".join(
        f"{words}\n" if rank < 0 else f"----- rank {rank}\n{words}\n"
        for rank, words in pieces
        if words.strip()
    )


@dataclass(frozen=True)
class FailedRank:
    """The rank that failed first."""

    rank: int
    code: int | None
    """Its exit code, 128 + number for a signal; None: it called MPI_Abort."""


def failed_rank(text: str) -> FailedRank | None:
    """The first rank that failed, from what a launcher and ranks printed; None: none did."""
    if aborted := _ABORTED.search(text):
        return FailedRank(int(aborted[1] or aborted[2]), None)
    failed = _FAILED.search(text)
    return FailedRank(int(failed[1]), int(failed[2])) if failed else None


@dataclass(frozen=True)
class Whereabouts:
    """Where all ranks of a program were while they were asked."""

    places: list[Place | None]
    """By rank: where it was all the time; None: not known often enough yet."""

    moved: bool
    """Some rank computed, or was in two places."""

    @property
    def is_settled(self) -> bool:
        """Would asking again change nothing?"""
        return self.moved or None not in self.places

    def deadlock(self, busy_cores: float) -> str | None:
        """How the ranks wait for each other; None: they do not.

        Args:
            busy_cores: cores that all used meanwhile. A rank that waits in MPI uses one.
        """
        in_mpi = sum(place is not None and place.what != IDLE for place in self.places)
        still = self.is_settled and not self.moved
        if not still or not in_mpi or busy_cores > in_mpi + _SPARE_CORES:
            return None
        return f"every rank waits: {told(filter(None, self.places), 'ranks')}"


def whereabouts(text: str, ranks: int, kernels: str = "") -> Whereabouts:
    """Where the ranks were, from what they printed when they were asked.

    Args:
        text: all that they printed.
        ranks: how many they are.
        kernels: the directory of the kernel; "" if that does not matter.
    """
    words = by_rank(text)
    clear = [clear_looks(words.get(rank, ""), kernels) for rank in range(ranks)]
    places = [found[0] if len(found) >= _CLEAR_LOOKS else None for found in clear]
    moved = [
        len(set(found)) > 1 or any(p.what in (BUSY, RUNTIME) for p in found) for found in clear
    ]
    return Whereabouts(places, any(moved))


def clear_looks(words: str, kernels: str) -> list[Place]:
    """Where one rank was, each time that it was asked and its stacks could be unwound."""
    return [place for place in looks(words, kernels) if place.what]
