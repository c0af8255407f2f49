"""What `repro doctor` finds."""

import os
import shutil
from typing import Any

import psutil

from repro.container.julia import Julia, find_julia
from repro.container.pins import load_pins
from repro.errors import UserError

_OLD_BLAS = (
    "its OpenBLAS is older than this CPU and would use kernels of 2004; cells are told the right "
    "ones (OPENBLAS_CORETYPE)"
)


def findings() -> list[dict[str, Any]]:
    """Each: what was looked at, what was found, is it good, is it needed, and what it means."""
    try:
        julia = find_julia()
    except UserError as error:
        return [_finding("Julia", str(error), ok=False, needed=True), _machine()]
    return [_julia(julia), *_packages(julia), _machine(), _slurm(), _apptainer()]


def _finding(
    what: str, found: str, meaning: str = "", *, ok: bool = True, needed: bool = False
) -> dict[str, Any]:
    return {"what": what, "found": found, "meaning": meaning, "ok": ok, "needed": needed}


def _julia(julia: Julia) -> dict[str, Any]:
    pinned = load_pins().julia.version
    meaning = "the version of the study"
    if julia.version != pinned:
        meaning = f"not the study's {pinned}: times are this version's; set JULIA to use another"
    if julia.blas_core == "Prescott":
        meaning += f"; {_OLD_BLAS}"
    found = f"{julia.version} from {julia.origin}, {julia.path}"
    return _finding("Julia", found, meaning, needed=True)


def _packages(julia: Julia) -> list[dict[str, Any]]:
    meanings = {
        "Dagger": "cells of dagger and dagger-distributed will be `unavailable`",
        "MPI": "cells of mpi will be `unavailable`",
    }
    old = tuple(map(int, julia.version.split("-")[0].split(".")[:2])) < (1, 9)
    why = f"; Julia {julia.version} is too old for it" if old else ""
    return [
        _finding(f"{name}.jl", "installed")
        if name in julia.packages
        else _finding(f"{name}.jl", "not installed", meaning + why, ok=False)
        for name, meaning in meanings.items()
    ]


def _machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0))
    gib = psutil.virtual_memory().total / 2**30
    return _finding("this machine", f"{cores} cores, {gib:.0f} GiB", "the size of site `local`")


def _slurm() -> dict[str, Any]:
    path = shutil.which("sbatch")
    if path:
        return _finding("Slurm", path, "this version of repro runs cells on site `local` only")
    return _finding("Slurm", "no sbatch on PATH", "only site `local` can be used here", ok=False)


def _apptainer() -> dict[str, Any]:
    path = shutil.which("apptainer")
    if path:
        return _finding("Apptainer", path, "this version of repro runs cells without an image")
    return _finding("Apptainer", "not on PATH", "cells run without an image", ok=False)
