"""With `-n`, tests run in several processes: what waits goes on beside what computes.

A lane is files that run one after the other in one process; a file that is in none is a lane of its
own. They are begun in the order of the table, then in that of `LONG`, each by a process that is
free. What watches a clock must not be kept from it: other tests give way to it, more or less.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


@dataclass(frozen=True)
class Lane:
    """Files of tests, and how nice what runs in them is to others."""

    niceness: int
    files: tuple[str, ...]


LANES = {
    "images that are built": Lane(5, ("lab/test_image",)),
    "programs' time limits": Lane(0, ("test_outcomes", "test_resume")),
    "ranks and workers": Lane(0, ("test_distributed",)),
    "sessions": Lane(5, ("lab/test_session", "lab/test_fenced_session")),
    "Slurm's clocks": Lane(5, ("lab/test_launcher", "lab/test_scripts")),
    "clusters that break": Lane(5, ("lab/test_lost", "lab/test_cluster")),
    # A doctor has a directory in the checkout, and a test looks that none is left.
    "doctors, and the image in use": Lane(5, (
        "lab/test_doctor", "lab/test_cells_in_image", "lab/test_driver_in_image",
    )),
    "Julia's own tests": Lane(5, ("test_julia",)),
    "a fourth problem": Lane(5, ("test_extending",)),
    "agents and browsers": Lane(5, (
        "lab/test_gateway_opencode", "lab/test_sandbox", "lab/test_report_in_browser",
    )),
    "documentation": Lane(5, (
        "test_docs_server", "test_docs_extract", "test_docs_questions", "lab/test_docs_clients",
    )),
}  # fmt: skip
LONG = ("test_chain", "lab/test_reviewer", "test_kernels_files", "test_figures", "test_report")
"""Of the files without a lane those to begin with."""

_ALONE = 10
"""How nice is what has no lane."""

_LANE_OF = {file: name for name, lane in LANES.items() for file in lane.files}


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """A lane is what one process takes at once."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return _LANE_OF.get(file, file)


def pytest_configure(config: pytest.Config) -> None:
    """Let lanes begin in our order, not that of their lengths."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by the table."""
    place = {file: number for number, file in enumerate([*_LANE_OF, *LONG])}
    items.sort(key=lambda item: place.get(_file(item.nodeid), len(place)))


def pytest_runtest_logstart(nodeid: str) -> None:
    """Be as nice as the test's lane says; who is not root cannot become less so again."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        lane = LANES.get(_LANE_OF.get(_file(nodeid), ""))
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, lane.niceness if lane else _ALONE)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """With `-n`."""
    return Lanes(config, log)


def _file(nodeid: str) -> str:
    return nodeid.partition(".py")[0].removeprefix("tests/")
