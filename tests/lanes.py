"""With `-n`, tests run in several processes: what waits goes on beside what computes.

Each lane is one process, which runs its files one after the other; the other files go, one at a
time, to whatever process is free, the long ones first. Processes without a lane give way to those
with one: in a lane are the tests that watch clocks.
"""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LANES: dict[str, tuple[str, ...]] = {
    "programs' time limits": ("test_outcomes", "test_distributed", "test_resume", "test_chain"),
    "Slurm's clocks": ("lab/test_launcher", "lab/test_scripts"),
    "clusters that break": ("lab/test_lost", "lab/test_cluster", "lab/test_doctor"),
    "the image": ("lab/test_image", "lab/test_driver_in_image", "lab/test_cells_in_image"),
    "agents": (
        "lab/test_session", "lab/test_sandbox", "lab/test_gateway_opencode",
        "lab/test_fenced_session", "lab/test_docs_clients", "lab/test_report_in_browser",
    ),
}  # fmt: skip
LONG = ("test_figures", "test_report", "test_committed")
"""Outside lanes, those to begin with."""

_LANE_OF = {file: name for name, files in LANES.items() for file in files}
_ORDER = [*_LANE_OF, *LONG]
_FIRST, _OTHER, _NONE = 0, 5, 10
"""How much what runs in the first lane, another and none gives way to others."""


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Lanes to the first processes, all else to who is free."""

    @property
    def nodes(self) -> list[Any]:
        """The processes by their number, not in the order in which they came up."""
        return sorted(super().nodes, key=lambda node: _number(node.gateway.id))

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return _LANE_OF.get(file, file)


def pytest_configure(config: pytest.Config) -> None:
    """Keep our order; and give way as much as the process's lane is to, and all that it starts."""
    config.option.loadscopereorder = False
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        number = _number(worker)
        os.nice(_FIRST if number == 0 else _OTHER if number < len(LANES) else _NONE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lanes first, each in its order, then the long files, then the others."""
    place = {file: number for number, file in enumerate(_ORDER)}
    items.sort(key=lambda item: place.get(_file(item.nodeid), len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """With `-n`."""
    return Lanes(config, log)


def _file(nodeid: str) -> str:
    return nodeid.partition(".py")[0].removeprefix("tests/")


def _number(worker: str) -> int:
    return int(worker.removeprefix("gw"))
