"""Where threads were, from the stacks that Julia prints when it is asked by SIGUSR1."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_ASKED = re.compile(r"^.*signal \(?10\)?.*: User defined signal 1$", re.MULTILINE)
_END_OF_STACK = re.compile(r"^.*\(ip: \(nil\)\).*$", re.MULTILINE)
_FRAME = re.compile(r"^(?!in expression)[ \t]*(\S.*?) at (.*\.jl):(\d+).*$", re.MULTILINE)
_MPI_CALL = re.compile(r"^\s*P?(MPI_\w+|ompi_mpi_finalize) at ", re.MULTILINE)
_FINALIZE = "ompi_mpi_finalize"
"""What Open MPI's MPI_Finalize jumps to: no frame shows that itself."""
_AT_ONCE = re.compile(r"MPI_(?:Iprobe|Improbe|Test\w*|Request_get_status\w*)$")
"""Calls that return at once are no waits, however often a program makes them."""
_IDLE = re.compile(r"\b(?:jl_task_get_next|poptask)\b")
_COLLECTOR = re.compile(r"\bjl_(?:parallel|concurrent)_gc_threadfun\b")
_RUNTIME = re.compile(r"^\./|^none$|/packages/[^/]+/[^/]+/src/|/stdlib/v\d|/share/julia/base/")
"""Paths of Julia's own code and of packages."""
_HARNESS = "/julia/harness.jl"
_RUNS_TASK = re.compile(r"execute!")
"""Dagger's function that calls a task of the kernel."""
_COMPILES = re.compile(r"\bi?jl_(?:compile|type_infer|generate_fptr|jit_compile)\w*|\btypeinf\w*")
_WAITING = re.compile(r"sleep|wait|timedwait|fetch|take!|lock|yield")
"""Functions that a kernel waits in; one that does so by a timer is not idle each time."""
_NAME = re.compile(r"^#*([^\W\d]\w*!?)")

IDLE, BUSY, RUNTIME, UNKNOWN = "idle", "busy", "runtime", ""


@dataclass(frozen=True)
class Place:
    """Where a thread, or the thread that matters of a process, was at one moment."""

    what: str
    """The call of MPI that it waited in; `idle`: no task to run; `busy`; `runtime`: it ran code of
    Julia or a package, but none for the kernel; "": its stack does not tell."""

    line: str = ""
    """The kernel's own innermost line, `gemm_mpi_0.jl:41`; `the harness`: it had called no kernel;
    "": neither is on the stack."""

    waits_in: str = ""
    """The function that this line called."""

    frames: tuple[str, ...] = ()
    """The lines of Julia that led there."""

    def __str__(self) -> str:
        """Return it as an outcome's detail says it."""
        call = self.what if self.what.startswith("MPI_") else self.waits_in
        return f"{self.line} in {call}" if self.line and call else self.line or call or self.what


def looks(words: str, kernels: str = "") -> list[Place]:
    """Where one process was, each time that it was asked.

    Args:
        words: what it printed.
        kernels: the directory of the kernel; "" if that does not matter.
    """
    blocks = (block.split("\n\n", 1)[0] for block in _ASKED.split(words)[1:])
    return [_of_process(list(_places(block, kernels))) for block in blocks]


def tasks(words: str, kernels: str) -> list[Place]:
    """The tasks of a kernel that waited, from the stacks that Julia prints on SIGQUIT."""
    stacks = re.split(r"^ *---- (?:Root task|Task).*$", words, flags=re.MULTILINE)[1:]
    places = [_place(stack.split("---- End", 1)[0], kernels) for stack in stacks]
    return [place for place in places if place.line]


def told(places: Iterable[Place], noun: str) -> str:
    """`gemm_mpi_0.jl:41 in MPI_Recv, 3 of 4 ranks; idle, 1 of 4 ranks`: the most frequent first."""
    counts = Counter(map(str, places))
    few = counts.most_common(3)
    return "; ".join(f"{place}, {n} of {counts.total()} {noun}" for place, n in few)


def _places(block: str, kernels: str) -> Iterable[Place]:
    for stack in _END_OF_STACK.split(block):
        if " at " in stack and not _COLLECTOR.search(stack):
            yield _place(stack, kernels)


def _of_process(places: list[Place]) -> Place:
    """The place that matters most: one that works, then one that waits in MPI, then the idle."""
    order = {BUSY: 0, RUNTIME: 2, IDLE: 3, UNKNOWN: 4}
    if not places:
        return Place(UNKNOWN)
    return min(places, key=lambda place: (order.get(place.what, 1), not place.line))


def _place(stack: str, kernels: str) -> Place:
    frames = list(_FRAME.finditer(stack))
    found = [(frame[1], frame[2], frame[3]) for frame in frames]
    line, inner = _line(found, kernels)
    name = _NAME.match(inner)
    waits_in = name[1] if name else ""
    what = _what(stack, found)
    if what == BUSY and _WAITING.fullmatch(waits_in) and not _COMPILES.search(stack):
        what = RUNTIME
    return Place(what, line, waits_in, tuple(frame[0].strip() for frame in frames))


def _line(found: list[tuple[str, str, str]], kernels: str) -> tuple[str, str]:
    """The kernel's own innermost line, and the frame of what it called."""
    inner = ""
    for name, file, number in found:
        if kernels and file.startswith(f"{kernels}/"):
            return f"{file.rpartition('/')[2]}:{number}", inner
        if file.endswith(_HARNESS):
            return "the harness", inner
        inner = inner if name.startswith("macro expansion") else name
    return "", ""


def _what(stack: str, found: list[tuple[str, str, str]]) -> str:
    if call := _MPI_CALL.search(stack):
        name = "MPI_Finalize" if call[1] == _FINALIZE else call[1]
        return BUSY if _AT_ONCE.match(name) else name
    if _IDLE.search(stack):
        return IDLE
    if not found:
        # A stack that cannot be unwound, as happens inside MPI, has no line of Julia in it.
        return UNKNOWN
    if not _COMPILES.search(stack) and all(
        _RUNTIME.search(file) and not _RUNS_TASK.search(name) for name, file, _ in found
    ):
        return RUNTIME
    return BUSY
