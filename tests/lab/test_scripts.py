"""Batch scripts as every site writes them, judged by a real sbatch."""

from collections.abc import Iterator

import pytest

from repro.launch.batch import batch_script, batches, collect_script
from repro.launch.site.settings import load_site
from repro.study.expand import cells
from repro.study.load import load_study

from .cluster import Cluster


@pytest.fixture(scope="module")
def large(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes as large as those of the study's machine."""
    del slurm
    directory = tmp_path_factory.mktemp("large")
    with Cluster.start(directory, cpus=192, memory_mb=768 * 1024) as cluster:
        yield cluster


@pytest.mark.parametrize("name", ["otus", "generic", "lab"])
def test_slurm_would_take_every_script_of_the_paper(name: str, large: Cluster) -> None:
    site = load_site(name).with_choices("some-account", "main")
    run = large.directory / "run"
    scripts = [
        batch_script(batch, site, run, "repro-1a2b3c4d", run)
        for batch in batches(cells(load_study("paper")), site)
        if batch.scale.nodes <= site.nodes and batch.scale.cores <= site.cores_in_all
    ]
    assert len(scripts) > 10
    for script in [*scripts, collect_script(site, run, "paper", run)]:
        answer = test_only(large, script)
        assert "to start at" in answer, answer


def test_slurm_refuses_what_no_node_has(large: Cluster) -> None:
    """So that the test above can fail."""
    site = load_site("lab")
    batch = next(batches(cells(load_study("paper")), site))
    script = batch_script(batch, site, large.directory, "repro-1a2b3c4d", large.directory)
    too_much = script.replace("--cpus-per-task=1", "--cpus-per-task=193")
    assert too_much != script
    assert "not available" in test_only(large, too_much)


def test_only(cluster: Cluster, script: str) -> str:
    path = cluster.directory / "script.sh"
    path.write_text(script, encoding="utf-8")
    return cluster.run("sbatch", "--test-only", path, check=False).stderr


test_only.__test__ = False  # type: ignore[attr-defined] # it is no test
