"""Finds this machine's MPI: its mpiexec and the matching library."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repro.errors import UserError

ANSWER_SECONDS = 30
"""Time limit for mpiexec or the library to answer, even on a cold network file system."""

HOW_TO_GET = (
    "install Open MPI (Debian: apt-get install openmpi-bin libopenmpi-dev) and run `repro setup` "
    "again"
)

_LAUNCHERS = {
    "Open MPI": re.compile(r"\((?:Open MPI|OpenRTE)\) (\S+)"),
    "Intel MPI": re.compile(r"Intel\(R\) MPI Library.*Version (\d[\d.]*(?: Update \d+)?)"),
    "MPICH": re.compile(r"HYDRA build details:\s+Version:\s+(\S+)"),
}
"""The output of `--version`; these launchers have the version of their library."""

_ANY_MPI = re.compile(r"slurm|PRRTE|PALS", re.IGNORECASE)
"""Launchers that start programs of any MPI: the library alone decides."""

_LIBRARIES = {
    "Open MPI": ("OpenMPI", re.compile(r"Open MPI v(\d\w*(?:\.\w+)*)")),
    "MPICH": ("MPICH", re.compile(r"MPICH2? Version:\s*(\S+)")),
    "Intel MPI": ("MPICH", re.compile(r"Intel\(R\) MPI Library (\d[\d.]*(?: Update \d+)?)")),
    "MVAPICH": ("MPICH", re.compile(r"MVAPICH2? Version\s*:\s*(\S+)")),
    "Cray MPICH": ("MPICH", re.compile(r"MPI VERSION\s*: CRAY MPICH version (\S+)")),
}
"""The ABI, by MPIPreferences' name, and the beginning of `MPI_Get_library_version`."""

_HYDRA_TOO = ("MVAPICH", "Cray MPICH")
"""Families with MPICH's launcher but their own version numbers."""

_NAMES = ("libmpi.so.40", "libmpi.so.12", "libmpich.so.12", "libmpi.so", "libmpich.so")
"""Versioned names first: the plain ones need a development package."""

_ASK_LIBRARY = """
import ctypes, sys
class Where(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("file", "base", "symbol", "address")]
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
text, length, where = ctypes.create_string_buffer(8192), ctypes.c_int(), Where()
library.MPI_Get_library_version(text, ctypes.byref(length))
ctypes.CDLL(None).dladdr(library.MPI_Get_library_version, ctypes.byref(where))
sys.stdout.buffer.write(where.file + b"\\n" + text.value)
"""
"""Prints the path of the loaded library and its version text; needs no MPI_Init."""


@dataclass(frozen=True)
class Mpi:
    """An mpiexec and the matching library; both have been queried."""

    mpiexec: Path
    family: str
    """`Open MPI`, `MPICH`, `Intel MPI`, `MVAPICH` or `Cray MPICH`."""

    version: str
    """The library's version."""

    library: Path
    abi: str
    """The ABI by MPIPreferences' name: `OpenMPI` or `MPICH`."""

    def __str__(self) -> str:
        return f"{self.family} {self.version}"


def find_mpi() -> Mpi | None:
    """Return the MPI of `$MPIEXEC`, otherwise of `mpiexec` on PATH; None without an mpiexec.

    Raises:
        UserError: mpiexec does not work, or no matching library can be loaded.
    """
    chosen = os.environ.get("MPIEXEC")
    found = shutil.which(chosen or "mpiexec")
    if found is None and chosen:
        raise UserError(f"MPIEXEC={chosen}: no such program; set MPIEXEC to an mpiexec or unset it")
    if found is None:
        return None
    mpiexec = Path(found).absolute()
    family, version = _ask_launcher(mpiexec)
    others = []
    for candidate in _candidates(mpiexec):
        if mpi := _ask_library(candidate, mpiexec):
            if _belongs(mpi, family, version):
                return mpi
            others.append(mpi)
    its_name = f"{mpiexec} is {family} {version}".rstrip()
    if others:
        raise UserError(
            f"{its_name}, but the MPI library {others[0].library} is {others[0]}: ranks would not "
            "find each other; load only one MPI, or set MPIEXEC to the mpiexec of that library"
        )
    raise UserError(
        f"{its_name}, but there is no MPI library next to it or known to the loader; install it "
        "(Debian: apt-get install libopenmpi-dev), load its module, or set LD_LIBRARY_PATH"
    )


def _ask_launcher(mpiexec: Path) -> tuple[str, str]:
    """Return family and version; the family is empty for a launcher that serves any MPI."""
    try:
        answer = subprocess.run(
            [mpiexec, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except OSError as error:
        raise _broken(mpiexec, f"does not start ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise _broken(mpiexec, f"does not answer in {ANSWER_SECONDS} s") from error
    said = answer.stdout + answer.stderr
    line = (said.strip().splitlines() or ["no output"])[-1]
    if answer.returncode:
        raise _broken(mpiexec, f"fails ({line})")
    for family, pattern in _LAUNCHERS.items():
        if match := pattern.search(said):
            return family, match[1]
    if _ANY_MPI.search(said):
        return "", ""
    raise _broken(mpiexec, f"is not of a known MPI ({line})")


def _broken(mpiexec: Path, how: str) -> UserError:
    origin = "$MPIEXEC" if os.environ.get("MPIEXEC") else "PATH"
    return UserError(
        f"{mpiexec} (from {origin}) --version {how}; set MPIEXEC to an mpiexec that works"
    )


def _candidates(mpiexec: Path) -> Iterator[str]:
    """Yield libraries next to mpiexec, then names for the loader (LD_LIBRARY_PATH, ldconfig)."""
    multiarch = f"lib/{platform.machine()}-linux-gnu"
    directories = ("lib", "lib64", multiarch, f"{multiarch}/openmpi/lib", "lib/release")
    for prefix in dict.fromkeys((mpiexec.resolve().parent.parent, mpiexec.parent.parent)):
        paths = (prefix / directory / name for directory in directories for name in _NAMES)
        yield from (str(path) for path in paths if path.exists())
    yield from _NAMES


def _ask_library(library: str, mpiexec: Path) -> Mpi | None:
    """Identify a library; None if it cannot be loaded or is unknown.

    This needs a separate process: loading a library runs its code, and two MPIs in one process
    would answer for each other.
    """
    try:
        answer = subprocess.run(
            [sys.executable, "-I", "-c", _ASK_LIBRARY, library],
            # hwloc's GPU part can crash at exit without it (open-mpi/ompi issue 10142)
            env=os.environ | {"ZES_ENABLE_SYSMAN": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    path, _, said = answer.stdout.partition("\n")
    for family, (abi, pattern) in _LIBRARIES.items():
        # only the version: the rest can contain the names of a user and a host
        if not answer.returncode and (match := pattern.match(said)):
            return Mpi(mpiexec, family, match[1], Path(path).absolute(), abi)
    return None


def _belongs(mpi: Mpi, family: str, version: str) -> bool:
    if not family or (family == "MPICH" and mpi.family in _HYDRA_TOO):
        return True
    return mpi.family == family and _numbers(mpi.version) == _numbers(version)


def _numbers(version: str) -> list[int]:
    """Split a version into numbers: Intel's launcher has `Update 08`, its library `Update 8`."""
    return [int(number) for number in re.findall(r"\d+", version)]
