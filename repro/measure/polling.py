"""For how much of its time a program wants cores only to wait inside MPI, seen from outside.

Ranks that wait in MPI poll, so to the system they look like ranks that compute. What tells them
apart is the code that they run: a thread is stopped for a fraction of a millisecond, and its
registers and stack say whether it is inside MPI. Asking Julia for its stacks takes far longer, and
prints them, so that is left for programs which already look as if they hang.
"""

import bisect
import contextlib
import ctypes
import errno
import os
import platform
import threading
from collections.abc import Iterable
from pathlib import Path

from repro.measure.processes import Thread

_SEIZE, _INTERRUPT, _DETACH, _GETREGSET = 0x4206, 0x4207, 17, 0x4204
_NT_PRSTATUS = 1
_EVENT_STOP = 128
_WALL = 0x40000000
_REGISTERS = {"x86_64": (16, 19), "aarch64": (32, 31)}
"""Where program counter and stack pointer lie among the registers."""

_WORD = ctypes.sizeof(ctypes.c_ulong)
_STACK_BYTES = 32 * 1024
"""The frames of a call of MPI take less."""

_MPI = "libmpi"
"""How the file names of all implementations' libraries of MPI begin."""
_CALLS_MPI = (
    "libjulia",
    "sys.so",
    "sysbase.so",
    "libLLVM",
    "libopenblas",
    "libblas",
    "libmkl",
    "libm.",
)
"""Names of libraries that MPI never calls: they call it, or compute."""

_BUSY_SHARE = 0.2
"""Threads that want less of a core, such as MPI's own helpers, are not looked at."""

_PATIENCE_SECONDS = 2.0

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


class _Block(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Polling:
    """The time for which threads wanted a core only to wait inside MPI, look by look.

    A look ends at the first thread that works, and the others count as if they did, so a program
    that computes has one of its threads stopped once a look.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        """Of all threads, since the first look."""

        self._before: dict[int, float] = {}
        self._inside: set[int] = set()
        self._last = 0.0
        self._looker = threading.Thread()

    def look(self, now: float, threads: Iterable[Thread]) -> bool:
        """Look at the threads that want a core, those first that did not wait before.

        Returns:
            False if they could not be stopped in time: the next look will tell about this one.
        """
        used = {t: t.wanted_seconds - self._before.get(t.number, t.wanted_seconds) for t in threads}
        enough = _BUSY_SHARE * (now - self._last)
        busy = [t for t, seconds in used.items() if t.state == "R" and seconds > enough]
        busy.sort(key=lambda t: t.number in self._inside)
        waiting = self._waiting(busy)
        if waiting is None:
            return False
        both = {*waiting} & self._inside
        self.seconds += sum(seconds for t, seconds in used.items() if t.number in both)
        self._before = {t.number: t.wanted_seconds for t in used}
        self._inside, self._last = {*waiting}, now
        return True

    def _waiting(self, busy: list[Thread]) -> list[int] | None:
        """The threads before the first that is not inside MPI; None: not known in time."""
        found: list[int] = []

        def look() -> None:
            for thread in busy:
                if not _may_wait(thread):
                    break
                found.append(thread.number)

        if self._looker.is_alive():
            return None
        # Stopping a thread that waits for a broken disk takes for ever, and must not stop us.
        self._looker = threading.Thread(target=look, daemon=True)
        self._looker.start()
        self._looker.join(_PATIENCE_SECONDS)
        return None if self._looker.is_alive() else found


def _may_wait(thread: Thread) -> bool:
    """Is a thread inside MPI, as far as this system lets us know?"""
    try:
        counter, stack = stopped(thread.number)
    except PermissionError:
        return _Code(thread.pid).has_mpi  # only asking it will tell
    return _Code(thread.pid).is_inside_mpi(counter, stack)


class _Code:
    """Where a process has its code, and of which kind that is."""

    def __init__(self, pid: int) -> None:
        found = []
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
                addresses, rights, _, _, _, *path = line.split(maxsplit=5)
                if "x" in rights:
                    first, last = (int(address, 16) for address in addresses.split("-"))
                    found.append((first, last, _kind(path[0] if path else "")))
        found.sort()
        self._starts = [first for first, _, _ in found]
        self._parts = found
        self.has_mpi = any(kind == "MPI" for _, _, kind in found)

    def is_inside_mpi(self, counter: int, stack: bytes) -> bool:
        """Is a thread inside MPI: it runs no code that calls MPI, and returns to MPI?

        Its return addresses are among the words of its stack. Others can be, too, left from earlier
        calls: then a thread seems to wait, which asking it will disprove.
        """
        if not self.has_mpi or self._kind_at(counter) == "Julia":
            return False
        words = memoryview(stack)[: len(stack) // _WORD * _WORD].cast("L")
        return any(self._kind_at(word) == "MPI" for word in (counter, *words))

    def _kind_at(self, address: int) -> str:
        place = bisect.bisect_right(self._starts, address) - 1
        return self._parts[place][2] if place >= 0 and address < self._parts[place][1] else ""


def _kind(path: str) -> str:
    name = path.rpartition("/")[2]
    if name.startswith(_MPI):
        return "MPI"
    # Compiled code is in memory of no file, or in the caches of packages.
    return "Julia" if not path or "/compiled/" in path or name.startswith(_CALLS_MPI) else "other"


def stopped(thread: int) -> tuple[int, bytes]:
    """Stop a thread for a moment: its program counter, and the top of its stack.

    Both are empty if the thread has ended.

    Raises:
        PermissionError: the system does not let one process look into another.
    """
    if _libc.ptrace(_SEIZE, thread, None, None):
        if ctypes.get_errno() == errno.EPERM:
            raise PermissionError
        return 0, b""
    _libc.ptrace(_INTERRUPT, thread, None, None)
    try:
        _, status = os.waitpid(thread, _WALL)
    except ChildProcessError:
        return 0, b""
    if not os.WIFSTOPPED(status):
        return 0, b""
    # If a signal came first, the thread still has to get that.
    passed_on = 0 if status >> 16 == _EVENT_STOP else os.WSTOPSIG(status)
    try:
        counter, pointer = _registers(thread)
        return counter, _memory(thread, pointer)
    finally:
        _libc.ptrace(_DETACH, thread, None, passed_on)


def _registers(thread: int) -> tuple[int, int]:
    places = _REGISTERS.get(platform.machine())
    registers = (ctypes.c_ulong * 64)()
    block = _Block(ctypes.addressof(registers), ctypes.sizeof(registers))
    failed = _libc.ptrace(_GETREGSET, thread, _NT_PRSTATUS, ctypes.byref(block))
    return (0, 0) if failed or not places else (registers[places[0]], registers[places[1]])


def _memory(thread: int, address: int) -> bytes:
    try:
        memory = os.open(f"/proc/{thread}/mem", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.pread(memory, _STACK_BYTES, address)
    except OSError:
        return b""
    finally:
        os.close(memory)
