"""Fixtures of the tests with a real Slurm cluster."""

from collections.abc import Iterator

import pytest

from .cluster import Cluster
from .machine import missing
from conftest import skip


@pytest.fixture(scope="session")
def slurm() -> None:
    """Skip where no cluster can be started."""
    if lacking := missing():
        skip(f"Slurm (slurmctld, slurmd, munge as root); there is no {lacking}")


@pytest.fixture(scope="session")
def lab(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:  # noqa: ARG001
    """Two nodes of 192 pretended CPUs; a test that breaks a cluster starts one of its own."""
    with Cluster.start(tmp_path_factory.mktemp("lab")) as cluster:
        yield cluster
