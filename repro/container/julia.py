"""Finds a working Julia and asks for its version, BLAS and packages."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import ROOT
from repro.container.pins import load_pins
from repro.errors import UserError

PROJECT = ROOT / "julia"
TOOLCHAIN = ROOT / ".toolchain"
PACKAGES = ("Dagger", "MPI")
PROBE_SECONDS = 120
"""Longer than the slowest start on a cold network file system."""


BLAS_CORES_WITHOUT_AVX = {
    "Atom", "Banias", "Barcelona", "Bobcat", "Core2", "Dunnington", "Katmai", "Nano", "Nehalem",
    "Northwood", "Opteron", "Opteron_SSE3", "Penryn", "Prescott",
}  # fmt: skip
"""OpenBLAS' names of CPUs without AVX, which an old version reports for a CPU it does not know."""


@dataclass(frozen=True)
class Package:
    """An installed package, as Julia would load it."""

    name: str
    version: str = ""
    """As the package states it; empty if it states none."""

    tree: str = ""
    """The git hash of its files, by which Pkg installed it; empty if Pkg did not install it."""


@dataclass(frozen=True)
class Julia:
    """A Julia that was started once and answered."""

    path: Path
    origin: str
    """How it was found: `$JULIA`, `PATH` or `.toolchain`."""

    version: str
    blas: str
    blas_core: str
    """The CPU family whose kernels OpenBLAS selects by default."""

    packages: tuple[str, ...]
    """The installed ones of `PACKAGES`."""

    details: tuple[Package, ...] = ()
    """What exactly these are."""

    build: str = "unknown"
    """Who made it: `official`, `distribution`, `from source`, or `unknown` if it cannot be told."""

    commit: str = ""
    """The commit of its source; empty if it does not know."""


def toolchain_paths(toolchain: Path = TOOLCHAIN) -> list[Path]:
    """Return the paths where set-up puts Julia: the official tarball first, then Debian's."""
    pins = load_pins().julia
    return [
        toolchain / f"julia-{pins.version}" / "bin" / "julia",
        toolchain / f"julia-debian-{pins.debian.version}" / "julia",
    ]


def find_julia() -> Julia:
    """Return the Julia to use: `$JULIA`, then PATH, then the one that set-up fetched.

    Raises:
        UserError: there is none, or `$JULIA` does not work.
    """
    if chosen := os.environ.get("JULIA"):
        return probe(_on_path(chosen), "$JULIA")
    fetched = [path for path in toolchain_paths() if path.exists()]
    if on_path := shutil.which("julia"):
        try:
            return probe(Path(on_path), "PATH")
        except UserError:
            if not fetched:
                raise
    if fetched:
        return probe(fetched[0], ".toolchain")
    raise UserError("no Julia found; run `repro setup`, or set JULIA to an installed one")


def _on_path(name: str) -> Path:
    path = shutil.which(name)
    if path is None:
        raise UserError(f"JULIA={name}: no such program; set JULIA to a Julia or unset it")
    return Path(path)


def probe(path: Path, origin: str, packages: Sequence[str] = PACKAGES) -> Julia:
    """Start a Julia once and ask for its version, BLAS and packages.

    Raises:
        UserError: it does not start, crashes, or does not answer within `PROBE_SECONDS`.
    """
    command = [str(path), "--startup-file=no", f"--project={PROJECT}"]
    try:
        answer = subprocess.run(
            [*command, str(PROJECT / "probe.jl"), *packages],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except OSError as error:
        raise _broken(path, origin, f"does not start ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise _broken(path, origin, f"does not answer in {PROBE_SECONDS} s") from error
    if answer.returncode < 0:
        name = signal.Signals(-answer.returncode).name
        raise _broken(path, origin, f"crashes at start ({name})")
    facts = dict(line.split("\t", 1) for line in answer.stdout.splitlines() if "\t" in line)
    if answer.returncode or "version" not in facts:
        last = (answer.stderr.strip().splitlines() or ["no error message"])[-1]
        raise _broken(path, origin, f"fails at start ({last})")
    found = tuple(package for name in packages if (package := _package(name, facts)))
    return Julia(
        path=path,
        origin=origin,
        version=facts["version"],
        blas=facts["blas"],
        blas_core=facts["blas_core"],
        packages=tuple(package.name for package in found),
        details=found,
        build=facts.get("build", "unknown"),
        commit=facts.get("commit", ""),
    )


def _package(name: str, facts: dict[str, str]) -> Package | None:
    """Return what the probe tells of a package; None if it is not installed."""
    installed, *told = facts.get(f"package {name}", "false").split("\t")
    return Package(name, *told) if installed == "true" else None


def _broken(path: Path, origin: str, how: str) -> UserError:
    return UserError(
        f"Julia {path} (from {origin}) {how}; set JULIA to one that works, or run `repro setup`"
    )
