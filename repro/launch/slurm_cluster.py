"""Reading what Slurm's clients print about a cluster."""

import re
from dataclasses import dataclass

from repro.launch.slurm_text import SEPARATOR, seconds

SINFO_FORMAT = SEPARATOR.join(("%R", "%P", "%l", "%D", "%c", "%Z", "%m", "%a"))
"""For `sinfo -h -o`."""


@dataclass(frozen=True)
class Partition:
    """A partition, with what the least of its nodes has."""

    name: str
    default: bool
    """Do jobs that name no partition go there?"""

    max_seconds: int | None
    """How long a job may take; None: unlimited."""

    nodes: int
    cpus: int
    """Of a node."""

    threads: int
    """Of a core; each is a CPU."""

    memory_mb: int
    """Of a node."""

    state: str
    """`up`, `down`, `drain` or `inact`."""


@dataclass(frozen=True)
class ClusterLimits:
    """What the controller's configuration sets."""

    cluster: str
    version: str
    max_array_size: int
    """One more than the tasks that an array may have."""


def read_partitions(text: str) -> list[Partition]:
    """The partitions in what `sinfo -h -o SINFO_FORMAT` printed."""
    rows = [line.split(SEPARATOR) for line in text.split("\n") if line]
    return [
        Partition(
            name=name,
            default=marked.endswith("*"),
            max_seconds=seconds(limit),
            nodes=int(nodes),
            cpus=int(cpus.rstrip("+")),
            threads=int(threads.rstrip("+")),
            memory_mb=int(memory.rstrip("+")),
            state=state,
        )
        for name, marked, limit, nodes, cpus, threads, memory, state in rows
    ]


def read_limits(text: str) -> ClusterLimits:
    """The limits in what `scontrol show config` printed."""
    said = dict(re.findall(r"^(\w+)\s*= *(.*?)\s*$", text, re.MULTILINE))
    return ClusterLimits(
        cluster=said["ClusterName"],
        version=said["SLURM_VERSION"],
        max_array_size=int(said["MaxArraySize"]),
    )
