"""The last line of a test run says what ran on real packages, and what on stand-ins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SAMPLE = """
import pytest
from stand_ins import REAL, STOOD_IN, USED

@pytest.mark.parametrize("used", [REAL] * 3 + [STOOD_IN] * 2)
def test_one(used, record_property):
    record_property(USED, used)
    assert used == REAL, "a test that fails counts, too"

def test_other():
    pass
"""


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_the_counts_add_up(processes: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "stand_ins"]
    answer = subprocess.run(
        [*command, *processes, str(tmp_path)], env=os.environ | {"PYTHONPATH": str(TESTS)},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = "tests of Dagger.jl and MPI.jl: 3 on the packages themselves, 2 on stand-ins\n"
    assert answer.stdout.count(told) == 1, answer.stdout + answer.stderr
