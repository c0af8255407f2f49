"""A Julia that finds stand-ins for Dagger.jl and MPI.jl, which no registry can bring here.

They are in julia/test/stand_ins/, with a README that says what they are and are not: they test the
harness, the launch lines and the watchdog with real processes, never the packages.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from repro import ROOT
from repro.container.julia import Julia
from repro.container.mpi import find_mpi

from conftest import skip

STAND_INS = ROOT / "julia" / "test" / "stand_ins"


USED = "Dagger.jl and MPI.jl"
"""The property of a test that used them, or stand-ins for them."""
REAL, STOOD_IN = "the packages themselves", "stand-ins"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on the packages, and how many on stand-ins."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    used = {
        report.nodeid: value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == USED
    }
    if used:
        counts = Counter(used.values())
        told = ", ".join(f"{counts[kind]} on {kind}" for kind in (REAL, STOOD_IN))
        terminalreporter.write_line(f"tests of {USED}: {told}")


@pytest.fixture
def julia_with_stand_ins(
    julia: Julia,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, str], None],
) -> Path:
    """Set $JULIA to it, or to this machine's Julia itself if that has the packages.

    Skip without Open MPI, which the stand-in for MPI.jl calls.
    """
    if find_mpi() is None:
        skip("Open MPI")
    real = set(julia.packages) >= {"Dagger", "MPI"}
    record_property(USED, REAL if real else STOOD_IN)
    if real:
        return julia.path
    wrapper = tmp_path_factory.mktemp("stand-ins") / "julia"
    places = [str(STAND_INS / name) for name in ("open_mpi", "dagger")]
    # These programs do little, so what costs is compiling them: -O1 takes a quarter of it away.
    wrapper.write_text(
        f"#!/bin/sh\nexport JULIA_LOAD_PATH='{':'.join(places)}:@:@stdlib'\n"
        f"exec '{julia.path}' -O1 \"$@\"\n",
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("JULIA", str(wrapper))
    return wrapper
