"""What tests share: what they need of this machine, and how a missing piece is treated."""

import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from repro.container.julia import TOOLCHAIN, Julia, find_julia
from repro.errors import UserError

IN_CI = os.environ.get("CI") == "true"
NOT_IN_ANY_REGISTRY = ("Dagger.jl", "MPI.jl", "Julia 1.12", "the three LLMs")
"""What CI cannot install. A test that needs one of these, and says so, may be skipped there."""


# Where tests/lab/install-apptainer.sh puts it; at the end, and before anything remembers PATH.
os.environ["PATH"] += f"{os.pathsep}{TOOLCHAIN / 'apptainer' / 'bin'}"

_MADE = pytest.StashKey[str]()


def skip(missing: str) -> None:
    """Skip for want of `missing`; in CI only what no registry can bring may be missing."""
    if IN_CI and not missing.startswith(NOT_IN_ANY_REGISTRY):
        pytest.fail(f"CI must have it, but there is no {missing}")
    pytest.skip(f"needs {missing}")


def pytest_configure(config: pytest.Config) -> None:
    """Let programs that tests start hear Ctrl-C: what a shell starts by `&` ignores it.

    Several processes have directories of longer names: those begin shorter, for Slurm's sockets.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None) and not config.option.basetemp:
        config.stash[_MADE] = config.option.basetemp = tempfile.mkdtemp(prefix="repro-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the directory that was made above, unless somebody wants to look into it."""
    made = session.config.stash.get(_MADE, None)
    if made and not session.testsfailed:
        shutil.rmtree(made, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip that is not for one of `NOT_IN_ANY_REGISTRY` is a failure."""
    report = yield
    allowed = any(f"needs {name}" in str(report.longrepr) for name in NOT_IN_ANY_REGISTRY)
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and not allowed:
        report.outcome = "failed"
    return report


def pytest_report_header() -> str:
    """Say what CI does without."""
    return f"no registry has these, tests of them are skipped: {', '.join(NOT_IN_ANY_REGISTRY)}"


@pytest.fixture(scope="session")
def julia() -> Julia:
    """The Julia of this machine."""
    try:
        return find_julia()
    except UserError as error:
        skip(f"Julia ({error})")
        raise


pytest_plugins = ("lanes", "stand_ins", "docs_index")


@pytest.fixture
def kernels() -> Path:
    """The adversarial kernels."""
    return Path(__file__).parent / "kernels"
