"""From evidence to outcome, case by case."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.measure.classify import Seen, Verdict, outcome_of, run_flags
from repro.measure.outcomes import FLAGS, OUTCOMES
from repro.measure.rank_output import FailedRank
from repro.measure.stall import StallClock

START: dict[str, Any] = {"event": "start"}
END = {"event": "end"}


def repetition(number: int = 1, *, correct: bool = True, **more: Any) -> dict[str, Any]:
    result = {"event": "repetition", "repetition": number, "n": 8, "error": 1.0, "bound": 2.0}
    return result | {"correct": correct} | more


def error(kind: str) -> dict[str, Any]:
    return {"event": "error", "kind": kind, "type": "X", "message": "m\nm", "phase": "load"}


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (Seen([START, repetition(), END], returncode=0), "ok"),
        (Seen([START, repetition(), END], returncode=0, repetitions=2), "runtime-error"),
        (Seen([START, repetition()], returncode=0), "runtime-error"),
        (Seen([START, repetition(correct=False), END], returncode=0), "wrong-result"),
        (Seen([START, repetition(), END], returncode=0, rejected=1), "wrong-result"),
        (Seen([START, error("load-error")], returncode=1), "load-error"),
        (Seen([START, error("out-of-memory")], returncode=1), "out-of-memory"),
        (Seen([START, repetition()], returncode=-11), "crash"),
        (Seen([START], returncode=-9), "crash"),
        (Seen([START], returncode=-9, killed_for_memory=True), "out-of-memory"),
        (Seen([START], returncode=-9, verdict=Verdict("timeout", "")), "timeout"),
        (Seen([], returncode=1, stderr="a\nno such file\n"), "infrastructure"),
        (Seen([], returncode=-11), "infrastructure"),
        (Seen([START | {"threads": 2}, END], returncode=0, threads=24), "infrastructure"),
        (Seen([START | {"ranks": 1}, END], returncode=0, ranks=2), "infrastructure"),
        (Seen([error("unavailable")], returncode=1), "unavailable"),
        (Seen([error("infrastructure")], returncode=1), "infrastructure"),
        (Seen([START, repetition()], returncode=139, launched=True), "crash"),
        (Seen([START, repetition()], returncode=139), "runtime-error"),
        (Seen([START], returncode=137, launched=True, killed_for_memory=True), "out-of-memory"),
        (Seen([START, error("crash")], returncode=1), "crash"),
        (Seen([START, error("crash")], returncode=1, killed_for_memory=True), "out-of-memory"),
        (Seen([START, error("crash")], returncode=-9, verdict=Verdict("deadlock", "")), "crash"),
        (Seen([START], returncode=-9, verdict=Verdict("deadlock", "")), "deadlock"),
        (Seen([START], returncode=-9, failed_rank=FailedRank(1, 3)), "runtime-error"),
        (Seen([START, error("load-error")], failed_rank=FailedRank(1, 1)), "load-error"),
        (
            Seen([START], returncode=139, launched=True, failed_rank=FailedRank(1, None)),
            "runtime-error",
        ),
    ],
)
def test_what_was_seen_decides_the_outcome(seen: Seen, outcome: str) -> None:
    found = outcome_of(seen)
    assert found.outcome == outcome
    assert "\n" not in found.detail


def test_the_rank_that_failed_is_named_and_not_those_that_it_left_alone() -> None:
    gone = error("runtime-error") | {"type": "MPIError", "rank": 0, "phase": "check"}
    cause = error("runtime-error") | {"type": "DomainError", "rank": 3, "phase": "check"}
    told = outcome_of(Seen([START, gone, cause], returncode=1)).detail
    assert told == "DomainError: m m (in phase check, rank 3)"
    assert outcome_of(Seen([START, gone], returncode=1)).detail == "MPIError: m m (in phase check)"


@pytest.mark.parametrize(
    ("rank", "told"),
    [
        (FailedRank(3, 139), "rank 3 ended by SIGSEGV"),
        (FailedRank(3, 2), "rank 3 ended with exit code 2 before the harness was done"),
        (FailedRank(3, None), "rank 3 called MPI_Abort"),
    ],
)
def test_the_rank_that_died_is_named(rank: FailedRank, told: str) -> None:
    assert outcome_of(Seen([START], returncode=-9, launched=True, failed_rank=rank)).detail == told


IN_STEP = "slurmstepd-n2: error: Detected 1 oom_kill event in StepId=12.0."
WORKERS = {
    "signal": ({"signal": 11}, Seen([]), "crash", "X: worker 3 ended by SIGSEGV (in phase load)"),
    "signal without a name": (
        {"signal": 63}, Seen([]), "crash", "X: worker 3 ended by signal 63 (in phase load)",
    ),
    "exit": (
        {"exit_code": 0}, Seen([]), "crash", "X: worker 3 ended with exit code 0 (in phase load)",
    ),
    "connection": (
        {}, Seen([]), "crash", "X: worker 3 is gone: its connection closed (in phase load)",
    ),
    "memory": (
        {"signal": 9}, Seen([], killed_for_memory=True), "out-of-memory",
        "worker 3 ended by the kernel's out-of-memory killer (in phase load)",
    ),
    "memory of another node": (
        {"exit_code": 1}, Seen([], stderr=IN_STEP), "out-of-memory",
        "worker 3 ended by the kernel's out-of-memory killer (in phase load)",
    ),
    "killed, but not for memory": (
        {"signal": 9}, Seen([]), "crash", "X: worker 3 ended by SIGKILL (in phase load)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("how", "seen", "outcome", "told"), WORKERS.values(), ids=WORKERS)
def test_the_worker_that_died_is_named(
    how: dict[str, int], seen: Seen, outcome: str, told: str
) -> None:
    record = error("crash") | {"worker": 3, "signal": None, "exit_code": None} | how
    found = outcome_of(replace(seen, records=[START, record], returncode=1))
    assert (found.outcome, found.detail) == (outcome, told)


def test_a_promise_that_was_broken_is_named() -> None:
    wrong = repetition(correct=False, error=None, fault="tile (3, 2) has no owner")
    told = outcome_of(Seen([START, wrong, END], returncode=0)).detail
    assert told == "repetition 1 at n = 8: tile (3, 2) has no owner"


events = st.sampled_from(
    [START, END, repetition(), repetition(correct=False, error=None), error("runtime-error")]
)


@given(st.lists(events), st.integers(0, 2), st.integers(-15, 3).filter(lambda code: code != 0))
def test_a_program_that_failed_is_never_ok(
    records: list[dict[str, Any]], rejected: int, returncode: int
) -> None:
    found = outcome_of(Seen(records, rejected, returncode, repetitions=1))
    assert found.outcome in OUTCOMES
    if rejected or returncode < 0:
        assert found.outcome != "ok"


def test_flags_of_a_run() -> None:
    raised, nothing = Seen([repetition(blas_threads=2)]), Seen([])
    assert run_flags(raised, [], 1, baseline=False) == ["raised-blas-threads"]
    assert run_flags(raised, [], 1, baseline=True) == []
    assert run_flags(nothing, [3] * 6 + [1] * 4, 2, baseline=False) == ["oversubscribed"]
    assert run_flags(nothing, [3] * 5 + [2] * 5, 2, baseline=False) == []
    assert run_flags(nothing, [64] * 4, 2, baseline=False) == []  # too few samples to say so
    assert run_flags(Seen([], rejected=1), [], 1, baseline=False) == ["tampered"]
    assert {"oversubscribed", "raised-blas-threads", "tampered", "idle-threads"} <= set(FLAGS)


@pytest.mark.parametrize(("ranks", "threads"), [(1, 24), (4, 1), (2, 2)])
def test_fewer_cores_than_threads_is_a_fact_without_any_sample(ranks: int, threads: int) -> None:
    seen = Seen([], ranks=ranks, threads=threads)
    assert run_flags(seen, [], 2, baseline=False) == ["oversubscribed"]
    assert run_flags(seen, [], 2, baseline=True) == ["oversubscribed"]
    assert run_flags(seen, [], ranks * threads, baseline=False) == []


def test_a_quarter_of_the_cores_unused_is_a_flag() -> None:
    def flags(*busy: float | None, seconds: float = 4.0, cores: int = 2) -> list[str]:
        made = [repetition(seconds=seconds, busy_seconds=one) for one in busy]
        return run_flags(Seen(made, threads=cores), [], cores, baseline=False)

    assert flags(4.02, 4.05) == ["idle-threads"]  # one thread of two works
    assert flags(7.9, 7.8) == []
    assert flags(2.0, 8.0, 8.0) == [], "the sum counts, not one repetition"
    assert flags(92.0, cores=24) == [], "one thread of many is not a quarter"
    assert flags(0.001, seconds=0.02) == [], "too short to tell"
    assert flags(None) == flags() == [], "a record made before"


def test_a_process_that_only_ticks_is_stalled_and_one_that_works_is_not() -> None:
    ticking, working, writing = StallClock(10), StallClock(10), StallClock(10)
    for tenth in range(200):
        now = tenth / 10
        ticking.look(now, cpu_seconds=0.01 * int(now), alive=False)
        working.look(now, cpu_seconds=0.5 * now, alive=False)
        writing.look(now, cpu_seconds=0.0, alive=tenth % 50 == 0)
    assert ticking.is_stalled(20.0)
    assert not working.is_stalled(20.0)
    assert not writing.is_stalled(20.0)


def test_a_process_that_uses_little_of_its_cores_is_slow_unless_it_waits_for_a_core() -> None:
    hanging, starved, single = StallClock(10, 64), StallClock(10, 64), StallClock(10, 1)
    for tenth in range(200):
        now = tenth / 10
        hanging.look(now, 0.3 * now, alive=False, wanted_seconds=0.4 * now)
        starved.look(now, 0.3 * now, alive=False, wanted_seconds=0.9 * now)
        single.look(now, 0.3 * now, alive=False)
    assert hanging.is_slow(20.0)
    assert not hanging.is_stalled(20.0)
    assert hanging.cores == pytest.approx(0.4)
    assert not starved.is_slow(20.0)
    assert not single.is_slow(20.0)
    hanging.excuse(20.0)
    assert not hanging.is_slow(29.0)
    assert hanging.is_slow(31.0)


def test_a_program_is_quiet_a_quarter_of_the_limit_after_its_last_record() -> None:
    clock = StallClock(40)
    clock.look(5.0, 5.0, alive=True)
    assert [clock.is_quiet(now) for now in (14.0, 16.0)] == [False, True]
