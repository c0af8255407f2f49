"""Compares `repro verify` with `sha256sum -c` on the same files, as whole processes, in turn.

    python benchmarks/verify.py [REPEATS]

The cases are few large files, and many small ones, for which Python's start and its work between
files could cost more than a faster hash and more cores gain.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import ROOT
from repro.archive.manifest import MANIFEST, render

_BLOCK = 1 << 20
_REPRO = (sys.executable, "-m", "repro", "verify")
_SHA256SUM = ("sha256sum", "--check", "--quiet", MANIFEST)


@dataclass(frozen=True)
class Case:
    """Files to verify."""

    name: str
    files: int
    size: int
    """Bytes of each file."""


CASES = (
    Case("2 GB in 4 files", 4, 500 * 10**6),
    Case("20,000 files of 1 KiB", 20_000, 1024),
    Case("20,000 files of 4 KiB", 20_000, 4096),
)


@dataclass(frozen=True)
class Timing:
    """Seconds of whole processes, in the order in which they ran."""

    case: Case
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Median time of `repro verify` over that of sha256sum; below 1, it is faster."""
        return statistics.median(self.ours) / statistics.median(self.theirs)


def make_files(case: Case, root: Path) -> None:
    """Make a tree as deep as that of a dataset's logs, and its manifest."""
    block = os.urandom(_BLOCK)
    digests = {}
    for number in range(case.files):
        path = f"model/logs/{number // 1000:03}/{number // 10:04}/{number % 10}"
        content = number.to_bytes(8, "big") + block * (case.size // _BLOCK + 1)
        digests[path] = hashlib.sha256(content[: case.size]).hexdigest()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content[: case.size])
    (root / MANIFEST).write_text(render(digests), encoding="utf-8")


def measure(case: Case, repeats: int) -> Timing:
    """Measure both on the files of a case, in turn, after one unmeasured round each."""
    timing = Timing(case, [], [])
    with tempfile.TemporaryDirectory() as directory:
        make_files(case, Path(directory))
        for repeat in range(repeats + 1):
            ours = _seconds([*_REPRO, directory], directory)
            theirs = _seconds(_SHA256SUM, directory)
            if repeat:
                timing.ours.append(ours)
                timing.theirs.append(theirs)
    return timing


def _seconds(command: Sequence[str], directory: str) -> float:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    begin = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def row(timing: Timing) -> str:
    """Return a line of the table: medians (and fastest), and the ratio of the medians."""
    ours, theirs = (
        f"{statistics.median(times):7.3f} s ({min(times):.3f})"
        for times in (timing.ours, timing.theirs)
    )
    return f"{timing.case.name:22} {ours:>20} {theirs:>20} {timing.ratio:6.2f}"


def main(repeats: int = 9) -> int:
    """Print the table; return 1 if sha256sum was faster in any case."""
    print(f"{'median (fastest)':22} {'repro verify':>20} {'sha256sum -c':>20} {'ratio':>6}")
    slower = False
    for case in CASES:
        timing = measure(case, repeats)
        slower |= timing.ratio > 1
        print(row(timing), flush=True)
    return int(slower)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
