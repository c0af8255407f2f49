"""What a site's file says."""

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
    """How to submit jobs to a site's Slurm."""

    account: str | None = None
    """Account to charge; `ask`: the user has to name it, in the site's file or by an option."""

    partition: str | None = None
    """Partition for jobs; `ask` as for the account; absent: the cluster's default."""

    exclusive: bool = False
    """Jobs get whole nodes."""

    memory: bool = True
    """Request memory; false where a job always gets all memory of its nodes."""

    bind: str = "cores"
    """What `srun --cpu-bind` binds tasks to; `none` where Slurm does not bind."""

    max_array_size: PositiveInt = 1000
    """Most tasks in an array: Slurm's MaxArraySize less one."""

    at_once: PositiveInt | None = None
    """Most tasks of an array that run at once; absent: no limit of ours."""

    submit_via: SubmitVia | None = None
    """How the driver reaches Slurm: `ssh:HOST`, by the clients on HOST; `print`, not at all: it
    writes scripts and the user submits them; absent: by the clients here."""

    mpi: Literal["image", "host"] = "image"
    """Which MPI ranks in a container image use: the image's, which has to find Slurm's PMIx, or
    the cluster's, bound into the image. `repro doctor` tries both and records which works."""

    jobcomp: str | None = None
    """The file of Slurm's jobcomp/filetxt, for clusters without accounting where users can read it:
    it has the jobs that the controller has forgotten."""

    options: tuple[str, ...] = ()
    """Further `#SBATCH` options, such as `--constraint=genoa`."""

    setup: tuple[str, ...] = ()
    """Lines of shell that begin a job, such as `module load mpi/OpenMPI`."""


class Site(Strict):
    """A machine or cluster."""

    name: Name
    """The site's name, the same as its file's."""

    title: str
    """A short description."""

    launcher: Literal["local", "slurm"]
    """What starts cells: `local`, processes on this machine; `slurm`, batch jobs."""

    nodes: PositiveInt = 1
    """Nodes that one cell may use."""

    cores_per_node: PositiveInt | Literal["auto"]
    """Cores of a node; `auto`: the cores that this process may use."""

    memory_per_node_gib: PositiveFloat | Literal["auto"]
    """Memory of a node, GiB; `auto`: this machine's."""

    cpu_target: str | None = None
    """What set-up compiles Julia's packages for (`repro setup --site NAME`): JULIA_CPU_TARGET, with
    each type of node, such as `generic;znver4,clone_all`, so that no job has to compile them;
    absent: the CPU of the machine that set-up runs on."""

    pin_threads: bool = False
    """Bind each Julia thread to a core: only where a cell has its node to itself."""

    image: str | None = None
    """Container image (a SIF file) that cells run in, with its Julia and MPI; absent: cells use
    the machine's."""

    slurm: Slurm | None = None
    """Only for launcher `slurm`."""

    @model_validator(mode="after")
    def _slurm_where_it_is_used(self) -> Self:
        if (self.slurm is not None) != (self.launcher == "slurm"):
            raise ValueError(
                "launcher = 'slurm' needs a table [slurm], and no other launcher may have one"
            )
        if self.launcher == "slurm" and "auto" in (self.cores_per_node, self.memory_per_node_gib):
            raise ValueError("cores and memory of a cluster's nodes must be numbers, not auto")
        return self

    @property
    def by_hand(self) -> bool:
        """Does the user submit the scripts?"""
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
        """The site with the user's choices.

        Raises:
            UserError: the user did not choose what the site asks for, or `submit_via` is wrong.
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
            raise UserError(f"--submit-via {submit_via}: must be ssh:HOST or print") from error
        for name in ("account", "partition"):
            if getattr(slurm, name) == ASK:
                raise UserError(
                    f"site {self.name} names no {name}: add --{name}, or write it into its file "
                    f"(slurm/sites/{self.name}.toml)"
                )
        return self.model_copy(update={"slurm": slurm})


def load_site(name: str) -> Site:
    """A site by name (`local`) or path.

    Raises:
        UserError: no such site, or its file is not a site.
    """
    return load_toml(find_toml(name, SITES, "site"), Site)
