"""Measures the overhead per cell: 100 no-op cells compared with 100 plain subprocess calls."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from repro.container.image import Image
from repro.container.julia import Julia
from repro.launch.command import Tools
from repro.launch.decide import Means
from repro.launch.environment import describe_environment
from repro.launch.local import Here, LocalLauncher
from repro.launch.plan import Setting
from repro.launch.run_directory import driving, make_run

from studies import write_study

CELLS = 100


def measure() -> dict[str, float]:
    """Return seconds per cell: orchestrated, plain, and the difference."""
    true = Path(shutil.which("true") or "/bin/true")
    orchestrated = seconds_a_cell(CELLS)
    command = [str(true), *(["x"] * 25)]
    begin = time.perf_counter()
    for _ in range(CELLS):
        subprocess.run(command, check=True, capture_output=True)
    plain = (time.perf_counter() - begin) / CELLS
    return {"orchestrated": orchestrated, "plain": plain, "overhead": orchestrated - plain}


def seconds_a_cell(cells: int, image: Image | None = None) -> float:
    """Return the mean seconds of a no-op cell, from its plan to its outcome."""
    with tempfile.TemporaryDirectory() as directory:
        study = write_study(Path(directory), samples=1, points=cells)
        path = Path(directory) / "run"
        # `true` stands for Julia: it starts, does nothing and ends.
        julia = Julia(Path("/bin/true"), "PATH", "0", "none", "none", ())
        description = describe_environment(julia, None, 2, image)
        setting = Setting(Tools(julia, image=image), description, "none", 2**30)
        here = Here(setting, [0, 1], tries=1)
        begin = time.perf_counter()
        with driving(path):
            run = make_run(path, study, "local")
            means = Means(run.study, (), (), starts_ranks=False, cores=2, oversubscribe=True)
            LocalLauncher(run, here, means).run_cells(run.cells())
        return (time.perf_counter() - begin) / cells


def rows() -> list[tuple[str, str]]:
    """Measure and return the rows."""
    found = measure()
    text = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in found.items())
    return [(f"a cell, of {CELLS} no-op cells", text)]


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name}: {text}")
