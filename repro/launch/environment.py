"""What programs run in: the machine and toolchain, and environment variables."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from repro import __version__
from repro.container.image import Image, depots
from repro.container.julia import BLAS_CORES_WITHOUT_AVX, Julia, Package
from repro.container.mpi import Mpi
from repro.records import json_of

_KEPT = ("LD_LIBRARY_PATH", "JULIA_DEPOT_PATH", "OPENBLAS_CORETYPE", "TMPDIR")
_KEPT_IN_IMAGE = ("OPENBLAS_CORETYPE",)
"""The others name paths of this machine; an image has its own."""
_LSCPU = (
    "Architecture",
    "Model name",
    "Socket(s)",
    "Core(s) per socket",
    "Thread(s) per core",
    "NUMA node(s)",
    "L1d cache",
    "L2 cache",
    "L3 cache",
    "Flags",
)
_AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}


@dataclass(frozen=True)
class System:
    """An operating system."""

    kernel: str
    system: str


@dataclass(frozen=True)
class JuliaFacts:
    """What of a Julia can change what its programs do."""

    version: str
    blas: str
    blas_core: str
    """The kernels that its OpenBLAS chooses by itself."""

    blas_core_forced: str | None
    """The kernels that it is told to use instead; None: its own choice is good."""

    packages: tuple[str, ...]

    details: tuple[Package, ...] = ()
    """Version and git hash of each package; an older record has none."""

    build: str = "unknown"
    """Who made it: `official`, `distribution`, `from source`, or `unknown` if it cannot be told."""

    commit: str = ""
    """The commit of its source; empty if it does not know."""


@dataclass(frozen=True)
class Environment:
    """A machine and its toolchain, free of host names, users and paths: `environment/<id>.json`."""

    machine: str
    """Its name in tables and figures: CPU, cores and memory."""

    cpu: dict[str, str]
    """By lscpu's names."""

    memory_gib: float
    cores: int
    os: System
    julia: JuliaFacts
    mpi: str | None
    """Family and version."""

    repro: str
    """The version of this package."""

    image: str | None
    """The digest of the container image that it is in."""


def describe_environment(
    julia: Julia, mpi: Mpi | None, cores: int, image: Image | None = None
) -> Environment:
    """This machine and the toolchain."""
    cpu, gib = _cpu(), _memory_gib()
    return Environment(
        machine=_machine_name(cpu, cores, gib),
        cpu=cpu,
        memory_gib=round(gib, 1),
        cores=cores,
        os=_system(),
        julia=JuliaFacts(
            version=julia.version,
            blas=julia.blas,
            blas_core=julia.blas_core,
            blas_core_forced=blas_core_type(julia, cpu.get("Flags", "")),
            packages=tuple(julia.packages),
            details=julia.details,
            build=julia.build,
            commit=julia.commit,
        ),
        mpi=f"{mpi.family} {mpi.version}" if mpi else None,
        repro=__version__,
        image=image.digest if image else None,
    )


def describe_node(planned: Environment) -> Environment:
    """This machine, with the toolchain of an attempt that was planned on another machine.

    Its cores are all that the node has, however many a job got: times at different scale points
    are compared only if the machine has the same name.
    """
    cpu, gib = _cpu(), _memory_gib()
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return replace(
        planned,
        machine=_machine_name(cpu, cores, gib),
        cpu=cpu,
        memory_gib=round(gib, 1),
        cores=cores,
        os=_system(),
    )


def _machine_name(cpu: dict[str, str], cores: int, gib: float) -> str:
    return f"{cpu['Model name']}, {cores} cores, {gib:.0f} GiB"


def _memory_gib() -> float:
    return float(psutil.virtual_memory().total / 2**30)


def environment_id(description: Environment) -> str:
    """Twelve hexadecimal digits that identify an environment."""
    text = json.dumps(json_of(description), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cell_variables(description: Environment, home: Path) -> dict[str, str]:
    """The environment variables of every program: few, known, and without keys."""
    in_image = description.image is not None
    kept = _KEPT_IN_IMAGE if in_image else _KEPT
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    if in_image:
        variables["JULIA_DEPOT_PATH"] = depots(home)
    else:  # the empty part stands for the depots that come with Julia
        variables.setdefault("JULIA_DEPOT_PATH", f"{Path.home() / '.julia'}:")
    if forced := description.julia.blas_core_forced:
        variables.setdefault("OPENBLAS_CORETYPE", forced)
    return variables | {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def blas_core_type(julia: Julia, cpu_flags: str) -> str | None:
    """The kernels that an old OpenBLAS should use on a CPU that is newer than itself.

    It does not know the CPU and falls back to kernels of 2004, which are five times slower: any
    comparison with the vendor's library would be worthless. None: its own choice is good.
    """
    if julia.blas_core not in BLAS_CORES_WITHOUT_AVX:
        return None
    flags = set(cpu_flags.split())
    if flags >= _AVX512:
        return "SkylakeX"
    return "Haswell" if "avx2" in flags else None


def cpu_flags() -> str:
    """The instruction sets of this machine's CPU, as the kernel names them."""
    return _cpu().get("Flags", "")


def _cpu() -> dict[str, str]:
    """What `lscpu` reports; if it cannot, what the kernel reports by itself."""
    told = ""
    if shutil.which("lscpu"):
        variables = os.environ | {"LC_ALL": "C"}
        told = subprocess.run(
            ["lscpu"], env=variables, capture_output=True, text=True, check=False
        ).stdout
    facts = _facts(told)
    if "Model name" not in facts:
        core = _facts(Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0])
        facts |= {
            "Model name": core.get("model name", "unknown CPU"),
            "Flags": core.get("flags", ""),
        }
    return {key: facts[key] for key in _LSCPU if key in facts}


def _facts(text: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _system() -> System:
    name = platform.system()
    with suppress(OSError):  # not every system says it
        name = platform.freedesktop_os_release().get("PRETTY_NAME", name)
    return System(kernel=platform.release(), system=name)
