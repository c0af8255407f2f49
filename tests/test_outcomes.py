"""Every outcome, from a program on real Julia that misbehaves in just that way."""

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from repro.container.julia import Julia
from repro.measure.attempts import Attempt
from repro.measure.outcomes import OUTCOMES

from trials import KERNELS, Trial

CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    # kernel, outcome, what the detail says, limits of its own
    ("reference", "ok", "3 of 3 repetitions correct", {}),
    ("never-returns", "timeout", "still using CPU after 8 s, in phase repetition (time limit)",
     {"time_limit_s": 8, "start_limit_s": 200}),
    ("never-loads", "timeout", "still using CPU after 20 s, in phase load (start limit)",
     {"time_limit_s": 8, "start_limit_s": 20}),
    ("ignores-sigterm-busy", "timeout", "still using CPU", {"time_limit_s": 20}),
    ("waits-for-ever", "deadlock", "no CPU time and no sign of life", {"stall_limit_s": 4}),
    ("waits-by-timer", "deadlock", "no sign of life for 8 s", {"stall_limit_s": 8}),
    ("computes-long", "ok", "1 of 1", {"stall_limit_s": 6, "repetitions": 1}),
    ("sleeps", "ok", "3 of 3", {"stall_limit_s": 20, "time_limit_s": 90}),
    ("allocates-without-end", "out-of-memory", "limit 1.00 GiB", {"memory_limit_gib": 1}),
    ("out-of-memory-error", "out-of-memory", "OutOfMemoryError", {}),
    ("wrong-tile", "wrong-result", "the check at n = 100", {}),
    ("wrong-large", "wrong-result", "repetition 1 at n = 300", {}),
    ("stale-cache", "wrong-result", "repetition 2 at n = 300", {}),
    ("pi-cached", "wrong-result", "the check at n", {}),
    ("redefines-verifier", "wrong-result", "", {}),
    ("overwrites-input", "wrong-result", "", {}),
    ("writes-result", "wrong-result", "wrote into its own result file", {}),
    ("truncates-result", "wrong-result", "wrote into its own result file", {}),
    ("lays-a-directory", "wrong-result", "files of its attempt: outcome.json, stdout.txt", {}),
    ("appends-at-exit", "wrong-result", "wrote into its own result file", {}),
    ("removes-records", "wrong-result", "wrote into its own result file", {}),
    ("throws", "runtime-error", "ErrorException", {}),
    ("throws-in-task", "runtime-error", "in phase", {}),
    ("calls-undefined", "runtime-error", "UndefVarError", {}),
    ("exits", "runtime-error", "ended with exit code 0 before the harness was done", {}),
    ("does-not-parse", "load-error", "", {}),
    ("lacks-function", "load-error", "does not define", {}),
    ("needs-package", "load-error", "NoSuchPackage123", {}),
    ("kills-itself", "crash", "ended by SIG", {}),
    ("killed-9", "crash", "ended by SIGKILL", {}),
    ("oversubscribes", "ok", "3 of 3", {"time_limit_s": 200, "repetitions": 1}),
    ("prints-a-megabyte", "ok", "3 of 3", {}),
    ("single-blas", "ok", "3 of 3", {}),
    ("raises-blas-threads", "ok", "3 of 3", {}),
    ("quick", "ok", "3 of 3", {}),
]  # fmt: skip
FLAGS = {
    "sleeps": "idle-threads",
    "oversubscribes": "oversubscribed",
    "single-blas": "single-blas-call",
    "raises-blas-threads": "raised-blas-threads",
    "writes-result": "tampered",
    "truncates-result": "tampered",
    "lays-a-directory": "tampered",
    "appends-at-exit": "tampered",
    "removes-records": "tampered",
}


def cell_of(kernel: str) -> str:
    """The first problem that the kernel is written for, on one thread."""
    if kernel == "reference":
        return "reference/gemm/threads/0@1x1x1"
    (file, *_) = sorted((KERNELS / kernel).glob("*_threads.jl"))
    return f"{kernel}/{file.stem.split('_')[0]}/threads/0@1x1x1"


Ran = Callable[[str], tuple[Trial, Attempt]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, julia: Julia) -> Ran:
    """Run a case, once however often it is asked for; its trial and only attempt."""
    assert julia

    @cache
    def run(kernel: str) -> tuple[Trial, Attempt]:
        (limits,) = (case[3] for case in CASES if case[0] == kernel)
        trial = Trial.of(tmp_path_factory.mktemp("case"), kernel, **limits)
        trial.run(cell_of(kernel))
        (attempt,) = trial.attempts(cell_of(kernel))
        return trial, attempt

    return run


@pytest.mark.parametrize(("kernel", "outcome", "said", "limits"), CASES, ids=[c[0] for c in CASES])
def test_what_a_program_does_becomes_its_outcome(
    kernel: str, outcome: str, said: str, limits: dict[str, Any], ran: Ran
) -> None:
    trial, attempt = ran(kernel)
    found = attempt.outcome()
    assert found.outcome == outcome, found
    expected = said.replace("3 of 3", "1 of 1") if limits.get("repetitions") == 1 else said
    assert expected in found.detail
    if kernel in FLAGS:
        assert FLAGS[kernel] in found.flags
    else:
        # A busy machine may keep a kernel of milliseconds waiting for something else than a core.
        idle = {"idle-threads"} if kernel != "reference" else set()
        assert set(found.flags) <= {"no-parallel-construct", "single-task"} | idle
    leftovers = subprocess.run(
        ["pgrep", "-f", str(trial.path)], capture_output=True, text=True, check=False
    )
    assert leftovers.stdout == "", "processes of the program are still alive"


def test_every_kernel_in_the_directory_is_a_case() -> None:
    # Those of several processes are cases of test_distributed, cheats of test_static_check.
    here = {path.name for path in KERNELS.iterdir() if any(path.glob("*_threads.jl"))}
    read_only = {name for name in here if name.startswith(("cheats-", "honest-"))}
    assert here - read_only == {case[0] for case in CASES} - {"reference"}


def test_every_outcome_of_the_program_is_a_case() -> None:
    assert {case[1] for case in CASES} == set(OUTCOMES) - {"unavailable", "infrastructure"}


def test_a_deadlock_leaves_backtraces_and_samples(ran: Ran) -> None:
    _, attempt = ran("waits-for-ever")
    stderr = (attempt.path / "stderr.txt").read_text(encoding="utf-8")
    assert "take!" in stderr, "Julia was asked for its backtraces before it was ended"
    rows = (attempt.path / "samples.csv").read_text(encoding="utf-8").splitlines()
    last = dict(zip(rows[0].split(","), rows[-1].split(","), strict=True))
    assert last["phase"] == "repetition"
    assert last["runnable"] == "0"


def test_a_megabyte_of_output_is_cut_in_the_middle(ran: Ran) -> None:
    _, attempt = ran("prints-a-megabyte")
    stdout = (attempt.path / "stdout.txt").read_bytes()
    assert len(stdout) < 600_000
    assert b"bytes left out" in stdout


def test_a_killed_program_keeps_the_repetitions_it_had(ran: Ran) -> None:
    _, attempt = ran("never-returns")
    events = [record["event"] for record in attempt.records()]
    assert events[-2:] == ["checked", "begin"]


def test_a_missing_package_is_unavailable_and_not_tried_again(tmp_path: Path, julia: Julia) -> None:
    if "Dagger" in julia.packages:
        pytest.skip("Dagger.jl is installed, so nothing is unavailable")
    trial = Trial.of(tmp_path, "needs-dagger")
    cell = "needs-dagger/pi/dagger/0@1x1x1"
    for _ in range(2):
        trial.run(cell)
    assert len(trial.attempts(cell)) == 1
    assert trial.outcome(cell).outcome == "unavailable"
    assert trial.outcome(cell).detail == "not installed: Dagger.jl"
