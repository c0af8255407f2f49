"""Measures `repro figures` on a dataset, as a whole process.

python benchmarks/figures.py DATASET [REPEATS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(dataset: Path) -> float:
    """Return the wall-clock seconds of one `repro figures`, including Python's start."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "repro", "figures", "--data", str(dataset.parent)]
        command += ["--dataset", dataset.name, "--out", out]
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ)
        return time.perf_counter() - begin


def measure(dataset: Path, repeats: int = 3) -> str:
    """Return a line for the table: median and range after one run that fills caches."""
    seconds(dataset)
    taken = [seconds(dataset) for _ in range(repeats)]
    return (
        f"repro figures, dataset {dataset.name}: median {statistics.median(taken):.1f} s "
        f"of {repeats} (from {min(taken):.1f} to {max(taken):.1f} s)"
    )


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), *map(int, sys.argv[2:])))
