"""What a node reports of itself to `repro doctor --site`: `python -m repro.launch.site.node ...`.

It prints a line of JSON, shorter than the 1,024 bytes that srun passes on in one piece.
Standard library only: whether other packages can be imported is one of the checks.
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
from dataclasses import dataclass
from pathlib import Path

from repro import ROOT
from repro.records import json_of

BEAT, LOCK = "login", "lock"
"""In the probe's directory: the login node's time, kept current, and a file that it locks."""

_NEIGHBOURS_SECONDS, _START_SECONDS = 10, 25
_SYSTEM = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class NodeReport:
    """What a node reports of itself; sizes are in bytes."""

    host: str
    shared: bool
    """Does it see what the login node wrote into the scratch?"""

    seen: tuple[str, ...]
    """The nodes whose file in the scratch it sees, itself among them."""

    ahead_s: float | None
    """Seconds that its clock is ahead of the login node's; None: that could not be read."""

    lock: str
    """How it sees a lock that the login node holds: `held`, `free`, or an error."""

    problem: str
    """What keeps it from writing into the scratch; empty: nothing."""

    free: int
    shm: int
    cores: int
    memory: int
    python: str
    code: str
    """A digest of this package's code there."""

    imports: str
    """Why it cannot import what it needs; empty: it can."""

    julia: str
    """What Julia calls itself, or why it does not start; empty: none was asked for."""


def report(scratch: Path, probe: Path, nodes: int, julia: list[str]) -> NodeReport:
    """Collect the report of this node.

    Args:
        scratch: the directory for runs.
        probe: a directory below it, made by the login node.
        nodes: how many nodes report at the same time.
        julia: the command that starts Julia, in its image if it has one; empty: there is none.
    """
    return NodeReport(
        host=os.uname().nodename,
        shared=(probe / BEAT).exists(),
        seen=tuple(_neighbours(probe, nodes)),
        ahead_s=_ahead(probe / BEAT),
        lock=_lock(probe / LOCK),
        problem=_problem_of_writing(scratch),
        free=_size(scratch, "free"),
        shm=_size(Path("/dev/shm"), "total"),  # noqa: S108 - it is what is asked about
        cores=_cores(),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        python=platform.python_version(),
        code=code_digest(),
        imports=_ask(sys.executable, "-c", "import repro.launch.on_node")[1],
        julia=next(filter(None, _ask(*julia, "--version"))) if julia else "",
    )


def code_digest() -> str:
    """A digest of the package's code as this node sees it."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "repro").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _neighbours(probe: Path, nodes: int) -> list[str]:
    """The nodes whose file this one sees, including itself."""
    if not probe.is_dir():
        return []
    name, seen = f"node-{os.uname().nodename}", list[str]()
    end = time.monotonic() + _NEIGHBOURS_SECONDS
    while len(seen) < nodes and time.monotonic() < end:
        # Made anew each time: NFS reads a directory again after a change of one's own.
        with contextlib.suppress(OSError):
            (probe / f".{name}").touch()
            (probe / f".{name}").replace(probe / name)
        seen = [file for file in os.listdir(probe) if file.startswith("node-")]
        time.sleep(0.1)
    return sorted(file.removeprefix("node-") for file in seen)


def _ahead(beat: Path) -> float | None:
    """Seconds that this clock is ahead of the login node's; delays can only add to it."""
    found = []
    for _ in range(10):
        with contextlib.suppress(OSError, ValueError):  # ValueError: half written
            found.append(time.time() - float(beat.read_text(encoding="ascii")))
        time.sleep(0.1)
    return round(min(found), 2) if found else None


def _lock(path: Path) -> str:
    """How a lock that the login node holds looks from here: `held`, `free`, or an error."""
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
    """Cores, not hardware threads, if the kernel distinguishes them."""
    groups = {file.read_text() for file in _SYSTEM.glob("cpu[0-9]*/topology/thread_siblings_list")}
    return len(groups) or os.cpu_count() or 1


def _ask(*command: str) -> tuple[str, str]:
    """A command's output, and why it failed; one of them is empty."""
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


if __name__ == "__main__":
    place, made, asked, *command = sys.argv[1:]
    told = report(Path(place), Path(made), int(asked), command)
    print(json.dumps(json_of(told)), flush=True)  # noqa: T201
