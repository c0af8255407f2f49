"""Where threads and tasks were, from the stacks that Julia prints on SIGUSR1 and on SIGQUIT."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_ASKED = re.compile(r"^.*signal \(?10\)?.*: User defined signal 1$", re.MULTILINE)
_PROCESS = re.compile(r"^cmd: .* (\d+) running \d+ of \d+$", re.MULTILINE)
"""Stands before the stacks of a process, from Julia 1.8 on."""
_QUIT = re.compile(r"^\[(\d+)\] signal 3(?: \(\d+\))?: Quit$", re.MULTILINE)
_TASK = re.compile(r"^ *---- (?:Root task|Task).*$", re.MULTILINE)
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
_HARNESS_FILE = re.compile(r"/julia/\w+\.jl$|/frameworks/[\w-]+/\w+\.jl$")
_PACKAGE = re.compile(r"/packages/(\w+)/[^/]+/src/")
_DAGGER = "Dagger", "MemPool", "TimespanLogging"
_FRAMEWORKS = dict.fromkeys(_DAGGER, "Dagger") | {"MPI": "MPI"}
"""Packages that are a framework, or a part of one. Code of others counts as their caller's."""
_OF_JULIA = re.compile(r"^i?jl_\w+ at ", re.MULTILINE)
_RUNS_TASK = re.compile(r"execute!")
"""Dagger's function that calls a task of the kernel."""
_DAGGERS_CALL = "/src/threadproc.jl"
_CLOSURE = re.compile(r"#+(?:execute!##)?\d+")
_PARKED = re.compile(r"\b(?:reusable_task_loop|errormonitor_tracked)\b")
"""Where Dagger's spare tasks wait to be used again, and what waits for a task to fail."""
_SWITCHES = re.compile(r"\bctx_switch\b")
"""On the stack of a task that waits, which no thread runs."""
_THREAD_1 = re.compile(r"\bjl_exit_thread0_cb\b")
"""Stands in place of what thread 1 ran when SIGQUIT came."""
_COMPILES = re.compile(r"\bi?jl_(?:compile|type_infer|generate_fptr|jit_compile)\w*|\btypeinf\w*")
_WAITING = re.compile(r"sleep|wait|timedwait|fetch|take!|lock|yield")
"""Functions that a kernel waits in; one that does so by a timer is not idle each time."""
_NAME = re.compile(r"^#*([^\W\d]\w*!?)")

IDLE, BUSY, RUNTIME, UNKNOWN = "idle", "busy", "runtime", ""
PROGRAM, MPI, HARNESS, JULIA, UNCLEAR = "program", "MPI", "harness", "Julia", "unclear"
PARKED = "parked"


class Frame(NamedTuple):
    """A line of Julia on a stack."""

    function: str
    file: str
    number: str


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

    owner: str = UNCLEAR
    """Whose code that is; docs/hangs.md has the rule. `program`; a framework, such as `Dagger`;
    `MPI`; `harness`; `Julia`: its compiler or collector; `idle`: it waits for nobody's sake."""

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


def threads(words: str, kernels: str) -> list[Place]:
    """The threads of all processes, each when it was asked last."""
    last = [looks[-1] for looks in _looks(words, kernels).values()]
    return [place for places in last for place in places]


def tasks(words: str, kernels: str) -> list[Place]:
    """The tasks that had begun and not ended, from the stacks that Julia prints on SIGQUIT.

    Those that belong to nobody are left out. What thread 1 ran is not on its stack by then: it is
    where it was when it was asked last.
    """
    found, asked = [], _looks(words, kernels)
    _, *dumps = _QUIT.split(words)
    for process, dump in zip(dumps[::2], dumps[1::2], strict=True):
        for stack in _TASK.split(dump)[1:]:
            text = stack.split("---- End", 1)[0]
            if _THREAD_1.search(text):
                first = [places[-1] for places in asked.get(process, ()) if places]
                found += [place for place in first if place.owner != UNCLEAR][-1:]
            else:
                found.append(_place(text, kernels))
    return [place for place in found if place.owner not in (PARKED, IDLE, UNCLEAR)]


def _looks(words: str, kernels: str) -> dict[str, list[list[Place]]]:
    """The threads of each process, by its number, each time that it was asked; thread 1 is last."""
    found: dict[str, list[list[Place]]] = {}
    begin = 0
    for asked in _ASKED.finditer(words):
        process = _PROCESS.findall(words, begin, asked.start())
        begin = asked.end()
        block = words[begin:].split("\n\n", 1)[0]
        found.setdefault(process[-1] if process else "", []).append(list(_places(block, kernels)))
    return found


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
    found = [Frame(*frame.groups()) for frame in frames]
    line, inner = _line(found, kernels)
    name = _NAME.match(inner)
    waits_in = name[1] if name else ""
    what = _what(stack, found)
    if what == BUSY and _WAITING.fullmatch(waits_in) and not _COMPILES.search(stack):
        what = RUNTIME
    lines = tuple(frame[0].strip() for frame in frames)
    return Place(what, line, waits_in, lines, _owner(stack, what, found, kernels))


def _line(found: list[Frame], kernels: str) -> tuple[str, str]:
    """The kernel's own innermost line, and the frame of what it called."""
    inner = ""
    for name, file, number in found:
        if kernels and file.startswith(f"{kernels}/"):
            return f"{file.rpartition('/')[2]}:{number}", inner
        if file.endswith(_HARNESS):
            return "the harness", inner
        inner = inner if name.startswith("macro expansion") else name
    return "", ""


def _what(stack: str, found: list[Frame]) -> str:
    if call := _MPI_CALL.search(stack):
        name = "MPI_Finalize" if call[1] == _FINALIZE else call[1]
        return BUSY if _AT_ONCE.match(name) else name
    if _IDLE.search(stack):
        return IDLE
    if not found:
        # A stack that cannot be unwound, as happens inside MPI, has no line of Julia in it.
        return UNKNOWN
    runs_task = any(_RUNS_TASK.search(frame.function) or _calls_task(frame) for frame in found)
    own = all(_RUNTIME.search(frame.file) for frame in found)
    return RUNTIME if own and not runs_task and not _COMPILES.search(stack) else BUSY


def _owner(stack: str, what: str, found: list[Frame], kernels: str) -> str:
    """Whose code the stack is in: the innermost line decides that is not of a common library."""
    if what.startswith("MPI_"):
        return MPI
    owned = [(owner, frame) for frame in found if (owner := _owner_of_file(frame.file, kernels))]
    if not owned:
        if what == IDLE or _SWITCHES.search(stack):
            return IDLE
        return JULIA if found or _OF_JULIA.search(stack) else UNCLEAR
    owner, innermost = owned[0]
    if _PARKED.search(innermost.function):
        return PARKED
    of_kernel = _calls_task(innermost) or PROGRAM in (owner for owner, _ in owned)
    in_task = any(_calls_task(frame) for _, frame in owned)
    return PROGRAM if in_task and of_kernel else owner


def _calls_task(frame: Frame) -> bool:
    """Is it what Dagger calls in a Julia task of its own, for which its `execute!` waits?"""
    called_there = frame.file.endswith(_DAGGERS_CALL)
    return called_there and _CLOSURE.fullmatch(frame.function) is not None


def _owner_of_file(file: str, kernels: str) -> str:
    if kernels and file.startswith(f"{kernels}/"):
        return PROGRAM
    if package := _PACKAGE.search(file):
        return _FRAMEWORKS.get(package[1], "")
    return HARNESS if _HARNESS_FILE.search(file) else ""
