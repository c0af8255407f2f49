"""Measures submission to Slurm: no-op cells on the test cluster, compared with bare sbatch.

The cells do not start Julia: no_op_julia.py replaces it. Everything else is real: driver, arrays,
watchdogs, dataset.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from repro.container.julia import find_julia
from repro.launch.batch import batches
from repro.launch.decide import decide
from repro.launch.here import look_around
from repro.launch.plan import plan_attempt
from repro.launch.run_directory import driving, make_run
from repro.launch.site.settings import load_site
from repro.launch.submissions import SCRIPT, prepare

from lab.cluster import Cluster
from lab.machine import missing, wait_until
from studies import write_study

CELLS, MANY = 1_000, 10_000
POINTS = 10
"""Scale points, one array each."""

_REPRO = Path(sys.executable).with_name("repro")
_NO_OP = Path(__file__).with_name("no_op_julia.py")
_LONGEST_SECONDS = 1800


def rows() -> Iterator[tuple[str, str]]:
    """Measure and yield the rows."""
    if lacking := missing():
        yield "Slurm", f"not measured: no {lacking}"
        return
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        with Cluster.start(place.directory / "lab") as cluster:
            place.use(cluster)
            yield from _submission(place, cluster)
            yield from _whole(place, cluster)


class Place:
    """A directory with studies, and a Julia that does nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        julia = directory / "julia"
        line = f'exec {sys.executable} -SE {_NO_OP} {find_julia().path} "$@"'
        julia.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        julia.chmod(0o755)
        os.environ["JULIA"] = str(julia)

    def use(self, cluster: Cluster) -> None:
        """Make Slurm's clients use this cluster."""
        os.environ.update(cluster.environment)

    def study(self, cells: int) -> Path:
        """Write a study with this many cells, a tenth of them at each of ten scale points."""
        return write_study(self.directory, samples=cells // POINTS, points=POINTS)

    def repro(self, command: str, run: str, *options: str) -> float:
        """Run a command of repro and return its seconds."""
        where = [] if command == "status" else ["--study", str(self.directory / "many.toml")]
        at = ["--site", "lab", "--run", str(self.directory / run)]
        line = [str(_REPRO), command, *where, *at, *options]
        return timed(lambda: subprocess.run(line, check=True, capture_output=True))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _submission(place: Place, cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Measure submission, while the partition is down so that no job starts."""
    cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    place.study(CELLS)
    ours = place.repro("run", "handed-over")
    _expect(cluster, CELLS)
    plain = _submitting(cluster, CELLS, "--wrap=true")
    arrays = _submitting(cluster, POINTS, "--wrap=true", f"--array=1-{CELLS // POINTS}")
    text = (
        f"sbatch of {POINTS} arrays {arrays:.3f} s, of each cell {plain:.1f} s: "
        f"{plain / arrays:.0f} times faster (target 20); repro run with planning {ours:.1f} s"
    )
    yield f"{CELLS:,} cells to Slurm", text
    place.study(MANY)
    _end_all(cluster)
    ours = place.repro("run", "many")
    _expect(cluster, MANY)
    seconds = place.repro("status", "many")
    yield f"repro status, {MANY:,} cells in Slurm", f"{seconds:.2f} s (limit 2 s)"
    yield f"repro run, {MANY:,} cells to Slurm", f"{ours:.1f} s"
    _end_all(cluster)
    cluster.run("scontrol", "update", "PartitionName=main", "State=UP")


def _whole(place: Place, cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Measure from submission to dataset, compared with submitting the same tasks by hand."""
    place.study(CELLS)
    scripts = _scripts(place)
    bare = timed(lambda: _by_hand(cluster, scripts))
    data = str(place.directory / "data")
    ours = place.repro("run", "whole", "--wait", "--collect", "whole", "--data", data)
    same = f"{ours:.0f} s, the same tasks by bare sbatch {bare:.0f} s"
    yield f"{CELLS:,} no-op cells to a dataset", f"{same}: {ours / bare - 1:+.1%} (limit 10 %)"


def _scripts(place: Place) -> list[Path]:
    """Write the batch scripts of a run as the driver does, without submitting them."""
    site = load_site("lab")
    with driving(place.directory / "bare"):
        run = make_run(place.directory / "bare", place.directory / "many.toml", site.name)
        here, means = look_around(run, site, ())
        submissions = []
        for batch in batches(run.cells(), site):
            decisions = [decide(run.path, cell, means) for cell in batch.cells]
            planned = [plan_attempt(run.path, made, here.setting, []) for made in decisions]
            submissions.append(prepare(run.path, batch, site, planned))
    return [submission.path / SCRIPT for submission in submissions]


def _by_hand(cluster: Cluster, scripts: list[Path]) -> None:
    for script in scripts:
        _sbatch(cluster, str(script))
    wait_until(lambda: not _queued(cluster), "the bare arrays are over", _LONGEST_SECONDS)


def _submitting(cluster: Cluster, times: int, *arguments: str) -> float:
    """Return the seconds of this many calls of sbatch."""
    begin = time.perf_counter()
    for _ in range(times):
        _sbatch(cluster, *arguments)
    return time.perf_counter() - begin


def _sbatch(cluster: Cluster, *arguments: str) -> None:
    cluster.run("sbatch", "--parsable", "--output=/dev/null", *arguments)


def _queued(cluster: Cluster) -> str:
    """Wait a second, then return the queue, as a user's loop would."""
    time.sleep(1)
    return cluster.run("squeue", "--noheader", "--format=%i").stdout


def _expect(cluster: Cluster, cells: int) -> None:
    """Check the number of submitted tasks."""
    found = len(cluster.run("squeue", "--noheader", "--array", "--format=%i").stdout.split())
    if found != cells:
        raise RuntimeError(f"{found} tasks in Slurm, not {cells}")


def _end_all(cluster: Cluster) -> None:
    cluster.run("scancel", "--user=root")
    wait_until(lambda: not _queued(cluster), "all cancelled", 300)


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name:40} {text}", flush=True)
