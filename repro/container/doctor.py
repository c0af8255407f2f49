"""The checks of `repro doctor` on this machine."""

import os
import shutil

import psutil

from repro.container.findings import Finding, finding
from repro.container.julia import BLAS_CORES_WITHOUT_AVX, Julia, find_julia
from repro.container.julia_packages import broken_off, too_old
from repro.container.mpi import HOW_TO_GET, find_mpi
from repro.container.mpi_preferences import SHOWN, agreement, preferences
from repro.container.pins import load_pins
from repro.errors import UserError

_OLD_BLAS = (
    "its OpenBLAS is older than this CPU and would use kernels without AVX; for cells, "
    "OPENBLAS_CORETYPE selects the right ones"
)

_NO_MPI = "cells of mpi will be `unavailable`"


def findings() -> list[Finding]:
    """Check what this machine has, and what that means for the study."""
    try:
        julia = find_julia()
    except UserError as error:
        return [finding("Julia", str(error), ok=False, needed=True), _mpi(), _machine()]
    return [_julia(julia), *_packages(julia), _mpi(), _machine(), _slurm(), _apptainer()]


def _julia(julia: Julia) -> Finding:
    pinned = load_pins().julia.version
    meaning = "the version of the study"
    if julia.version != pinned:
        meaning = f"not the study's {pinned}: times are of this version; set JULIA to use another"
    if julia.blas_core in BLAS_CORES_WITHOUT_AVX:
        meaning += f"; {_OLD_BLAS}"
    found = f"{julia.version} from {julia.origin}, {julia.path}"
    return finding("Julia", found, meaning, needed=True)


def _packages(julia: Julia) -> list[Finding]:
    meanings = {
        "Dagger": "cells of dagger and dagger-distributed will be `unavailable`",
        "MPI": _NO_MPI,
    }
    old = too_old(julia)
    how = f"{old}: set JULIA to a newer one" if old else "with network, run `repro setup`"

    def one(name: str, meaning: str) -> Finding:
        if name not in julia.packages:
            return finding(f"{name}.jl", "not installed", f"{meaning}; {how}", ok=False)
        if broken_off():
            return finding(f"{name}.jl", "its installation was interrupted", how, ok=False)
        return finding(f"{name}.jl", "installed")

    return [one(name, meaning) for name, meaning in meanings.items()]


def _mpi() -> Finding:
    """Check this machine's MPI, and whether MPI.jl is configured for it."""
    try:
        mpi, named = find_mpi(), (preferences() or {}).get("mpiexec")
        if mpi is None:
            how = f"at set-up it was {named}: load its module, or " if named else ""
            return finding("MPI", "no mpiexec on PATH", f"{_NO_MPI}; {how}{HOW_TO_GET}", ok=False)
        state = agreement(mpi)
    except UserError as error:
        return finding("MPI", str(error), _NO_MPI, ok=False)
    meaning = {
        "same": f"{SHOWN} names it",
        "missing": f"{SHOWN} does not name it: run `repro setup`, or ranks do not find each other",
        "changed": f"{SHOWN} names {named}: changed since set-up, run `repro setup`",
        "somebody's": f"{SHOWN} was not written by `repro setup` and is used unchanged",
    }[state]
    found = f"{mpi}, {mpi.mpiexec}, {mpi.library}"
    return finding("MPI", found, meaning, ok=state in {"same", "somebody's"})


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0))
    gib = psutil.virtual_memory().total / 2**30
    return finding("this machine", f"{cores} cores, {gib:.0f} GiB", "the size of site `local`")


def _slurm() -> Finding:
    path = shutil.which("sbatch")
    if path:
        return finding("Slurm", path, "`repro doctor --site NAME` checks the cluster")
    return finding("Slurm", "no sbatch on PATH", "only site `local` can be used here", ok=False)


def _apptainer() -> Finding:
    path = shutil.which("apptainer")
    if path:
        return finding("Apptainer", path, "`--image SIF` runs cells in a container image")
    return finding("Apptainer", "not on PATH", "cells run only without an image", ok=False)
