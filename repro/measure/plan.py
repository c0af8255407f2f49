"""What an attempt is to run, with what, and until when: `attempt.json`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an attempt may take; the watchdog ends what takes more."""

    time_s: float
    stall_s: float
    """Seconds without CPU time and without a sign of life that make a deadlock."""

    memory_bytes: int
    """Resident, on each node."""


@dataclass(frozen=True)
class Plan:
    """One attempt, written down before anything starts."""

    cell: str
    """The cell's name."""

    attempt: int
    """The attempt's number, from 1."""

    command: tuple[str, ...]
    env: dict[str, str]
    """All environment variables of the program, but for those that a batch job adds."""

    cores: tuple[int, ...]
    """Numbers of the cores that it is bound to; empty where something else does that."""

    allotted_cores: int
    ranks: int
    launched: bool
    """Does a launcher (mpiexec, srun) start its ranks?"""

    batch: bool
    """Does it run in a job of a batch system?"""

    threads: int
    """Of a rank."""

    n: int
    tile: int
    repetitions: int
    seed: int
    baseline: bool
    """A vendor's program, which others are set against."""

    limits: Limits
    kernel_sha256: str
    environment: str
    """The id of the environment that it was planned in, or, as `Attempt.plan` tells it, ran in."""

    flags: tuple[str, ...]
    """Earned by the program's text."""


@dataclass(frozen=True)
class Node:
    """What only the machine that a job came to run on can tell: `node.json`."""

    environment: str
    """The id of its environment."""
