"""Installs Dagger.jl and MPI.jl as julia/Manifest.toml pins them, if Julia is new enough."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from repro.container.julia import PACKAGES, PROJECT, TOOLCHAIN, Julia, probe
from repro.container.julia_setup import Say
from repro.errors import UserError
from repro.files import reading, write_atomic, writing

INSTALL_SECONDS = 3600
"""Time limit to fetch and compile 110 packages, which takes minutes on a normal machine."""

_INSTALL = "using Pkg; Pkg.instantiate(; manifest=true); Pkg.precompile()"
_RESOLVE = "using Pkg; Pkg.resolve()"
_LOCK = ("Project.toml", "Manifest.toml")
_UNFINISHED = "julia-packages-unfinished"
"""Marks an interrupted installation: Julia counts a package as installed once its source exists."""

NAMES = " and ".join(f"{name}.jl" for name in PACKAGES)
_CPU_TARGET = "julia-packages-cpu-target"
"""Says what the packages were compiled for, unless it is just the CPU of set-up."""
_ERROR = re.compile(r"\b(ERROR|\w*Error): ")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and cursor movements, which Julia also writes to a pipe."""


def needed_minor(project: Path = PROJECT) -> tuple[int, int]:
    """Return the oldest Julia that can use the project's manifest: (1, 12)."""
    path = project / "Manifest.toml"
    with reading(path):
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    return _minor(manifest["julia_version"])


def too_old(julia: Julia, project: Path = PROJECT) -> str | None:
    """Explain why a Julia cannot use the packages; None if it can."""
    needed = needed_minor(project)
    if _minor(julia.version) >= needed:
        return None
    return f"Julia {julia.version} is too old for {NAMES} ({needed[0]}.{needed[1]} is needed)"


def check_lock(project: Path = PROJECT) -> None:
    """Check that the manifest was resolved from the project file.

    Pkg only warns if it was not, and installs what the manifest says.

    Raises:
        UserError: it was not.
    """
    path = project / "Manifest.toml"
    with reading(project):
        wanted = project_hash(tomllib.loads((project / "Project.toml").read_text(encoding="utf-8")))
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("project_hash")
    if found != wanted:
        raise UserError(
            f"{path}: not resolved from the Project.toml beside it (project_hash is {found}, not "
            f"{wanted}); restore both, or resolve: julia --project={project} -e '{_RESOLVE}'"
        )


def project_hash(project: dict[str, Any]) -> str:
    """Return the hash that Pkg 1.12 writes into the manifest of a project (resolve_hash).

    Args:
        project: the content of Project.toml, without weak dependencies; a bound of a version is
            either exact (`=1.2.3`) or a plain version, which Pkg prints as it is written.
    """
    uuids, bounds = sorted(project["deps"].items()), project.get("compat", {})
    lines = [f"{name}={uuid}" for name, uuid in uuids]
    lines += ["", ""]  # between them: weak dependencies
    lines += [f"{name}={bounds.get(name, '*').removeprefix('=')}" for name, _ in uuids]
    return hashlib.sha1("".join(f"{line}\n" for line in lines).encode()).hexdigest()  # noqa: S324


def broken_off(toolchain: Path = TOOLCHAIN) -> bool:
    """True if an installation was interrupted."""
    return (toolchain / _UNFINISHED).exists()


def to_install(julia: Julia, toolchain: Path = TOOLCHAIN) -> bool:
    """True if a package must be installed."""
    return bool(_missing(julia)) or broken_off(toolchain)


def ensure_packages(
    julia: Julia,
    say: Say,
    project: Path = PROJECT,
    toolchain: Path = TOOLCHAIN,
    *,
    again: bool = False,
    cpu_target: str | None = None,
) -> str:
    """Install missing packages in the user's own depot; return the result in one line.

    A failure is not fatal: cells that need no package can run.

    Args:
        julia: the Julia to install them for.
        say: receives Julia's output, line by line.
        project: directory of Project.toml and Manifest.toml, which never change.
        toolchain: directory in which an interrupted installation is recorded.
        again: compile them even if they are installed, because the MPI changed.
        cpu_target: JULIA_CPU_TARGET to compile them for; None: that of the last time.

    Raises:
        UserError: the manifest was not resolved from the project file.
    """
    check_lock(project)
    if old := too_old(julia, project):
        return f"{old}: their cells will be `unavailable`"
    target = _cpu_target(toolchain) if cpu_target is None else cpu_target
    other = target != _cpu_target(toolchain)
    if other:
        _forget_compiled(julia, project)
    if not again and not other and not to_install(julia, toolchain):
        return f"{NAMES}: installed"
    say(f"installing {NAMES}: takes minutes, mostly to compile")
    try:
        _install(julia, say, project, toolchain, target)
    except UserError as error:
        return (
            f"{NAMES} could not be installed ({error}); their cells will be `unavailable`; "
            "with network access, run `repro setup` again"
        )
    return f"{NAMES}: installed"


def _cpu_target(toolchain: Path) -> str:
    path = toolchain / _CPU_TARGET
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _forget_compiled(julia: Julia, project: Path) -> None:
    """Remove compiled code of the packages from the user's depot.

    Julia takes what runs on this machine, whatever else it was asked to compile for.
    """
    depot = os.environ.get("JULIA_DEPOT_PATH", "").split(":")[0] or Path.home() / ".julia"
    major, minor = _minor(julia.version)
    manifest = tomllib.loads((project / "Manifest.toml").read_text(encoding="utf-8"))
    for name in manifest["deps"]:
        shutil.rmtree(Path(depot, "compiled", f"v{major}.{minor}", name), ignore_errors=True)


def _install(julia: Julia, say: Say, project: Path, toolchain: Path, target: str) -> None:
    mark = toolchain / _UNFINISHED
    with writing(mark):
        toolchain.mkdir(exist_ok=True)
        mark.touch()
    with _unchanged(project, say):
        run_installer(julia, project, say, target)
    if missing := _missing(probe(julia.path, julia.origin)):
        raise UserError(f"Julia reports success, but {', '.join(missing)} is missing")
    with writing(mark):
        if target:
            write_atomic(toolchain / _CPU_TARGET, target)
        mark.unlink()


def _missing(julia: Julia) -> list[str]:
    return [f"{name}.jl" for name in PACKAGES if name not in julia.packages]


def _minor(version: str) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", version)[:2]
    return int(major), int(minor)


def run_installer(julia: Julia, project: Path, say: Say, cpu_target: str = "") -> None:
    """Install the packages in the manifest of `project`; pass Julia's output to `say`.

    Args:
        julia: the Julia to install them for.
        project: the directory of the manifest.
        say: receives Julia's output, line by line.
        cpu_target: JULIA_CPU_TARGET to compile them for; empty: as the user has set it, or not.

    Raises:
        UserError: Julia does not start, fails, or takes longer than `INSTALL_SECONDS`.
    """
    command = [str(julia.path), "--startup-file=no", f"--project={project}", "-e", _INSTALL]
    lines = []
    try:
        process = subprocess.Popen(
            command,
            env=os.environ | ({"JULIA_CPU_TARGET": cpu_target} if cpu_target else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # one signal must also end its compiler processes
        )
    except OSError as error:
        raise UserError(f"{julia.path} does not start: {error.strerror}") from error
    with process, _ended(process):
        for line in process.stdout or ():
            lines.append(_TERMINAL.sub("", line).strip())
            say(lines[-1])
    if process.returncode == -signal.SIGKILL:
        raise UserError(f"killed, or took longer than {INSTALL_SECONDS} s")
    if process.returncode:
        # a backtrace follows the error, and its last line does not help a user
        errors = [line for line in lines if _ERROR.search(line)]
        said = [line for line in lines if line] or [f"exit code {process.returncode}"]
        raise UserError((errors or said)[-1])


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process group at the time limit, or when the user interrupts."""

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
    """Restore the lock files if Julia changes them, and report it."""
    before = {path: path.read_bytes() for path in (project / name for name in _LOCK)}
    try:
        yield
    finally:
        for path, content in before.items():
            if not path.exists() or path.read_bytes() != content:
                write_atomic(path, content)
                say(f"Julia changed {path}; restored it")
