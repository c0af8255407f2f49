"""What orchestration costs a cell: 100 no-op cells beside 100 plain subprocess calls."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from repro.container.julia import Julia
from repro.launch.decide import Means
from repro.launch.environment import describe_environment
from repro.launch.local import Here, LocalLauncher
from repro.launch.run_directory import driving, make_run

CELLS = 100
STUDY = """
name = "overhead"
title = "No-op cells"
seed = 1
repetitions = 1
time_limit_s = 60
stall_limit_s = 60
memory_limit_gib = 1
[models.noop]
title = "No-op"
kernels = "julia/reference"
[problems.pi]
title = "Pi"
sizes = [{ n = 1 }]
check = { n = 1 }
[frameworks.threads]
title = "Base.Threads"
memory = "shared"
[scale_points]
distributed = []
shared = ["""


def measure() -> dict[str, float]:
    """Seconds a cell: orchestrated, plain, and the difference."""
    true = Path(shutil.which("true") or "/bin/true")
    with tempfile.TemporaryDirectory() as directory:
        study = Path(directory) / "overhead.toml"
        points = ", ".join(f'"1x1x{threads}"' for threads in range(1, CELLS + 1))
        study.write_text(f"{STUDY}{points}]\n", encoding="utf-8")
        run = make_run(Path(directory) / "run", study, "local")
        # `true` stands for Julia: it starts, does nothing and ends.
        julia = Julia(true, "PATH", "0", "/", "none", "none", ())
        here = Here(julia, "none", describe_environment(julia, 2), [0, 1], 2**30, tries=1)
        means = Means(run.study, (), (), cores=2, oversubscribe=True)
        command: list[str] = []
        begin = time.perf_counter()
        with driving(run.path):
            LocalLauncher(run, here, means).run_cells(run.cells())
        orchestrated = (time.perf_counter() - begin) / CELLS
        command = [str(true), *(["x"] * 25)]
        begin = time.perf_counter()
        for _ in range(CELLS):
            subprocess.run(command, check=True, capture_output=True)
        plain = (time.perf_counter() - begin) / CELLS
    return {"orchestrated": orchestrated, "plain": plain, "overhead": orchestrated - plain}


def rows() -> list[tuple[str, str]]:
    """What is printed."""
    found = measure()
    text = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in found.items())
    return [(f"a cell, of {CELLS} no-op cells", text)]


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name}: {text}")
