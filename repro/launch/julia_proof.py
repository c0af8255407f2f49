"""Tries a Julia in a minute: `repro doctor --julia`; julia/prove/ has the programs."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from repro.container.findings import Finding, finding
from repro.container.julia import PACKAGES, PROJECT, Julia, probe
from repro.container.julia_packages import too_old
from repro.container.mpi import HOW_TO_GET, Mpi, find_mpi
from repro.errors import UserError
from repro.launch.command import mpi_variables

SECONDS = 300
"""Time limit of one try; a package that must be compiled first can need minutes."""

GRACE_SECONDS = 5
"""Time for what took too long to end by itself, before it is killed."""

STACK_SECONDS, ASK_AGAIN_SECONDS = 30, 5
"""Time limit to print stacks, and after how long to ask once more."""

_PROGRAMS = PROJECT / "prove"
_ASKED, _FRAME = "signal (10)", re.compile(r" at \./\w+\.jl:\d+")
"""What Julia prints when it is asked: the signal, and a frame of Julia code."""


def prove(path: Path) -> Iterator[Finding]:
    """Try a Julia; each finding comes as soon as it is known, with the seconds that it took.

    One that `blocks` is a part that is there and does not work.
    """
    begin = time.monotonic()
    try:
        julia = probe(path, "--julia")
    except UserError as error:
        yield finding("Julia", str(error), ok=False, needed=True)
        return
    yield finding("Julia", f"{_about(julia)} ({time.monotonic() - begin:.1f} s)", needed=True)
    for name in PACKAGES:
        yield _package(julia, name)
    yield _ranks(julia)
    yield _worker(julia)
    yield _stacks(julia)


def _about(julia: Julia) -> str:
    made = " ".join(filter(None, (julia.build.replace("unknown", "of unknown make"), julia.commit)))
    return f"{julia.version}, {made}, {julia.blas} with kernels for {julia.blas_core}"


def _package(julia: Julia, name: str) -> Finding:
    what = f"{name}.jl"
    if name not in julia.packages:
        old = too_old(julia)
        return finding(what, "not installed", old or "run `repro setup`", ok=False)
    code = f"import {name}; println({name} isa Module)"
    version = next((package.version for package in julia.details if package.name == name), "")
    return _tried(what, [*_julia(julia), "-e", code], "true", f"{version} loads".strip())


def _ranks(julia: Julia) -> Finding:
    what = "2 MPI ranks"
    if "MPI" not in julia.packages:
        return finding(what, "not tried: MPI.jl is not installed", ok=False)
    try:
        mpi = find_mpi()
    except UserError as error:
        return finding(what, str(error), ok=False, needed=True)
    if mpi is None or mpi.family != "Open MPI":
        return finding(what, f"not tried: {mpi or 'no mpiexec on PATH'}", HOW_TO_GET, ok=False)
    command = [*_mpiexec(mpi), *_julia(julia), str(_PROGRAMS / "ranks.jl")]
    meaning = f"MPI.jl must use the library of {mpi.mpiexec}: run `repro setup`"
    return _tried(what, command, r"2 of 2 ranks hear each other, .*", meaning=meaning)


def _mpiexec(mpi: Mpi) -> list[str]:
    return [str(mpi.mpiexec), "-n", "2", "--map-by", "slot:OVERSUBSCRIBE", "--bind-to", "none"]


def _worker(julia: Julia) -> Finding:
    worker = [*_julia(julia), "--bind-to", "127.0.0.1", "--worker"]
    command = [*_julia(julia), str(_PROGRAMS / "worker.jl"), *worker]
    return _tried("a worker of Distributed", command, r"worker 2 answers")


def _julia(julia: Julia) -> list[str]:
    return [str(julia.path), "--startup-file=no", f"--project={PROJECT}"]


def _tried(
    what: str, command: list[str], wanted: str, instead: str = "", *, meaning: str = ""
) -> Finding:
    """Run a command; it is well if its last line of output matches `wanted`.

    Args:
        what: what is tried.
        command: the command line.
        wanted: a regular expression.
        instead: what to show instead of the line that matched.
        meaning: what it means if it is not well.
    """
    begin = time.monotonic()
    try:
        returncode, stdout, stderr = _run(command)
    except subprocess.TimeoutExpired:
        return finding(what, f"no end within {SECONDS} s", meaning, ok=False, needed=True)
    seconds = f"({time.monotonic() - begin:.1f} s)"
    last = (stdout.strip().splitlines() or [""])[-1]
    if returncode == 0 and re.fullmatch(wanted, last):
        return finding(what, f"{instead or last} {seconds}", needed=True)
    errors = [line.strip() for line in stderr.splitlines() if "ERROR" in line]
    said = [*errors, *filter(None, [last]), *stderr.strip().splitlines()[-1:]]
    why = said[0] if said else f"exit code {returncode}"
    return finding(what, f"{why} {seconds}", meaning, ok=False, needed=True)


def _run(command: list[str]) -> tuple[int, str, str]:
    """Return exit code and output; after `SECONDS`, end the command with all that it started."""
    variables = os.environ | mpi_variables(nodes=1)
    process = subprocess.Popen(
        command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        stdout, stderr = process.communicate(timeout=SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)  # mpiexec then ends its ranks
        try:
            process.communicate(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        raise
    return process.returncode, stdout, stderr


def _stacks(julia: Julia) -> Finding:
    what = "stacks on SIGUSR1"
    command = [*_julia(julia), str(_PROGRAMS / "waiting.jl")]
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr
        )
        with process:
            try:
                assert process.stdout  # noqa: S101 - asked for above
                process.stdout.readline()
                begin = time.monotonic()
                printed = _printed(process, stderr.fileno())
            finally:
                process.kill()
    seconds = f"({time.monotonic() - begin:.1f} s)"
    if printed:
        return finding(what, f"printed {seconds}", needed=True)
    meaning = "a program that hangs could not be asked where it waits"
    return finding(what, f"none printed {seconds}", meaning, ok=False, needed=True)


def _printed(process: "subprocess.Popen[bytes]", stderr: int) -> bool:
    """Ask a process until it has printed a stack, as the watchdog does; False if it does not.

    A busy machine, or a moment at which its stack cannot be followed, can cost an answer.
    """
    begin, asked = time.monotonic(), 0
    while (now := time.monotonic() - begin) < STACK_SECONDS:
        if now >= asked * ASK_AGAIN_SECONDS:
            process.send_signal(signal.SIGUSR1)
            asked += 1
        ended = process.poll() is not None
        said = os.pread(stderr, os.fstat(stderr).st_size, 0).decode(errors="replace")
        if _ASKED in said and _FRAME.search(said):
            return True
        if ended:
            break
        time.sleep(0.1)
    return False
