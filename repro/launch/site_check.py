"""What a node says of itself, for `repro doctor --site`, and what that means.

On a node it prints a line of JSON, shorter than the 1,024 bytes that srun passes on in one piece.
Standard library only: whether the other packages can be imported is one of the questions.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import ROOT
from repro.container.findings import Finding, finding

BEAT, LOCK = "login", "lock"
"""In the probe's directory: the login node's time, again and again, and a file that it locks."""

_NEIGHBOURS_SECONDS, _START_SECONDS = 10, 25
_SYSTEM = Path("/sys/devices/system/cpu")
_GIB = 2**30
_LEAST_FREE, _LEAST_SHM, _MOST_AHEAD_SECONDS = _GIB, _GIB, 2.0

Report = dict[str, Any]


def report(scratch: Path, probe: Path, nodes: int, julia: list[str]) -> Report:
    """All that is asked of a node.

    Args:
        scratch: the directory that runs are to lie in.
        probe: a directory below it, made by the login node.
        nodes: how many nodes are asked at the same time.
        julia: the command that starts Julia, in its image if it has one; empty: there is none.
    """
    return {
        "host": os.uname().nodename,
        "shared": (probe / BEAT).exists(),
        "seen": _neighbours(probe, nodes),
        "ahead_s": _ahead(probe / BEAT),
        "lock": _lock(probe / LOCK),
        "problem": _problem_of_writing(scratch),
        "free": _size(scratch, "free"),
        "shm": _size(Path("/dev/shm"), "total"),  # noqa: S108 - it is what is asked about
        "cores": _cores(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "python": platform.python_version(),
        "code": code_digest(),
        "imports": _ask(sys.executable, "-c", "import repro.launch.on_node")[1],
        "julia": next(filter(None, _ask(*julia, "--version"))) if julia else "",
    }


def code_digest() -> str:
    """A few digits that stand for the package's code as this node sees it."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "repro").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _neighbours(probe: Path, nodes: int) -> list[str]:
    """The nodes whose file this one sees, itself among them."""
    if not probe.is_dir():
        return []
    name, seen = f"node-{os.uname().nodename}", list[str]()
    end = time.monotonic() + _NEIGHBOURS_SECONDS
    while len(seen) < nodes and time.monotonic() < end:
        # Made anew each time: a change of one's own is what makes NFS look at a directory again.
        with contextlib.suppress(OSError):
            (probe / f".{name}").touch()
            (probe / f".{name}").replace(probe / name)
        seen = [file for file in os.listdir(probe) if file.startswith("node-")]
        time.sleep(0.1)
    return sorted(file.removeprefix("node-") for file in seen)


def _ahead(beat: Path) -> float | None:
    """Seconds that this clock is ahead of the login node's: its delays make it look later."""
    found = []
    for _ in range(10):
        with contextlib.suppress(OSError, ValueError):  # ValueError: just being written
            found.append(time.time() - float(beat.read_text(encoding="ascii")))
        time.sleep(0.1)
    return round(min(found), 2) if found else None


def _lock(path: Path) -> str:
    """What a lock that the login node holds is here: `held`, `free`, or an error."""
    try:
        with path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "held"
    except OSError as error:
        return error.strerror or "error"
    return "free"


def _problem_of_writing(scratch: Path) -> str:
    """What keeps a file of 256 KiB from being written; empty: nothing."""
    try:
        with tempfile.NamedTemporaryFile(dir=scratch, prefix=".repro-doctor-") as stream:
            stream.write(bytes(2**18))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return f"full ({error.strerror})" if full else error.strerror or "error"
    return ""


def _size(path: Path, which: str) -> int:
    try:
        size: int = getattr(shutil.disk_usage(path), which)
    except OSError:
        return 0
    return size


def _cores() -> int:
    """Cores, not hardware threads, where the kernel tells them apart."""
    groups = {file.read_text() for file in _SYSTEM.glob("cpu[0-9]*/topology/thread_siblings_list")}
    return len(groups) or os.cpu_count() or 1


def _ask(*command: str) -> tuple[str, str]:
    """What a command prints, or, if it fails, why."""
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            errors="replace", timeout=_START_SECONDS,
        )  # fmt: skip
    except OSError as error:
        return "", error.strerror or "does not start"
    except subprocess.TimeoutExpired:
        return "", f"no answer in {_START_SECONDS} s"
    if answer.returncode == 0:
        return answer.stdout.strip()[:80], ""
    last = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    return "", last[:120]


def bad(what: str, found: str, mend: str) -> Finding:
    """A finding without which nothing can run."""
    return finding(what, found, mend, ok=False, needed=True)


def judged(what: str, found: str, mend: str, *, ok: bool, needed: bool = True) -> Finding:
    """A finding with its mend, if it is not good."""
    return finding(what, found, "" if ok else mend, ok=ok, needed=needed)


@dataclass(frozen=True)
class Expected:
    """What nodes are compared with."""

    scratch: Path
    cores: int
    memory_gib: float
    julia: str
    """Its version; empty: there is none."""

    image: Path | None = None
    """The image that it is in."""


def judge(reports: list[Report], expected: Expected) -> Iterator[Finding]:
    """What the nodes' reports mean; a matter has one finding, which names the nodes."""
    scratch, hosts = expected.scratch, {report["host"] for report in reports}
    mend = "every node must see this checkout and its .venv, and the same of both"
    yield _over(reports, "this checkout and Python", _same_code, mend)
    if expected.julia:
        mend = "put Julia where every node sees it, and set JULIA to it"
        if expected.image:
            mend = f"put {expected.image} where every node sees it, and Apptainer on every node"
        what = f"Julia in {expected.image}" if expected.image else "Julia"
        wanted = f"julia version {expected.julia}"
        yield _over(reports, what, lambda r: (r["julia"], r["julia"] == wanted), mend)
    mend = "give a --run on a file system that the login node and all nodes share"
    yield _over(reports, f"scratch {scratch}", lambda r: _shared(r, hosts), mend)
    mend = "free space there, or give a --run on another file system"
    yield _over(reports, f"room in {scratch}", _room, mend)
    mend = "two drivers could change one run: give a --run where flock works between nodes"
    near = [report for report in reports if report["shared"]]  # these others need the scratch
    yield _over(near, "flock", _locked, mend)
    mend = "times of nodes do not fit together: tell the support (or the scratch is slow)"
    yield _over(near, "clock", _clock, mend, needed=False)
    mend = "say in the site's file what a node really has: cells would share cores, or run out"
    yield _over(reports, "a node's hardware", lambda r: _hardware(r, expected), mend, needed=False)
    mend = "MPI's ranks on one node may fail: ask the support for more"
    yield _over(reports, "/dev/shm", _shm, mend, needed=False)  # noqa: S108


def _over(
    reports: list[Report],
    what: str,
    one: Callable[[Report], tuple[str, bool]],
    mend: str,
    *,
    needed: bool = True,
) -> Finding:
    """A finding over nodes, those that say the same together; none of them: it is untried."""
    if not reports:
        return finding(what, "untried, for want of a shared scratch", ok=False)
    told: dict[str, list[str]] = {}
    for report in reports:
        told.setdefault(one(report)[0], []).append(report["host"])
    found = "; ".join(f"{', '.join(hosts)}: {text}" for text, hosts in told.items())
    return judged(what, found, mend, ok=all(one(r)[1] for r in reports), needed=needed)


def _same_code(report: Report) -> tuple[str, bool]:
    here = platform.python_version()
    if report["code"] != code_digest():
        return "another state of the code than here", False
    if report["imports"]:
        return f"cannot import what it needs ({report['imports']})", False
    return f"Python {report['python']}", report["python"] == here


def _shared(report: Report, hosts: set[str]) -> tuple[str, bool]:
    if not report["shared"]:
        return "not shared, does not see what the login node writes", False
    if unseen := sorted(hosts - set(report["seen"])):
        return f"not shared, does not see what {', '.join(unseen)} writes", False
    return "shared", True


def _room(report: Report) -> tuple[str, bool]:
    free = f"{report['free'] / _GIB:.1f} GiB free"
    if report["problem"]:
        return f"{report['problem']}, {free}", False
    return free, report["free"] >= _LEAST_FREE


def _locked(report: Report) -> tuple[str, bool]:
    if report["lock"] == "held":
        return "a lock of the login node is respected", True
    return f"a lock of the login node is not respected ({report['lock']})", False


def _clock(report: Report) -> tuple[str, bool]:
    ahead = report["ahead_s"]
    if ahead is None:
        return "the login node's time could not be read", False
    return f"{ahead:+.1f} s", abs(ahead) <= _MOST_AHEAD_SECONDS


def _hardware(report: Report, expected: Expected) -> tuple[str, bool]:
    gib = report["memory"] / _GIB
    enough = report["cores"] >= expected.cores and gib >= expected.memory_gib
    text = f"{report['cores']} cores, {gib:.0f} GiB"
    less = f" (the site's file: {expected.cores}, {expected.memory_gib:.0f} GiB)"
    return text + ("" if enough else less), enough


def _shm(report: Report) -> tuple[str, bool]:
    return f"{report['shm'] / _GIB:.1f} GiB", report["shm"] >= _LEAST_SHM


if __name__ == "__main__":
    place, made, asked, *command = sys.argv[1:]
    told = report(Path(place), Path(made), int(asked), command)
    print(json.dumps(told), flush=True)  # noqa: T201
