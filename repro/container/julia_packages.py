"""Installing Dagger.jl and MPI.jl as julia/Manifest.toml pins them, where Julia is new enough."""

import os
import re
import signal
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from repro.container.julia import PACKAGES, PROJECT, TOOLCHAIN, Julia, probe
from repro.container.julia_setup import Say
from repro.errors import UserError
from repro.files import reading, write_atomic, writing

INSTALL_SECONDS = 3600
"""For 110 packages to be fetched and compiled: minutes, unless network and disk are very slow."""

_INSTALL = "using Pkg; Pkg.instantiate(; manifest=true); Pkg.precompile()"
_LOCK = ("Project.toml", "Manifest.toml")
_UNFINISHED = "julia-packages-unfinished"
"""A package counts as installed when its source is there, so a break-off must be remembered."""

NAMES = " and ".join(f"{name}.jl" for name in PACKAGES)
_ERROR = re.compile(r"\b(ERROR|\w*Error): ")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and cursor movements, which Julia writes to a pipe as well."""


def needed_minor(project: Path = PROJECT) -> tuple[int, int]:
    """The oldest Julia that can use the project's manifest: (1, 12)."""
    path = project / "Manifest.toml"
    with reading(path):
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    return _minor(manifest["julia_version"])


def too_old(julia: Julia, project: Path = PROJECT) -> str | None:
    """That a Julia cannot have the packages, in words; None if it can."""
    needed = needed_minor(project)
    if _minor(julia.version) >= needed:
        return None
    return f"Julia {julia.version} is too old for {NAMES} ({needed[0]}.{needed[1]} is needed)"


def broken_off(toolchain: Path = TOOLCHAIN) -> bool:
    """Was an installation begun and not finished?"""
    return (toolchain / _UNFINISHED).exists()


def to_install(julia: Julia, toolchain: Path = TOOLCHAIN) -> bool:
    """Is there anything left to install?"""
    return bool(_missing(julia)) or broken_off(toolchain)


def ensure_packages(
    julia: Julia,
    say: Say,
    project: Path = PROJECT,
    toolchain: Path = TOOLCHAIN,
    *,
    again: bool = False,
) -> str:
    """Install what is missing, in the user's own depot; what that came to, in one line.

    No failure is fatal: cells that need no package can run.

    Args:
        julia: the Julia that gets them.
        say: takes what Julia prints meanwhile, line by line.
        project: Project.toml and Manifest.toml; they are never changed.
        toolchain: where a broken-off installation is remembered.
        again: compile them even if they are there, for another MPI.
    """
    if old := too_old(julia, project):
        return f"{old}: their cells will be `unavailable`"
    if not again and not to_install(julia, toolchain):
        return f"{NAMES}: installed"
    say(f"installing {NAMES}: minutes, of which most are compiling")
    try:
        _install(julia, say, project, toolchain)
    except UserError as error:
        return (
            f"{NAMES} could not be installed ({error}); their cells will be `unavailable`; "
            "on a machine with network run `repro setup` again"
        )
    return f"{NAMES}: installed"


def _install(julia: Julia, say: Say, project: Path, toolchain: Path) -> None:
    mark = toolchain / _UNFINISHED
    with writing(mark):
        toolchain.mkdir(exist_ok=True)
        mark.touch()
    with _unchanged(project, say):
        run_installer(julia, project, say)
    if missing := _missing(probe(julia.path, julia.origin)):
        raise UserError(f"Julia reports success, but {', '.join(missing)} is not there")
    with writing(mark):
        mark.unlink()


def _missing(julia: Julia) -> list[str]:
    return [f"{name}.jl" for name in PACKAGES if name not in julia.packages]


def _minor(version: str) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", version)[:2]
    return int(major), int(minor)


def run_installer(julia: Julia, project: Path, say: Say) -> None:
    """Install what the manifest of `project` names; what Julia prints goes to `say`.

    Raises:
        UserError: it does not start, fails, or is not done in `INSTALL_SECONDS`.
    """
    command = [str(julia.path), "--startup-file=no", f"--project={project}", "-e", _INSTALL]
    lines = []
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # it starts processes to compile: one signal ends them all
        )
    except OSError as error:
        raise UserError(f"{julia.path} does not start: {error.strerror}") from error
    with process, _ended(process):
        for line in process.stdout or ():
            lines.append(_TERMINAL.sub("", line).strip())
            say(lines[-1])
    if process.returncode == -signal.SIGKILL:
        raise UserError(f"killed, or not done in {INSTALL_SECONDS} s")
    if process.returncode:
        # a backtrace follows the error, and its last line says nothing to a user
        errors = [line for line in lines if _ERROR.search(line)]
        said = [line for line in lines if line] or [f"exit code {process.returncode}"]
        raise UserError((errors or said)[-1])


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """See that a process group ends: at the time limit, or when the user interrupts."""

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(INSTALL_SECONDS, kill)
    timer.start()
    try:
        yield
    except BaseException:
        kill()
        raise
    finally:
        timer.cancel()


@contextmanager
def _unchanged(project: Path, say: Say) -> Iterator[None]:
    """Put the lock back if Julia writes to it, and say so."""
    before = {path: path.read_bytes() for path in (project / name for name in _LOCK)}
    try:
        yield
    finally:
        for path, content in before.items():
            if not path.exists() or path.read_bytes() != content:
                write_atomic(path, content)
                say(f"Julia had changed {path}: it was put back")
