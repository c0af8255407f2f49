"""Sites: where jobs run."""

import os
from typing import Literal

import psutil
from pydantic.types import PositiveFloat, PositiveInt

from repro import ROOT
from repro.study.load import find_toml, load_toml
from repro.study.model import Name, Strict

SITES = ROOT / "slurm" / "sites"


class Site(Strict):
    """A machine or cluster."""

    name: Name
    """The site's name, the same as its file's."""

    title: str
    """What it is, in a few words."""

    launcher: Literal["local"]
    """What starts cells: `local`, processes on this machine."""

    nodes: PositiveInt = 1
    """Nodes that one cell may use."""

    cores_per_node: PositiveInt | Literal["auto"]
    """Cores of a node; `auto`: those that this process may use."""

    memory_per_node_gib: PositiveFloat | Literal["auto"]
    """Memory of a node, GiB; `auto`: this machine's."""

    @property
    def cores(self) -> list[int]:
        """The numbers of the cores of this node that cells may be bound to."""
        allowed = sorted(os.sched_getaffinity(0))
        return allowed if self.cores_per_node == "auto" else allowed[: self.cores_per_node]

    @property
    def memory_bytes(self) -> int:
        """Memory of a node."""
        if self.memory_per_node_gib == "auto":
            return int(psutil.virtual_memory().total)
        return int(self.memory_per_node_gib * 2**30)


def load_site(name: str) -> Site:
    """A site by name (`local`) or path.

    Raises:
        UserError: no such site, or its file is not a site.
    """
    return load_toml(find_toml(name, SITES, "site"), Site)
