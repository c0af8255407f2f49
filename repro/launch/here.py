"""What this machine offers to a run, found out once."""

import os
import shutil
from pathlib import Path

from repro.container.julia import find_julia
from repro.container.mpi import find_mpi
from repro.errors import UserError
from repro.launch.command import Tools
from repro.launch.decide import Means
from repro.launch.environment import describe_environment, environment_id
from repro.launch.local import Here
from repro.launch.plan import Setting
from repro.launch.run_directory import Run, write_environment
from repro.launch.site import Site
from repro.study.model import Study


def look_around(
    run: Run,
    site: Site,
    datasets: tuple[Path, ...],
    *,
    concurrent: bool = False,
    oversubscribe: bool = False,
) -> tuple[Here, Means]:
    """Julia, cores, memory and kernels for a run; the environment is written down in it.

    Raises:
        UserError: there is no Julia that works.
    """
    tools = find_tools(site)
    cores = site.cores if site.launcher == "local" else []
    description = describe_environment(tools.julia, tools.mpi, site.cores_in_all)
    identity = environment_id(description)
    write_environment(run.path, identity, description)
    setting = Setting(tools, description, identity, site.memory_bytes)
    here = Here(setting, cores, concurrent=concurrent)
    means = means_of(run.study, datasets, tools, site, oversubscribe=oversubscribe)
    return here, means


def find_tools(site: Site) -> Tools:
    """Julia, and the MPI if there is one: cells of other frameworks do not need it.

    Raises:
        UserError: there is no Julia that works, or the MPI that $MPIEXEC asks for does not.
    """
    try:
        mpi = find_mpi()
    except UserError:
        if os.environ.get("MPIEXEC"):
            raise
        mpi = None
    julia, pin_threads = find_julia(), site.pin_threads
    if site.slurm is None:
        return Tools(julia, mpi, pin_threads=pin_threads)
    srun = shutil.which("srun") or "srun"
    return Tools(julia, mpi, "slurm", srun, site.slurm.bind, pin_threads)


def means_of(
    study: Study, datasets: tuple[Path, ...], tools: Tools, site: Site, *, oversubscribe: bool
) -> Means:
    """What decides which cells can run."""
    packages = tools.julia.packages
    starts = tools.starts_ranks
    cores, nodes = site.cores_in_all, site.nodes
    return Means(study, datasets, packages, starts, cores, nodes, oversubscribe=oversubscribe)
