"""Fixtures of the tests with a real Slurm cluster and a real container image."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.container.julia import Julia

from .an_image import built_image, install_apptainer
from .cluster import Cluster
from .machine import missing
from .place import Place
from conftest import skip
from once import one_at_a_time


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


@pytest.fixture(scope="session")
def image() -> Path:
    """A container image with Debian's Julia; Apptainer is on PATH. Nobody may change it."""
    with one_at_a_time("test-image"):
        install_apptainer()
        return built_image()


@pytest.fixture
def own(slurm: None, tmp_path: Path, julia: Julia) -> Iterator[Cluster]:
    """A cluster that the test may break."""
    del slurm
    assert julia
    with Cluster.start(tmp_path / "lab") as cluster:
        yield cluster


@pytest.fixture
def slow(own: Cluster, tmp_path: Path) -> Place:
    """A study of one cell that takes 15 s and more, on a cluster that the test may break."""
    place = Place(tmp_path, own)
    place.add_slow_model()
    return place


@pytest.fixture
def endless(own: Cluster, tmp_path: Path) -> Place:
    """The same with a cell that has to be ended."""
    place = Place(tmp_path, own)
    place.add_slow_model(seconds=300)
    return place
