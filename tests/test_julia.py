"""The Julia half's own tests, on the Julia of this machine."""

import os
import subprocess
from collections.abc import Callable

import pytest

from repro import ROOT
from repro.container.julia import Julia

from stand_ins import STOOD_IN, USED


@pytest.mark.timeout(600)
def test_the_julia_test_file_passes(
    julia: Julia, record_property: Callable[[str, str], None]
) -> None:
    record_property(USED, STOOD_IN)  # ranks that are tasks; test_distributed has the others
    answer = subprocess.run(
        [julia.path, "--startup-file=no", "-t", "2", ROOT / "julia" / "test" / "runtests.jl"],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
    assert "Test Summary" in answer.stdout


def test_the_julia_lock_pins_what_the_study_used() -> None:
    manifest = (ROOT / "julia" / "Manifest.toml").read_text(encoding="utf-8")
    for name, version in (("Dagger", "0.19.4"), ("MPI", "0.20.26")):
        section = manifest.split(f"[[deps.{name}]]")[1].split("[[")[0]
        assert f'version = "{version}"' in section
