"""Sites: where jobs run."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

import psutil
from pydantic import StringConstraints, ValidationError, model_validator
from pydantic.types import PositiveFloat, PositiveInt

from repro import ROOT
from repro.errors import UserError
from repro.study.model import Name
from repro.study.toml import Strict, find_toml, load_toml

SITES = ROOT / "slurm" / "sites"
ASK, BY_HAND = "ask", "print"


SubmitVia = Annotated[str, StringConstraints(pattern=r"^(print|ssh:[A-Za-z0-9][\w.@-]*)$")]


class Slurm(Strict):
    """How a site's Slurm is to be asked."""

    account: str | None = None
    """Account that is charged; `ask`: the user has to say, in the site's file or by an option."""

    partition: str | None = None
    """Partition that jobs go to; `ask` as for the account; absent for the site's default."""

    exclusive: bool = False
    """A job has its nodes to itself."""

    memory: bool = True
    """Ask for memory; false where a job always gets the memory of its nodes."""

    bind: str = "cores"
    """What `srun --cpu-bind` ties tasks to; `none` where Slurm does not bind."""

    max_array_size: PositiveInt = 1000
    """Tasks of one array at most: Slurm's MaxArraySize less one."""

    at_once: PositiveInt | None = None
    """Tasks of one array that may run at once; absent for as many as Slurm likes."""

    submit_via: SubmitVia | None = None
    """How Slurm is reached from where the driver runs: `ssh:HOST`, its clients there; `print`, not
    at all: scripts are written and the user submits them; absent: its clients here."""

    mpi: Literal["image", "host"] = "image"
    """Whose MPI ranks in a container image use: the image's, which has to find Slurm's PMIx, or
    this cluster's, bound in. `repro doctor` tries both and writes down which works."""

    jobcomp: str | None = None
    """The file of Slurm's jobcomp/filetxt, on clusters without accounting where users may read it:
    it knows jobs that the controller has forgotten."""

    options: tuple[str, ...] = ()
    """Further `#SBATCH` options, such as `--constraint=genoa`."""

    setup: tuple[str, ...] = ()
    """Lines of shell before anything else in a job, such as `module load mpi/OpenMPI`."""


class Site(Strict):
    """A machine or cluster."""

    name: Name
    """The site's name, the same as its file's."""

    title: str
    """What it is, in a few words."""

    launcher: Literal["local", "slurm"]
    """What starts cells: `local`, processes on this machine; `slurm`, batch jobs."""

    nodes: PositiveInt = 1
    """Nodes that one cell may use."""

    cores_per_node: PositiveInt | Literal["auto"]
    """Cores of a node; `auto`: those that this process may use."""

    memory_per_node_gib: PositiveFloat | Literal["auto"]
    """Memory of a node, GiB; `auto`: this machine's."""

    pin_threads: bool = False
    """Tie each Julia thread to a core: for nodes that a cell has to itself."""

    image: str | None = None
    """Container image (a SIF file) that cells run in, with its Julia and MPI; absent: this
    machine's own."""

    slurm: Slurm | None = None
    """For launcher `slurm`."""

    @model_validator(mode="after")
    def _slurm_where_it_is_used(self) -> Self:
        if (self.slurm is not None) != (self.launcher == "slurm"):
            raise ValueError("a table [slurm] goes with launcher = 'slurm', and only with that")
        if self.launcher == "slurm" and "auto" in (self.cores_per_node, self.memory_per_node_gib):
            raise ValueError("cores and memory of a cluster's nodes must be numbers")
        return self

    @property
    def by_hand(self) -> bool:
        """Does the user submit what is written here?"""
        return self.slurm is not None and self.slurm.submit_via == BY_HAND

    @property
    def cores(self) -> list[int]:
        """The numbers of the cores of this node that cells may be bound to."""
        allowed = sorted(os.sched_getaffinity(0))
        return allowed if self.cores_per_node == "auto" else allowed[: self.cores_per_node]

    @property
    def cores_in_all(self) -> int:
        """Cores that one cell may use."""
        if self.cores_per_node == "auto" or self.launcher == "local":
            return len(self.cores)
        return self.cores_per_node * self.nodes

    @property
    def memory_bytes(self) -> int:
        """Memory of a node."""
        if self.memory_per_node_gib == "auto":
            return int(psutil.virtual_memory().total)
        return int(self.memory_per_node_gib * 2**30)

    def with_choices(
        self,
        account: str | None = None,
        partition: str | None = None,
        image: Path | None = None,
        submit_via: str | None = None,
    ) -> "Site":
        """The site with what the user chose.

        Raises:
            UserError: the site asks for something that was not said, or `submit_via` is no way.
        """
        if image is not None:
            at = self.model_copy(update={"image": str(image)})
            return at.with_choices(account, partition, submit_via=submit_via)
        if self.slurm is None:
            return self
        said = {"account": account, "partition": partition, "submit_via": submit_via}
        chosen = {key: value for key, value in said.items() if value is not None}
        try:
            slurm = Slurm.model_validate(self.slurm.model_dump() | chosen)
        except ValidationError as error:
            raise UserError(f"--submit-via {submit_via}: say ssh:HOST, or print") from error
        for name in ("account", "partition"):
            if getattr(slurm, name) == ASK:
                raise UserError(
                    f"site {self.name} does not say which {name}: say --{name}, or write it into "
                    f"its file (slurm/sites/{self.name}.toml)"
                )
        return self.model_copy(update={"slurm": slurm})


def load_site(name: str) -> Site:
    """A site by name (`local`) or path.

    Raises:
        UserError: no such site, or its file is not a site.
    """
    return load_toml(find_toml(name, SITES, "site"), Site)
