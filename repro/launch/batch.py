"""Batch scripts: one for each scale point, an array over the cells that share it."""

import itertools
import math
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from repro import ROOT
from repro.container.image import PYTHON, Image
from repro.errors import UserError
from repro.launch.site.settings import Site
from repro.study.expand import Cell
from repro.study.names import ScalePoint

TEMPLATES = ROOT / "slurm" / "templates"
SPARE_SECONDS = 600
"""A job's time beyond its cell's limit: for start-up, backtraces and writing results."""


@dataclass(frozen=True)
class Batch:
    """Cells of one array job: they need the same resources."""

    scale: ScalePoint
    seconds: float
    """The longest that each cell may take."""

    memory_bytes: int
    """Memory of each cell on each node."""

    cells: tuple[Cell, ...]

    @property
    def minutes(self) -> int:
        """Time limit of a task, in minutes as Slurm counts it."""
        return math.ceil((self.seconds + SPARE_SECONDS) / 60)

    def core_hours(self, site: Site) -> float:
        """Core-hours at most: of exclusive nodes all cores are charged."""
        cores = self.scale.cores
        if site.slurm and site.slurm.exclusive and site.cores_per_node != "auto":
            cores = self.scale.nodes * site.cores_per_node
        return len(self.cells) * cores * self.minutes / 60


def batches(cells: Sequence[Cell], site: Site) -> Iterator[Batch]:
    """Group cells by the resources they need, smallest first, in arrays that the site allows."""
    assert site.slurm  # noqa: S101 - only called for such sites

    def needs(cell: Cell) -> tuple[ScalePoint, float, int]:
        return cell.scale, cell.most_seconds, min(cell.memory_limit_bytes, site.memory_bytes)

    most = site.slurm.max_array_size
    for (scale, seconds, memory), group in itertools.groupby(sorted(cells, key=needs), needs):
        alike = tuple(group)
        for first in range(0, len(alike), most):
            yield Batch(scale, seconds, memory, alike[first : first + most])


def batch_script(
    batch: Batch, site: Site, run: Path, name: str, directory: Path, image: Image | None = None
) -> str:
    """The script of a batch, which people can read, copy and submit.

    Args:
        batch: the cells.
        site: where it runs.
        run: the run directory.
        name: the job's name.
        directory: the submission's directory, an absolute path; the script is to lie in it.
        image: the image that its cells run in.
    """
    assert site.slurm  # noqa: S101 - only called for such sites
    purpose = f"{len(batch.cells)} cells of run {run} at {batch.scale}: nodes x ranks x threads."
    return _render(
        "slurm.sh.j2",
        site,
        purpose=purpose,
        script=directory / "batch.sh",
        name=name,
        directory=directory,
        cells=len(batch.cells),
        scale=batch.scale,
        minutes=batch.minutes,
        memory_mib=batch.memory_bytes // 2**20,
        python=start_python(image, run),
        host_env=_host_env(batch, image),
        host_mpi=_host_mpi(batch, site, image),
    )


def collect_script(
    site: Site, run: Path, dataset: str, data: Path, image: Image | None = None
) -> str:
    """The script of a job that collects a run whose jobs have ended; it is to lie in `run`."""
    return _render(
        "collect.sh.j2",
        site,
        purpose=f"Collects run {run} as dataset {dataset}.",
        script=run / "collect.sh",
        name=f"repro-collect-{dataset}",
        directory=run,
        run=run,
        dataset=dataset,
        data=data,
        python=start_python(image, run, data),
    )


def start_python(image: Image | None, *places: Path) -> str:
    """The words of a shell that start this package's Python on a node; a module is to follow.

    Args:
        image: the image that cells run in. If this process runs in it, so does that Python.
        places: paths that it has to see there.
    """
    if image and image.entered:
        return shlex.join([*image.start(binds=places), PYTHON, "-I"])
    return shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable])


def host_env_line(image: Image) -> str:
    """The line of shell that makes a node's Slurm clients and MPI work in an image."""
    words = [str(image.apptainer), "run", *image.options, str(image.path), "host-env"]
    return f'eval "$({shlex.join(words)})"'


def _host_env(batch: Batch, image: Image | None) -> str:
    """The line that makes the node's srun work in the image, if a cell calls it there."""
    starts = {cell.framework.definition.start for cell in batch.cells}
    calls = {"ranks", "workers"} if image and image.entered else {"workers"}
    if image is None or not starts & calls:
        return ""
    return host_env_line(image)


def _render(template: str, site: Site, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - shell, not HTML; `refuse_odd` keeps it from being more
        keep_trailing_newline=True,
    )
    assert site.slurm  # noqa: S101 - only called for such sites
    common = {"setup": site.slurm.setup, "slurm": site.slurm}
    return environment.get_template(template).render(**common, **values)


def _host_mpi(batch: Batch, site: Site, image: Image | None) -> str:
    """What each node has to run before its MPI can be used in the image, as one word of shell."""
    ranks = any(cell.framework.definition.start == "ranks" for cell in batch.cells)
    wanted = image and ranks and site.slurm and site.slurm.mpi == "host"
    return shlex.quote(host_env_line(image)) if image and wanted else ""


def refuse_odd(*paths: Path) -> None:
    """Refuse paths that a shell or an #SBATCH line would read differently.

    Raises:
        UserError: a path has a space or another character that is special there.
    """
    for path in (*paths, ROOT, Path(sys.executable)):
        if not re.fullmatch(r"[\w@%+=:,./-]+", str(path), re.ASCII) or "%" in str(path):
            raise UserError(
                f"{path}: use a path of letters, digits and ._-+=:,@/ only, for Slurm's sake"
            )
