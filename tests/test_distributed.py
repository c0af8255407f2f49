"""Frameworks of several processes, with real processes: what goes wrong in one ends the cell right.

Where MPI.jl or Dagger.jl is not installed a stand-in takes its place, see `stand_ins`.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.container.julia import Julia
from repro.container.mpi import find_mpi
from repro.measure.attempts import Attempt

from a_study import FRAMEWORKS, study_toml
from conftest import skip
from trials import Trial

LIMITS: dict[str, Any] = {
    "shared": ["1x1x2"], "distributed": ["1x2x1"], "repetitions": 2,
    "time_limit_s": 240, "stall_limit_s": 90,
}  # fmt: skip
MPI = [
    # kernel, problem, outcome, what the detail says, what standard error says, limits of its own
    ("rank-throws", "pi", "runtime-error",
     "ErrorException: rank 1 has had enough (in phase check, rank 1)", "", {}),
    ("rank-dies", "pi", "crash", "rank 1 ended by SIGSEGV", "MPI_Barrier at", {}),
    ("rank-killed", "pi", "crash", "rank 1 ended by SIGKILL", "MPI_Barrier at", {}),
    ("rank-exits", "pi", "runtime-error", "rank 1 ended with exit code 3 before the harness",
     "MPI_Barrier at", {}),
    # Debian's Open MPI 4 loses its message of who called MPI_Abort: then only the code is known.
    ("rank-aborts", "pi", "runtime-error", "rank 1 ", "", {}),
    ("rank-waits", "pi", "deadlock", "pi_mpi_0.jl:12 in MPI_Allreduce, 1 of 2 ranks",
     "MPI_Allreduce at", {"stall_limit_s": 15}),
    ("rank-returns-early", "pi", "deadlock", "pi_mpi_0.jl:12 in MPI_Allreduce, 1 of 2 ranks",
     "compute_pi at", {"stall_limit_s": 15}),
    ("rank-misses-collective", "pi", "deadlock", "pi_mpi_0.jl:7 in MPI_Barrier, 1 of 2 ranks",
     "compute_pi at", {"stall_limit_s": 15}),
    ("rank-wrong-tag", "pi", "deadlock", "pi_mpi_0.jl:9 in MPI_", "compute_pi at",
     {"stall_limit_s": 15}),
    ("ranks-exchange", "pi", "deadlock", "every rank waits: pi_mpi_0.jl:9 in MPI_", "compute_pi at",
     {"stall_limit_s": 15}),
    ("rank-finalizes-early", "pi", "deadlock", "in MPI_Finalize, 1 of 2 ranks", "compute_pi at",
     {"stall_limit_s": 15}),
    ("rank-computes", "pi", "timeout", "still using CPU after 60 s, in phase check", "",
     {"time_limit_s": 60, "stall_limit_s": 10}),
    ("rank-computes-long", "pi", "ok", "1 of 1", "", {"stall_limit_s": 6, "repetitions": 1}),
    ("rank-polls", "pi", "ok", "1 of 1", "", {"stall_limit_s": 6, "repetitions": 1}),
    ("rank-forgets-wait", "pi", "wrong-result", "the check at", "", {}),
    ("rank-sends-too-much", "pi", "runtime-error", "MPI_ERR_TRUNCATE", "", {}),
    ("rank-never-finalizes", "pi", "runtime-error", "before the harness was done", "", {}),
    ("tile-twice", "gemm", "wrong-result", "at n = 100: tile (1, 1) has 2 owners", "", {}),
]  # fmt: skip
WORKERS = [
    # kernel, problem, outcome, what the detail says, limits of its own
    ("chunk-on-driver", "gemm", "wrong-result",
     "tile (1, 1) is not on a worker but on the driver", {}),
    ("worker-dies", "pi", "crash", " ended by SIGKILL (in phase check)", {}),
    ("worker-segfaults", "pi", "crash", "worker 3 ended by SIGSEGV (in phase check)", {}),
    ("worker-exits", "pi", "crash", "worker 3 ended with exit code 3 (in phase repetition)", {}),
    ("worker-grows", "pi", "out-of-memory", "GiB resident, limit", {"memory_limit_gib": 3}),
    ("nested-task-throws", "pi", "runtime-error", "the seventh part has no value", {}),
    ("worker-waits", "pi", "deadlock", "no sign of life for", {"stall_limit_s": 20}),
]  # fmt: skip
SHARED = [
    ("nested-task-throws", "pi", "runtime-error", "the seventh part has no value", {}),
    ("tasks-in-a-cycle", "pi", "deadlock", "pi_dagger_0.jl:", {"stall_limit_s": 15}),
    ("lock-across-fetch", "pi", "deadlock", "pi_dagger_0.jl:", {"stall_limit_s": 15}),
    ("many-tiny-tasks", "pi", "ok", "2 of 2 repetitions correct", {}),
    ("grows-a-little", "pi", "out-of-memory", "GiB resident, limit 2.00 GiB", {}),
    ("missing-datadep", "gemm", "wrong-result", "error", {"n": 768, "repetitions": 10}),
]  # fmt: skip

STACKS = {
    "rank-waits": "1 of 2 tasks in the program, 1 in MPI",
    "ranks-exchange": "0 of 2 tasks in the program, 2 in MPI",
    "lock-across-fetch": "1 of ",
    "tasks-in-a-cycle": "2 of ",
    "worker-waits": "2 of ",
}
"""Of the packages themselves, where Julia prints the stacks of tasks: whose code they are in."""


def check_stacks(detail: str, kernel: str, julia: Julia) -> None:
    """The detail of a deadlock has its stacks counted."""
    real = {"MPI", "Dagger"} <= set(julia.packages)
    assert f"; stacks: {STACKS.get(kernel, '') if real else ''}" in detail


def check_time(attempt: Attempt) -> None:
    """The time of processes that were killed counts, too: a sample cannot have seen more."""
    rows = (attempt.path / "samples.csv").read_text(encoding="utf-8").splitlines()[1:]
    seconds = attempt.outcome().cpu_seconds
    assert seconds is not None
    assert seconds > 0.95 * max(float(row.split(",")[2]) for row in rows)


@pytest.mark.parametrize(
    ("kernel", "problem", "outcome", "said", "printed", "limits"), MPI, ids=[c[0] for c in MPI]
)
def test_what_one_rank_does_becomes_the_outcome(
    kernel: str,
    problem: str,
    outcome: str,
    said: str,
    printed: str,
    limits: dict[str, Any],
    tmp_path: Path,
    julia_with_stand_ins: Path,
    julia: Julia,
) -> None:
    assert julia_with_stand_ins
    trial = Trial.of(tmp_path, kernel, **LIMITS | limits)
    cell = f"{kernel}/{problem}/mpi/0@1x2x1"
    trial.run(cell)
    (attempt,) = trial.attempts(cell)
    found = attempt.outcome()
    assert found.outcome == outcome, found
    assert said in found.detail
    if outcome == "deadlock":
        check_stacks(found.detail, kernel, julia)
    text = (attempt.path / "stderr.txt").read_text(encoding="utf-8")
    assert printed in text, "the stacks of the ranks are kept"
    assert "reachable pairing" not in text
    check_time(attempt)
    assert "[1,0]<stderr>" not in text
    assert not list(attempt.path.glob("result.raw*"))


DAGGER = [(case, "dagger-distributed") for case in WORKERS]
DAGGER += [(case, "dagger") for case in SHARED]


@pytest.mark.parametrize(("case", "framework"), DAGGER, ids=[f"{c[0]}-{f}" for c, f in DAGGER])
def test_what_tasks_and_workers_do_becomes_the_outcome(
    case: tuple[str, str, str, str, dict[str, Any]],
    framework: str,
    tmp_path: Path,
    julia_with_stand_ins: Path,
    julia: Julia,
) -> None:
    assert julia_with_stand_ins
    kernel, problem, outcome, said, limits = case
    trial = Trial.of(tmp_path, kernel, **LIMITS | limits)
    scale = "1x2x1" if framework == "dagger-distributed" else "1x1x2"
    cell = f"{kernel}/{problem}/{framework}/0@{scale}"
    trial.run(cell)
    (attempt,) = trial.attempts(cell)
    found = attempt.outcome()
    assert found.outcome == outcome, found
    assert said in found.detail
    if outcome == "deadlock":
        check_stacks(found.detail, kernel, julia)
    check_time(attempt)


def test_an_idle_rank_that_is_asked_again_and_again_stays_idle(
    tmp_path: Path, julia: Julia
) -> None:
    if "MPI" not in julia.packages:
        skip("MPI.jl")  # Julia 1.5 does not profile itself when it is asked
    trial = Trial.of(tmp_path, "rank-waits", **LIMITS | {"stall_limit_s": 10})
    trial.run("rank-waits/pi/mpi/0@1x2x1")
    (attempt,) = trial.attempts("rank-waits/pi/mpi/0@1x2x1")
    assert "looked at 5 times" in attempt.outcome().detail
    assert "Overhead" not in (attempt.path / "stderr.txt").read_text(encoding="utf-8")


def test_ranks_that_are_processes_pass_what_ranks_that_are_tasks_do(
    tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    mpi = find_mpi()
    assert mpi
    script = ROOT / "julia" / "test" / "ranks.jl"
    allowed = dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1")
    answer = subprocess.run(
        [mpi.mpiexec, "-n", "2", julia_with_stand_ins, f"--project={ROOT / 'julia'}", script],
        cwd=tmp_path, env=os.environ | allowed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.stdout == "all well on 2 ranks\n", answer.stderr


@pytest.mark.parametrize("problem", ["pi", "gemm", "cholesky"])
@pytest.mark.parametrize("framework", ["dagger", "mpi", "dagger-distributed"])
def test_the_reference_programs_run_and_are_right(
    problem: str, framework: str, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    trial = Trial.of(tmp_path, "reference", **LIMITS | {"shared": ["1x1x2"], "repetitions": 1})
    cell = f"reference/{problem}/{framework}/0@{'1x1x2' if framework == 'dagger' else '1x2x1'}"
    trial.run(cell)
    found = trial.outcome(cell)
    assert found.outcome == "ok", found
    assert set(found.flags) <= {"idle-threads"}, "stand-ins divide the work in milliseconds"
    start = next(r for r in trial.attempts(cell)[0].records() if r["event"] == "start")
    made = next(r for r in trial.attempts(cell)[0].records() if r["event"] == "repetition")
    assert made["busy_seconds"] is not None, "0 for less than a tick of the system's clock"
    if framework == "dagger" or problem == "pi":
        assert made["input_seconds"] is None
    else:
        assert 0 < made["input_seconds"] < made["seconds"]
    assert found.available_cores == 2
    asked = (1, 2) if framework == "dagger" else (2, 1)
    assert (start["ranks"], start["threads"]) == asked
    carried = (start["transport"] or "").split()
    assert carried[:1] == (["ob1"] if framework == "mpi" else []), start


@pytest.mark.parametrize("framework", ["threads", "dagger", "mpi", "dagger-distributed"])
def test_tasks_and_messages_that_do_nothing_run_and_are_counted(
    framework: str, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    study = tmp_path / "trial.toml"
    limits = LIMITS | {"repetitions": 1}
    text = study_toml({"reference": {}}, {"empty": None}, FRAMEWORKS, **limits)
    study.write_text(text, encoding="utf-8")
    trial = Trial(tmp_path / "run", study)
    point = "1x1x2" if framework in ("threads", "dagger") else "1x2x1"
    cell = f"reference/empty/{framework}/0@{point}"
    trial.run(cell)
    found = trial.outcome(cell)
    assert found.outcome == "ok", found
    assert set(found.flags) <= {"idle-threads"}


def test_a_rank_that_raises_blas_threads_is_flagged(
    tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    trial = Trial.of(tmp_path, "rank-raises-blas-threads", **LIMITS)
    trial.run()
    found = trial.outcome("rank-raises-blas-threads/pi/mpi/0@1x2x1")
    assert found.outcome == "ok", found
    assert "raised-blas-threads" in found.flags
