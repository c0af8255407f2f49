"""Limits of an attempt, and what it used: without any program."""

from pathlib import Path

import pytest
from test_toolchain import script

from repro.measure import accounting
from repro.measure.accounting import cpu_seconds_of_steps, steps_seconds
from repro.measure.plan import Limits
from repro.measure.time_limit import TimeLimit


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
