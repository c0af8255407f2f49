"""Measures time and memory of `repro status` on 20,000 attempts."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repro.files import canonical_json
from repro.launch.run_directory import driving, make_run
from repro.measure import attempts

from studies import write_study


def prepare(directory: Path) -> Path:
    """Make a run directory with 100 samples at 100 scale points, and two attempts per cell."""
    study = write_study(directory, samples=100, points=100)
    with driving(directory / "run"):
        run = make_run(directory / "run", study, "local")
    outcome = {
        "outcome": "ok", "detail": "1 of 1 repetitions correct", "flags": [], "exit_code": 0,
        "signal": None, "wall_seconds": 1.0, "cpu_seconds": 1.0, "peak_memory_bytes": 1,
        "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z",
    }  # fmt: skip
    for cell in run.cells():
        for number in ("1", "2"):
            path = attempts.cell_directory(run.path, str(cell.name)) / number
            path.mkdir(parents=True)
            (path / attempts.OUTCOME).write_text(canonical_json(outcome), encoding="utf-8")
    return run.path


def rows() -> list[tuple[str, str]]:
    """Measure and return the rows."""
    with tempfile.TemporaryDirectory() as directory:
        run = prepare(Path(directory))
        found = sum(1 for _ in attempts.all_attempts(run))
        repro = Path(sys.executable).with_name("repro")
        begin = time.perf_counter()
        process = subprocess.Popen([repro, "status", "--run", run], stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)  # this process's own peak, not that of all children
        process.returncode = 0
        seconds = time.perf_counter() - begin
    mebibytes = used.ru_maxrss / 1024
    text = f"{seconds:.2f} s (limit 2 s), {mebibytes:.0f} MiB (limit 200 MB)"
    return [(f"repro status, {found:,} attempts", text)]


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name}: {text}")
