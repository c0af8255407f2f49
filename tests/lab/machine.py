"""What a cluster needs of the machine, and what it has to give back."""

import errno
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged", "unshare")
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def missing() -> str | None:
    """What keeps a cluster from being started here, or None."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]
    if absent:
        return f"{', '.join(absent)}: run tests/lab/install.sh"
    return None if os.geteuid() == 0 else "root"


def missing_for_memory_limits() -> str | None:
    """What keeps `memory_limits` from working here, or None."""
    for name in ("memory", "freezer", "cpuacct"):
        # Slurm looks for release_agent, which the root of a v1 hierarchy alone has.
        if not os.access(CGROUPS / name / "release_agent", os.W_OK):
            return f"cgroup v1 {name} controller, mounted writable at {CGROUPS / name}"
    return None


def wait_until(true: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait for `true()`.

    Raises:
        TimeoutError: it stayed false for so many `seconds`.
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that nothing listens on.

    They lie below those that the system hands out to clients.
    """
    start = 20_000 + os.getpid() * 37 % 10_000  # processes that ask at the same time start apart
    for first in range(start, 32_000):
        if not any(map(taken, range(first, first + count))):
            return first
    raise RuntimeError(f"no {count} free ports in a row")


def taken(port: int) -> bool:
    """Whether `port` is in use, or was a moment ago."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def answers(port: int) -> bool:
    """Whether something accepts connections at `port` of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def remove_cgroups(nodes: list[str], jobs: range) -> None:
    """Remove what killed jobs left; the empty directories above may be another cluster's, too.

    Raises:
        TimeoutError: a process is still in one.
    """
    left = [
        path
        for node in nodes
        for path in CGROUPS.glob(f"*/slurm_{node}/uid_*/job_*")
        if int(path.name.removeprefix("job_")) in jobs
    ]

    def removed() -> bool:
        try:
            for job in filter(Path.exists, left):
                for directory, _, _ in os.walk(job, topdown=False):
                    Path(directory).rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:  # the last process is not quite gone
                raise
            return False
        return True

    wait_until(removed, "removing the jobs' cgroups", 10)
