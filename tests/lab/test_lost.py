"""What is lost sight of between driver, Slurm and disk is found again, and never done twice."""

import contextlib
import shutil
import signal
import time
from pathlib import Path

import pytest

from repro import ROOT
from repro.container.julia import Julia

from .cluster import Cluster
from .place import SLOW, Place


def test_the_controller_dies_in_mid_study(slow: Place) -> None:
    driver = slow.start(SLOW, "--wait")
    slow.wait_for(SLOW, "samples.csv")
    slow.cluster.save()
    slow.cluster.kill_controller()
    time.sleep(3)
    slow.cluster.start_controller()
    said, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, said
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


def test_no_controller_gives_a_clear_word_and_nothing_is_lost(slow: Place) -> None:
    slow.cluster.kill_controller()
    said = slow.repro(SLOW, code=2)
    assert "Slurm does not answer" in said
    assert "repeat the command" in said
    driver = slow.start(SLOW, "--wait")
    time.sleep(5)
    assert driver.poll() is None, "with --wait it waits for the controller too"
    slow.cluster.start_controller()
    said, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, said
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


KILLS = {
    "before Slurm has it": "kill -9 $PPID",
    "when Slurm has it and nobody knows": '{sbatch} "$@" >/dev/null; kill -9 $PPID',
}


@pytest.mark.parametrize("moment", KILLS)
def test_the_driver_is_killed_in_mid_submission(
    moment: str, lab: Cluster, julia: Julia, tmp_path: Path
) -> None:
    assert julia
    place = Place(tmp_path, lab, "quick", shared=["1x1x1", "1x1x2"])
    killer = tmp_path / "bin" / "sbatch"
    killer.parent.mkdir()
    script = KILLS[moment].format(sbatch=shutil.which("sbatch"))
    killer.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    killer.chmod(0o755)
    for _ in range(2):  # the first array, then the second
        driver = place.start("*/pi/*", first_on_path=killer.parent)
        driver.communicate(timeout=60)
        assert driver.returncode == -signal.SIGKILL
    place.repro("*/pi/*", "--wait")
    for cell in ("quick/pi/threads/0@1x1x1", "quick/pi/threads/0@1x1x2"):
        assert [outcome for outcome, _ in place.outcomes(cell)] == ["ok"]
    assert len(place.tasks()) == 2, "no cell was given to Slurm twice"


def test_a_submission_that_slurm_lost_is_made_again(slow: Place) -> None:
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    slow.repro(SLOW)
    first = slow.job()
    slow.cluster.run("scancel", first)
    slow.forget_all_jobs()
    slow.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
    slow.repro(SLOW, "--wait")
    assert slow.tasks() == [f"{first}_1"], "the new job has the number of the one that was lost"
    assert len(slow.attempts(SLOW)) == 1, "the attempt that was planned is the one that runs"
    assert [outcome for outcome, _ in slow.outcomes(SLOW)] == ["ok"]


def test_what_the_controller_has_forgotten_is_in_its_file_of_jobs(endless: Place) -> None:
    lab = (ROOT / "slurm" / "sites" / "lab.toml").read_text(encoding="utf-8")
    remembers = f'{lab}jobcomp = "{endless.cluster.directory / "jobcomp.txt"}"\n'
    (endless.directory / "lab.toml").write_text(remembers, encoding="utf-8")
    endless.repro(SLOW)
    endless.wait_for(SLOW, "samples.csv")
    endless.cluster.run("scancel", endless.job())
    endless.wait_until_over()
    endless.forget_all_jobs()
    endless.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    endless.repro(SLOW, "--site", "./lab.toml")
    assert endless.attempts(SLOW)[0].outcome().detail == "Slurm says CANCELLED: cancelled"


@pytest.mark.usefixtures("slurm")
def test_a_full_scratch_costs_one_attempt(julia: Julia, tmp_path: Path) -> None:
    """The driver looks into the node's own file system of 1 MiB, as if it were shared."""
    assert julia
    small = tmp_path / "small"
    with Cluster.start(tmp_path / "lab", nodes=1, small=small) as cluster:
        place = Place(tmp_path, cluster)
        place.add_slow_model()
        place.run = cluster.seen_from("n1", small / "run")
        filling = cluster.seen_from("n1", small / "filling")
        place.repro(SLOW)
        place.wait_for(SLOW, "samples.csv")
        fill(filling)
        place.wait_until_over()
        assert "No space left on device" in place.repro(SLOW, code=2)
        filling.unlink()
        place.repro(SLOW, "--wait")
        outcomes = [outcome for outcome, _ in place.outcomes(SLOW)]
    assert outcomes == ["infrastructure", "ok"]


def fill(path: Path) -> None:
    """Write until the file system is full."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
