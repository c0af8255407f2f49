"""What this machine offers to a run, found out once."""

from pathlib import Path

from repro.container.julia import find_julia
from repro.launch.decide import Means
from repro.launch.environment import describe_environment, environment_id
from repro.launch.local import Here
from repro.launch.run_directory import Run, write_environment
from repro.launch.site import Site


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
    julia = find_julia()
    cores = site.cores
    description = describe_environment(julia, len(cores))
    identity = environment_id(description)
    write_environment(run.path, identity, description)
    here = Here(julia, identity, description, cores, site.memory_bytes, concurrent=concurrent)
    means = Means(run.study, datasets, julia.packages, len(cores), oversubscribe=oversubscribe)
    return here, means
