"""Ending every process of a cluster, and no other."""

import os
import signal
import time
from pathlib import Path

PATIENCE_S = 10.0


class Namespaces:
    """The mount namespaces of a cluster's nodes: whatever is in one belongs to the cluster.

    They are held open: the system would give the number of one that is gone to another.
    """

    def __init__(self) -> None:
        self._held: dict[int, int] = {}

    def keep(self, pid: int) -> None:
        """Remember the namespace that `pid`, just started, is about to enter.

        Nothing is remembered if it ends before it does.
        """
        outside = namespace_of("self")
        end = time.monotonic() + PATIENCE_S
        while (inside := namespace_of(pid)) == outside and time.monotonic() < end:
            time.sleep(0.002)
        if inside not in (None, outside):
            handle = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
            self._held[os.fstat(handle).st_ino] = handle

    def have(self, pid: int) -> bool:
        """Whether `pid` is in one of them."""
        return namespace_of(pid) in self._held

    def named(self, name: str) -> list[int]:
        """Those in one of them that call themselves `name`."""
        pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
        return [pid for pid in pids if self.have(pid) and command_of(pid).startswith(name)]

    def close(self) -> None:
        """Let go of them."""
        for handle in self._held.values():
            os.close(handle)
        self._held.clear()


def namespace_of(pid: int | str) -> int | None:
    """The number of a process's mount namespace; None if it has ended."""
    try:
        return Path(f"/proc/{pid}/ns/mnt").stat().st_ino
    except OSError:
        return None


def command_of(pid: int) -> str:
    """A process's command line, empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def has_variable(pid: int, variable: str) -> bool:
    """Whether `pid` was started with `variable` (NAME=value) in its environment."""
    try:
        return variable.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def members(variable: str, namespaces: Namespaces) -> list[int]:
    """The processes that are in one of `namespaces` or have `variable`, ourselves excepted."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [
        pid
        for pid in pids
        if pid != os.getpid() and (namespaces.have(pid) or has_variable(pid, variable))
    ]


def end_all(variable: str, namespaces: Namespaces) -> None:
    """Kill `members` until there are none: they may fork while we look.

    Raises:
        TimeoutError: some are left after `PATIENCE_S`.
    """
    end = time.monotonic() + PATIENCE_S
    while left := members(variable, namespaces):
        if time.monotonic() > end:
            raise TimeoutError(f"processes survive SIGKILL: {left}")
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
