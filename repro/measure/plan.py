"""The plan of an attempt, `attempt.json`: what runs, with what, within which limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Limits:
    """What an attempt may use; the watchdog ends one that uses more."""

    time_s: float
    stall_s: float
    """Seconds without CPU time and without a sign of life that make a deadlock."""

    memory_bytes: int
    """Resident, on each node."""

    start_s: float | None = None
    """Until the first repetition, from which `time_s` then counts; None: `time_s` counts all."""


@dataclass(frozen=True)
class Plan:
    """One attempt, written down before anything starts."""

    cell: str
    """The cell's name."""

    attempt: int
    """The attempt's number, from 1."""

    command: tuple[str, ...]
    env: dict[str, str]
    """The environment variables of the program; a batch job adds some."""

    cores: tuple[int, ...]
    """Numbers of the cores that it is bound to; empty where something else does that."""

    allotted_cores: int
    ranks: int
    launched: bool
    """Does a launcher (mpiexec, srun) start its ranks?"""

    batch: bool
    """Does it run in a batch job?"""

    threads: int
    """Of a rank."""

    n: int
    tile: int
    repetitions: int
    seed: int
    baseline: bool
    """Is it a vendor program, which others are compared with?"""

    limits: Limits
    kernel_sha256: str
    environment: str
    """The id of the environment it was planned in; from `Attempt.plan`, of the one it ran in."""

    flags: tuple[str, ...]
    """Flags that the program's text gets."""

    sacct: str = ""
    """The program that tells the CPU time of what srun starts; empty: srun starts nothing."""

    @property
    def kernels(self) -> str:
        """The directory of the kernel; "" if the command names none."""
        return kernels_of(self.command)


def kernels_of(command: Sequence[str]) -> str:
    """The directory of the kernel that a command runs; "" if it names none."""
    words = list(command)
    return str(PurePath(words[words.index("--kernel") + 1]).parent) if "--kernel" in words else ""


@dataclass(frozen=True)
class Node:
    """What is known only on the node that a job runs on: `node.json`."""

    environment: str
    """The id of its environment."""
