"""What this machine offers a run: found out once."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from repro.container.image import Image, ask_inside, host_client, open_image, own_image
from repro.container.julia import find_julia
from repro.container.mpi import Mpi, find_mpi
from repro.errors import UserError
from repro.launch.command import Tools
from repro.launch.decide import Means
from repro.launch.environment import describe_environment, environment_id
from repro.launch.local import Here
from repro.launch.plan import Setting
from repro.launch.run_directory import Run, write_environment
from repro.launch.site.settings import Site
from repro.study.model import Study


def look_around(
    run: Run,
    site: Site,
    datasets: tuple[Path, ...],
    *,
    concurrent: bool = False,
    oversubscribe: bool = False,
) -> tuple[Here, Means]:
    """Find Julia, cores, memory and kernels for a run; its environment is written down.

    Raises:
        UserError: no Julia works.
    """
    tools = find_tools(site)
    cores = site.cores if site.launcher == "local" else []
    cores_in_all = site.cores_in_all
    description = describe_environment(tools.julia, tools.mpi, cores_in_all, tools.image)
    identity = environment_id(description)
    write_environment(run.path, identity, description)
    setting = Setting(tools, description, identity, site.memory_bytes)
    here = Here(setting, cores, concurrent=concurrent)
    means = means_of(run.study, datasets, tools, site, oversubscribe=oversubscribe)
    return here, means


def find_tools(site: Site) -> Tools:
    """Find Julia, and an MPI if there is one, which only some frameworks need.

    They are those of the image that this process runs in, else of the site's image, if it has one.

    Raises:
        UserError: no Julia works, the MPI that $MPIEXEC names does not, or the image does not
            start.
    """
    image = image_of(site)
    entered = image is not None and image.entered
    if image and not entered:
        found = ask_inside(image)
        tools = Tools(found.julia, found.mpi, image=image, project=found.project)
    else:
        tools = Tools(find_julia(), _mpi_of_this_machine(), image=image)
    if site.slurm is None:
        return replace(tools, pin_threads=site.pin_threads)
    return replace(
        tools,
        placer="slurm",
        srun=_client("srun", entered=entered),
        sacct=_client("sacct", entered=entered),
        bind=site.slurm.bind,
        host_mpi=site.slurm.mpi == "host",
        pin_threads=site.pin_threads,
    )


def _client(name: str, *, entered: bool) -> str:
    """A program of Slurm; the image that this process runs in has those of its host."""
    return str(host_client(name)) if entered else shutil.which(name) or name


def image_of(site: Site) -> Image | None:
    """The image that cells of a site run in.

    Raises:
        UserError: it does not start, or is not the one that this process runs in.
    """
    own = own_image()
    if own is None:
        return open_image(Path(site.image)) if site.image else None
    if site.image and Path(site.image).absolute() != own.path:
        raise UserError(f"{site.image}: this already runs in {own.path}; leave out --image")
    return own


def _mpi_of_this_machine() -> Mpi | None:
    try:
        return find_mpi()
    except UserError:
        if os.environ.get("MPIEXEC"):
            raise
        return None


def means_of(
    study: Study, datasets: tuple[Path, ...], tools: Tools, site: Site, *, oversubscribe: bool
) -> Means:
    """What is available to run cells with."""
    packages = tools.julia.packages
    return Means(
        study,
        datasets,
        packages,
        starts_ranks=tools.starts_ranks,
        cores=site.cores_in_all,
        nodes=site.nodes,
        oversubscribe=oversubscribe,
    )
