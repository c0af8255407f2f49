"""Observing a tree of processes through /proc, and ending it."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_RETRY_SECONDS = 0.02


@dataclass(frozen=True)
class Thread:
    """One thread at one moment."""

    pid: int
    """Of its process."""

    number: int
    state: str
    """The system's letter for it: R, S, D, ..."""

    wanted_seconds: float
    """CPU time, and time in the queue for a core, if the system counts that."""


@dataclass(frozen=True)
class Usage:
    """What a tree of processes uses and does at one moment."""

    cpu_seconds: float
    """User and system time of living processes, and of children that they have waited for."""

    memory_bytes: int
    """Resident memory; pages that processes may share are counted once."""

    processes: int
    threads: int

    runnable: int
    """Threads that run or wait for a core."""

    blocked: int
    """Threads in uninterruptible sleep, such as waiting for a disk."""

    each: tuple[Thread, ...] = ()
    """All of the threads."""

    @property
    def wanted_seconds(self) -> float:
        """CPU time of living threads, and their time in the queue for a core."""
        return sum(thread.wanted_seconds for thread in self.each)


def descendants() -> list[int]:
    """All living descendants of this process, the nearest first.

    This process should be a child subreaper, so that a program cannot escape by detaching.
    """
    found: list[int] = []
    level = _children(os.getpid())
    while level:
        found += level
        level = [child for pid in level for child in _children(pid)]
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # it may end meanwhile
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    return children


def marked(mark: bytes) -> list[int]:
    """This user's processes on this machine that have `mark` in their environment.

    This finds processes that a batch system started for the program: they are no descendants.
    """
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            own = name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.geteuid()  # noqa: PTH116 - called once a second
            if own and mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                found.append(int(name))
    return found


def usage(pids: Iterable[int]) -> Usage:
    """What these processes use now; those that have ended do not count."""
    cpu = private = 0
    shared = [0]
    threads: list[Thread] = []
    processes = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            fields = _stat(f"/proc/{pid}/stat")
            resident, common = map(int, _read(f"/proc/{pid}/statm").split()[1:3])
            threads += _threads(pid)
            cpu += sum(map(int, fields[11:15]))
            private += resident - common
            shared.append(common)
            processes += 1
    states = [thread.state for thread in threads]
    return Usage(
        cpu_seconds=cpu / _TICK,
        memory_bytes=(private + max(shared)) * _PAGE,
        processes=processes,
        threads=len(states),
        runnable=states.count("R"),
        blocked=states.count("D"),
        each=tuple(threads),
    )


def _threads(pid: int) -> list[Thread]:
    threads = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError, IndexError):
            fields = _stat(f"/proc/{pid}/task/{task}/stat")
            wanted = _wanted_seconds(f"/proc/{pid}/task/{task}/schedstat", fields)
            threads.append(Thread(pid, int(task), fields[0], wanted))
    return threads


def _wanted_seconds(schedstat: str, fields: list[str]) -> float:
    try:
        ran, queued = map(int, _read(schedstat).split()[:2])
    except (OSError, ValueError):  # not every Linux counts it, and its threads count all the same
        return sum(map(int, fields[11:13])) / _TICK
    return (ran + queued) / 1e9


def _stat(path: str) -> list[str]:
    """The fields of a stat file after the command's name, which may itself contain spaces."""
    return _read(path).rpartition(")")[2].split()


def _read(path: str) -> str:
    handle = os.open(path, os.O_RDONLY)
    try:
        return os.read(handle, 65536).decode(errors="replace")
    finally:
        os.close(handle)


def runs(pid: int, program: str) -> bool:
    """Does the name of the file that this process runs begin so?"""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/exe").readlink().name.startswith(program)
    return False


def blocks(pid: int, number: signal.Signals) -> bool:
    """Does this process block the signal, to wait for it? It would not die of it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("SigBlk:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each; those that have ended are ignored."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end_descendants(grace_seconds: float, patience_seconds: float = 5.0) -> list[str]:
    """End every descendant: SIGTERM, then, after the grace, SIGKILL until none is left.

    A stuck Julia ignores SIGTERM, and a program may start processes faster than one look finds
    them, so looking and killing are repeated; processes are stopped first so that they cannot.

    Args:
        grace_seconds: from SIGTERM to SIGKILL; 0: SIGKILL at once.
        patience_seconds: how long SIGKILL is tried. It does not end a process that waits for a
            disk or a driver (state D) before that answers.

    Returns:
        What could not be ended: `julia (process 123, state D)`; nothing, as a rule.
    """
    if grace_seconds:
        signal_all(descendants(), signal.SIGTERM)
        wait_until_gone(grace_seconds)
    deadline = time.monotonic() + patience_seconds
    while living := _living(descendants()):
        signal_all(living, signal.SIGSTOP)
        signal_all(living, signal.SIGKILL)
        if time.monotonic() > deadline:
            return list(living.values())
        time.sleep(_RETRY_SECONDS)
    return []


def reap(seconds: float) -> None:
    """Wait for all children, so that their time counts as that of this process's children.

    They are what a program left behind, such as ranks whose launcher was killed. A process whose
    first thread has ended looks as if it had ended, but its other threads may take a moment more.

    Args:
        seconds: how long to wait; what no signal ends must not block.
    """
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(_RETRY_SECONDS)


def wait_until_gone(seconds: float) -> None:
    """Wait until no descendant lives, but no longer than this."""
    deadline = time.monotonic() + seconds
    while _living(descendants()) and time.monotonic() < deadline:
        time.sleep(_RETRY_SECONDS)


def _living(pids: list[int]) -> dict[int, str]:
    """Those that are no zombies, and what they are called."""
    living = {}
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            text = _read(f"/proc/{pid}/stat")
            state = text.rpartition(")")[2].split()[0]
            if state not in "ZX":
                name = text.partition("(")[2].rpartition(")")[0]
                living[pid] = f"{name} (process {pid}, state {state})"
    return living


def oom_kills() -> int:
    """How often the kernel's out-of-memory killer has struck; 0 where the kernel does not count."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
