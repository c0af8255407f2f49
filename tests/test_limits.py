"""Limits of an attempt, and what it used: without Julia."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_toolchain import script

from repro import ROOT
from repro.measure import accounting, attempts
from repro.measure.accounting import cpu_seconds_of_steps, steps_seconds
from repro.measure.outcomes import Outcome
from repro.measure.plan import Limits
from repro.measure.time_limit import TimeLimit
from repro.records import read_record, write_record

from trials import plan_of


def limit(start_s: float | None) -> TimeLimit:
    return TimeLimit(Limits(time_s=10.0, stall_s=5.0, memory_bytes=1, start_s=start_s))


def test_without_a_limit_of_the_start_the_time_limit_counts_from_the_beginning() -> None:
    one = limit(None)
    assert one.passed(9.9, "load") is None
    assert one.passed(10.1, "load") == ("time limit", 10.0)
    assert one.passed(10.1, "repetition") == ("time limit", 10.0)


@pytest.mark.parametrize("phase", ["start", "load", "check"])
def test_the_start_has_a_limit_of_its_own(phase: str) -> None:
    assert limit(60.0).passed(59.0, phase) is None
    assert limit(60.0).passed(61.0, phase) == ("start limit", 60.0)


@pytest.mark.parametrize("phase", ["tune", "repetition"])
def test_the_time_limit_counts_from_the_first_repetition(phase: str) -> None:
    one = limit(60.0)
    assert one.passed(55.0, "check") is None
    assert one.passed(56.0, phase) is None
    assert one.passed(65.9, "repetition") is None
    assert one.passed(66.1, "repetition") == ("time limit", 10.0)


def watched(directory: Path, program: str, start_s: float | None = None, **changes: Any) -> Outcome:
    """The outcome of a shell's program in place of Julia."""
    directory.mkdir(exist_ok=True)
    limits = Limits(time_s=60.0, stall_s=60.0, memory_bytes=2**30, start_s=start_s)
    command = ("sh", "-c", program)
    plan = plan_of(
        "a/pi/threads/0@1x1x1", command=command, env=dict(os.environ), cores=(), limits=limits
    )
    write_record(directory / attempts.ATTEMPT, replace(plan, **changes))
    watchdog = [sys.executable, "-m", "repro.measure.watchdog", str(directory)]
    subprocess.run(watchdog, cwd=ROOT, check=True, timeout=50)
    return read_record(Outcome, directory / attempts.OUTCOME)


def test_a_start_that_does_not_reach_the_kernel_is_not_the_doing_of_a_program(
    tmp_path: Path,
) -> None:
    found = watched(tmp_path, "sleep 60", start_s=1.0)
    assert found.outcome == "infrastructure"
    assert found.detail == "the harness did not start within 1 s"


COMPUTES = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done"


def test_the_time_of_what_lost_its_parent_and_was_killed_counts(tmp_path: Path) -> None:
    alone = watched(tmp_path / "alone", f"{COMPUTES}; kill -9 $$").cpu_seconds
    both = f"( {COMPUTES}; sleep 60 ) & {COMPUTES}; sleep 3; kill -9 $$"
    with_child = watched(tmp_path / "both", both).cpu_seconds
    assert alone is not None
    assert with_child is not None
    assert with_child > 1.5 * alone


def test_a_rank_that_fails_ends_those_that_wait_for_it(tmp_path: Path) -> None:
    rank = f"sh {ROOT / 'julia' / 'rank.sh'}"
    dies, waits = f"PMIX_RANK=1 {rank} sh -c 'kill -9 $$'", f"PMIX_RANK=0 {rank} sleep 40"
    found = watched(tmp_path, f"{dies} & {waits}", launched=True, ranks=2)
    stderr = (tmp_path / attempts.STDERR).read_text(encoding="utf-8")
    assert "repro: rank 1 ended with exit code 137" in stderr
    assert "rank 0" not in stderr, "it was ended"
    assert found.wall_seconds is not None
    assert found.wall_seconds < 20


SACCT = """\
7_3|||01:00:00
7_3.batch|1|00:00:10|00:05.200
7_3.extern|1|00:00:00|00:00.001
7_3.0|384|00:01:00|00:00.100
7_3.1|1||02:02.5
"""


def test_steps_count_by_the_larger_of_what_slurm_measured() -> None:
    assert steps_seconds(SACCT) == 384 * 60 + 122.5
    assert steps_seconds("7.0|2|1-02:03:04|00:00:00\n") == 2 * 93784
    assert steps_seconds("") == 0


def test_sacct_is_asked_again_until_the_step_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounting, "_PAUSE_SECONDS", 0.01)
    late = script(
        tmp_path / "sacct",
        f"cd {tmp_path}\necho \"$*\" >>asked\n[ $(wc -l <asked) -lt 2 ] || echo '7.0|2|00:00:04|'",
    )
    assert cpu_seconds_of_steps(str(late), "7") == 8
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["-n -P -j 7 --format=JobID,NTasks,AveCPU,TotalCPU"] * 2


def test_without_accounting_nothing_is_known(tmp_path: Path) -> None:
    refuses = script(tmp_path / "sacct", "echo Slurm accounting storage is disabled >&2; exit 1")
    assert cpu_seconds_of_steps(str(refuses), "7") is None
    assert cpu_seconds_of_steps(str(tmp_path / "none"), "7") is None
