"""Measures how long hangs take to be found, and what looking for them costs a program that works.

Kernels of tests/kernels that wait for ever, and others that only seem to, run on two cores. The
seconds are those from the program's last record to its end, which includes asking it for stacks.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from repro.measure.attempts import SAMPLES, Attempt
from repro.measure.polling import stopped

from trials import Trial

STALL_SECONDS = 20
SHARED, RANKS, WORKERS = "1x1x2", "1x2x1", "1x2x1"
KERNELS = {
    # framework: problem, scale point, kernels
    "threads": ("gemm", SHARED, ("waits-for-ever", "waits-by-timer", "computes-long")),
    "dagger": ("pi", SHARED, ("tasks-in-a-cycle", "lock-across-fetch", "nested-task-throws")),
    "dagger-distributed": ("pi", WORKERS, ("worker-waits",)),
    "mpi": ("pi", RANKS, (
        "rank-waits", "rank-misses-collective", "rank-wrong-tag", "ranks-exchange",
        "rank-returns-early", "rank-finalizes-early", "rank-never-finalizes", "rank-aborts",
        "rank-sends-too-much", "rank-forgets-wait", "rank-computes-long", "rank-polls",
    )),
}  # fmt: skip
LOOKS = 200


def rows() -> Iterator[tuple[str, str]]:
    """Yield what looking costs, then one row per kernel: its outcome, and how soon it was known."""
    yield "looking at a thread that computes", _cost()
    for framework, (problem, scale, kernels) in KERNELS.items():
        for kernel in kernels:
            yield f"{framework} {kernel}", _found(kernel, f"{problem}/{framework}/0@{scale}")


def _found(kernel: str, cell: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        trial = Trial.of(
            Path(directory), kernel, shared=[SHARED], distributed=[RANKS], repetitions=1,
            time_limit_s=600, stall_limit_s=STALL_SECONDS,
        )  # fmt: skip
        trial.run(f"{kernel}/{cell}")
        (attempt,) = trial.attempts(f"{kernel}/{cell}")
        outcome = attempt.outcome()
        if outcome.outcome == "unavailable":
            return f"not measured: {outcome.detail}"
        seconds = (outcome.wall_seconds or 0.0) - _last_record(attempt)
        return f"{outcome.outcome}, {seconds:.0f} s after its last record: {outcome.detail}"


def _last_record(attempt: Attempt) -> float:
    """Return when the last phase began, in seconds since the start."""
    rows = (attempt.path / SAMPLES).read_text(encoding="utf-8").splitlines()[1:]
    phases = [row.split(",")[1] for row in rows]
    first = next(i for i, phase in enumerate(phases) if phase == phases[-1])
    return float(rows[first].split(",")[0])


def _cost() -> str:
    """Measure how long a look stops a thread that computes, at the most."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        time.sleep(0.5)
        times = []
        for _ in range(LOOKS):
            begin = time.perf_counter()
            stopped(process.pid)
            times.append(time.perf_counter() - begin)
            time.sleep(0.01)
        process.kill()
    middle = statistics.median(times)
    return f"stopped for {middle * 1e6:.0f} us at the most, once a second: {middle:.3%} slower"


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name:40} {text}", flush=True)
