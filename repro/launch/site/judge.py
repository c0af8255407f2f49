"""Judging what nodes report of themselves."""

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from repro.container.findings import Finding, finding
from repro.launch.site.node import NodeReport, code_digest

_GIB = 2**30
_LEAST_FREE, _LEAST_SHM, _MOST_AHEAD_SECONDS = _GIB, _GIB, 2.0


def bad(what: str, found: str, mend: str) -> Finding:
    """A finding that keeps everything from running."""
    return finding(what, found, mend, ok=False, needed=True)


def judged(what: str, found: str, mend: str, *, ok: bool, needed: bool = True) -> Finding:
    """A finding; if it is not good, with what to do."""
    return finding(what, found, "" if ok else mend, ok=ok, needed=needed)


@dataclass(frozen=True)
class Expected:
    """What nodes should report."""

    scratch: Path
    cores: int
    memory_gib: float
    julia: str
    """Its version; empty: there is none."""

    image: Path | None = None
    """The image that it is in."""


def judge(reports: list[NodeReport], expected: Expected) -> Iterator[Finding]:
    """Judge the nodes' reports; each check gives one finding, which names the nodes."""
    scratch, hosts = expected.scratch, {report.host for report in reports}
    mend = "every node must see this checkout and its .venv, in the same state"
    yield _over(reports, "this checkout and Python", _same_code, mend)
    if expected.julia:
        mend = "put Julia where every node sees it, and set JULIA to it"
        if expected.image:
            mend = f"put {expected.image} where every node sees it, and Apptainer on every node"
        what = f"Julia in {expected.image}" if expected.image else "Julia"
        wanted = f"julia version {expected.julia}"
        yield _over(reports, what, lambda r: (r.julia, r.julia == wanted), mend)
    mend = "choose a --run on a file system that the login node and all nodes share"
    yield _over(reports, f"scratch {scratch}", lambda r: _shared(r, hosts), mend)
    mend = "free space there, or choose a --run on another file system"
    yield _over(reports, f"room in {scratch}", _room, mend)
    mend = "two drivers could change one run: choose a --run where flock works between nodes"
    near = [
        report for report in reports if report.shared
    ]  # the other checks need the shared scratch
    yield _over(near, "flock", _locked, mend)
    mend = "the nodes' clocks differ: tell the site's support (or the scratch is slow)"
    yield _over(near, "clock", _clock, mend, needed=False)
    mend = "correct the site's file: cells would share cores, or run out of memory"
    yield _over(reports, "a node's hardware", lambda r: _hardware(r, expected), mend, needed=False)
    mend = "MPI ranks on one node may fail: ask the site's support for more"
    yield _over(reports, "/dev/shm", _shm, mend, needed=False)  # noqa: S108


def _over(
    reports: list[NodeReport],
    what: str,
    one: Callable[[NodeReport], tuple[str, bool]],
    mend: str,
    *,
    needed: bool = True,
) -> Finding:
    """One finding about all nodes; those with the same answer are named together."""
    if not reports:
        return finding(what, "not tried, because the scratch is not shared", ok=False)
    told: dict[str, list[str]] = {}
    for report in reports:
        told.setdefault(one(report)[0], []).append(report.host)
    found = "; ".join(f"{', '.join(hosts)}: {text}" for text, hosts in told.items())
    return judged(what, found, mend, ok=all(one(r)[1] for r in reports), needed=needed)


def _same_code(report: NodeReport) -> tuple[str, bool]:
    here = platform.python_version()
    if report.code != code_digest():
        return "the code differs from here", False
    if report.imports:
        return f"cannot import what it needs ({report.imports})", False
    return f"Python {report.python}", report.python == here


def _shared(report: NodeReport, hosts: set[str]) -> tuple[str, bool]:
    if not report.shared:
        return "not shared, does not see what the login node writes", False
    if unseen := sorted(hosts - set(report.seen)):
        return f"not shared, does not see what {', '.join(unseen)} writes", False
    return "shared", True


def _room(report: NodeReport) -> tuple[str, bool]:
    free = f"{report.free / _GIB:.1f} GiB free"
    if report.problem:
        return f"{report.problem}, {free}", False
    return free, report.free >= _LEAST_FREE


def _locked(report: NodeReport) -> tuple[str, bool]:
    if report.lock == "held":
        return "a lock of the login node is respected", True
    return f"a lock of the login node is not respected ({report.lock})", False


def _clock(report: NodeReport) -> tuple[str, bool]:
    ahead = report.ahead_s
    if ahead is None:
        return "the login node's time could not be read", False
    return f"{ahead:+.1f} s", abs(ahead) <= _MOST_AHEAD_SECONDS


def _hardware(report: NodeReport, expected: Expected) -> tuple[str, bool]:
    gib = report.memory / _GIB
    enough = report.cores >= expected.cores and gib >= expected.memory_gib
    text = f"{report.cores} cores, {gib:.0f} GiB"
    less = f" (the site's file: {expected.cores}, {expected.memory_gib:.0f} GiB)"
    return text + ("" if enough else less), enough


def _shm(report: NodeReport) -> tuple[str, bool]:
    return f"{report.shm / _GIB:.1f} GiB", report.shm >= _LEAST_SHM
