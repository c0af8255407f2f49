"""Finding out which site this is: a cluster whose Slurm answers, else one machine."""

import json
import re
import shutil
from pathlib import Path

from repro import ROOT
from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch.site.settings import BY_HAND, SITES, Site, Slurm, load_site
from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent
from repro.launch.slurm_cluster import Partition
from repro.study.toml import known_toml

_NO_CLUSTER = "not establish a configuration source"
"""What Slurm's clients say where they are installed but belong to no cluster."""


def detect_site(submit_via: str | None) -> Site:
    """The site that this is: a cluster's own file, or else what its Slurm reports.

    Args:
        submit_via: how Slurm is reached, by the user's choice.

    Raises:
        UserError: there is a Slurm, but it does not answer, or shows no partition.
    """
    if submit_via == BY_HAND:
        raise UserError("--submit-via print: Slurm cannot be asked which cluster it is; add --site")
    if submit_via is None and shutil.which("sbatch") is None:
        return load_site("local")
    slurm = SlurmClient.reached(submit_via)
    try:
        limits = slurm.limits()
        name = re.sub(r"[^a-z0-9.-]+", "-", limits.cluster.lower()).strip("-.")
        if name in known_toml(SITES):
            return load_site(name)
        return _described(name, slurm.partitions(), limits.max_array_size - 1)
    except (SlurmError, SlurmSilent) as error:
        if _NO_CLUSTER in str(error):
            return load_site("local")
        mend = "repeat the command later, or add --site local to use this machine alone"
        raise UserError(f"Slurm is here, but does not answer ({error}); {mend}") from error


def _described(name: str, partitions: list[Partition], max_array_size: int) -> Site:
    """A site for a cluster that has no file, from its default partition."""
    if not partitions:
        raise UserError("Slurm shows you no partition: ask the site's support, or add --site")
    found = min(partitions, key=lambda partition: not partition.default)
    return Site(
        name=name,
        title=f"the cluster {name}, as its Slurm describes partition {found.name}",
        launcher="slurm",
        nodes=min(2, found.nodes),
        cores_per_node=found.cpus // found.threads,
        memory_per_node_gib=float(found.memory_mb // 1024),
        slurm=Slurm(
            partition=found.name,
            max_array_size=min(1000, max_array_size),
            options=("--hint=nomultithread",) if found.threads > 1 else (),
        ),
    )


def write_site(site: Site) -> Path:
    """Write the file of a site that has none, where `--site NAME` finds it.

    Raises:
        UserError: it cannot be written.
    """
    assert site.slurm  # noqa: S101 - only clusters are described
    path = Path(SITES.relative_to(ROOT)) / f"{site.name}.toml"
    text = f"""# Written by `repro all` from what Slurm reports. Correct what is wrong.
# slurm/sites/generic.toml of the checkout explains all settings.

name = {json.dumps(site.name)}
title = {json.dumps(site.title)}
launcher = "slurm"
nodes = {site.nodes}
cores_per_node = {site.cores_per_node}
memory_per_node_gib = {site.memory_per_node_gib}

[slurm]
partition = {json.dumps(site.slurm.partition)}
max_array_size = {site.slurm.max_array_size}
options = {json.dumps(site.slurm.options)}
"""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return path
