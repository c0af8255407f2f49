"""Command lines and environment variables of cells; nothing else translates a scale point.

| a framework starts | this machine             | Slurm                          |
|--------------------|--------------------------|--------------------------------|
| process            | julia -t T               | the same, in the batch step    |
| ranks              | mpiexec, R ranks         | srun --mpi=pmix, R tasks       |
| workers            | a driver starts R times  | a driver starts once           |
|                    | julia -t T --worker      | srun, R tasks julia --worker   |

With a container image, Julia, the harness and mpiexec are inside it: `apptainer exec` precedes
Julia, or mpiexec, so all ranks on one machine share a container. srun starts processes outside the
image, and each enters it. If the driver already runs in the image, only processes of srun enter it.

T threads are T for all frameworks: each runs the kernel's work, and none is added. The first also
runs the main task, in a process of Dagger its scheduler, in a worker the answers to other
processes. Julia 1.12 adds an interactive thread to `-t 2` and more, but none to `-t 1`, so one
thread and two would not compare; and Dagger, whose processors are threads 1 to T, would leave the
last one out. Hence `-t T,0` there. The driver of workers has one thread and computes nothing.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from repro.container.image import Image, host_client
from repro.container.julia import PROJECT, Julia
from repro.container.mpi import Mpi
from repro.measure.attempts import RAW
from repro.measure.watchdog import SCRATCH
from repro.study.expand import Cell

Placer = Literal["local", "slurm"]
"""What places processes on cores: the watchdog and mpiexec, or Slurm."""


@dataclass(frozen=True)
class Tools:
    """The programs and settings for command lines."""

    julia: Julia
    mpi: Mpi | None = None
    """The MPI of this machine; None: cells with ranks cannot run."""

    placer: Placer = "local"
    srun: str = "srun"
    sacct: str = "sacct"
    bind: str = "cores"
    """The unit to which srun binds a task."""

    pin_threads: bool = False
    """Bind each thread to a core if one process has the node; otherwise they can move."""

    image: Image | None = None
    """The container image with Julia, MPI and the harness; None: use those of this machine."""

    host_mpi: bool = False
    """Ranks that srun starts in the image use the MPI of the host instead of that of the image."""

    project: Path = PROJECT
    """The directory of the harness."""

    @property
    def starts_ranks(self) -> bool:
        """True if MPI ranks can be started: by Slurm, or by an mpiexec with known options."""
        return self.placer == "slurm" or (self.mpi is not None and self.mpi.family == "Open MPI")


def command_line(
    cell: Cell,
    tools: Tools,
    kernel: Path,
    attempt: Path,
    *,
    oversubscribed: bool = False,
    more: tuple[str, ...] = (),
) -> list[str]:
    """Return the command line that starts the program of a cell under the harness.

    Args:
        cell: the cell.
        tools: the programs to start it with.
        kernel: the kernel of the program, an absolute path.
        attempt: the directory of the attempt, an absolute path.
        oversubscribed: true if it has fewer cores than threads.
        more: further options of the harness.
    """
    harness = [str(tools.project / "run_cell.jl"), *_options(cell, kernel, attempt), *more]
    own = [room.path.absolute() for room in (cell.problem, cell.framework) if room.is_outside]
    image, home, binds = tools.image, attempt / SCRATCH, (kernel.parent, attempt, *own)
    inside = image.line(home=home, binds=binds) if image else []
    host_mpi = tools.mpi.library if tools.host_mpi and tools.mpi else None
    by_srun = image.start(home=home, binds=binds, host_mpi=host_mpi) if image else []
    match cell.framework.definition.start:
        case "ranks":
            rank = ["sh", str(tools.project / "rank.sh")]
            julia = [*rank, *_julia(cell, tools, cell.scale.threads), *harness]
            if tools.placer == "slurm":
                return [*_mpi_by_srun(cell, tools), *by_srun, *julia]
            return [*inside, *_mpiexec(cell, tools, oversubscribed=oversubscribed), *julia]
        case "workers":
            workers = _workers(cell, tools, by_srun)
            return [*inside, *_julia(cell, tools, 1), *harness, *workers]
        case "process":
            return [*inside, *_julia(cell, tools, cell.scale.threads), *harness]


def variables(cell: Cell, tools: Tools) -> dict[str, str]:
    """Return the environment variables that depend on the scale point.

    BLAS has one thread, because the programs are parallel themselves. When Julia binds threads, it
    counts cores from 0 and ignores the cores allotted to its process, so threads are bound only if
    one process has the node. Vendor programs are not bound: BLAS threads would inherit one core.
    """
    found = {
        "JULIA_NUM_THREADS": str(cell.scale.threads),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    if tools.pin_threads and cell.scale.ranks == 1 and not cell.baseline:
        found["JULIA_EXCLUSIVE"] = "1"
    if cell.framework.definition.start == "ranks":
        found |= mpi_variables(cell.scale.nodes)
    return found


def mpi_variables(nodes: int) -> dict[str, str]:
    """Return variables for MPI; what the user has set stays, and so does what a job sets.

    UCX, which an Open MPI can use, must leave SIGSEGV to Julia, whose garbage collection uses it;
    MPI.jl asks for that, too late for a UCX that is loaded with the library. On one node ranks use
    shared memory: without a network Open MPI 5 would print a line of complaint for each rank. Open
    MPI 4 and 5 both know the transport as `vader`.
    """
    found = {"UCX_ERROR_SIGNALS": "SIGILL,SIGBUS,SIGFPE"}
    if nodes == 1:
        found["OMPI_MCA_btl"] = "self,vader"
    found = {name: os.environ.get(name, value) for name, value in found.items()}
    if os.geteuid() == 0:
        names = ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM")
        found |= dict.fromkeys(names, "1")
    return found


def _options(cell: Cell, kernel: Path, attempt: Path) -> list[str]:
    options: dict[str, str | int | Path] = {
        "kernel": kernel,
        "entry": cell.problem.entry(cell.framework.definition.programs),
        "problem": cell.problem.argument,
        "framework": cell.framework.argument,
        "n": cell.n,
        "tile": cell.tile,
        "check-n": cell.check_n,
        "check-tile": cell.check_tile,
        "repetitions": cell.repetitions,
        "seed": cell.seed,
        "result": attempt / RAW,
    }
    arguments = [text for key, value in options.items() for text in (f"--{key}", str(value))]
    return [*arguments, "--tune"] if cell.baseline else arguments


def _julia(cell: Cell, tools: Tools, threads: int) -> list[str]:
    project = [f"--project={tools.project}"] if cell.packages else []
    asked = f"{threads},0" if _adds_a_thread(tools.julia.version) else str(threads)
    return [str(tools.julia.path), "--startup-file=no", "-t", asked, *project]


def _adds_a_thread(version: str) -> bool:
    """Return true if this version of Julia starts an interactive thread that nobody asked for."""
    return tuple(map(int, version.split(".")[:2])) >= (1, 12)


def _mpi_by_srun(cell: Cell, tools: Tools) -> list[str]:
    """Return the start of a command for ranks that Slurm places; output is labelled by rank."""
    return [*_srun(cell, tools), "--mpi=pmix", "--label", "--input=0", "--kill-on-bad-exit=1"]


def _mpiexec(cell: Cell, tools: Tools, *, oversubscribed: bool) -> list[str]:
    """Return the start of a command for ranks on separate cores; output is labelled by rank."""
    assert tools.mpi  # noqa: S101 - decide() rejects the cell unless `starts_ranks`
    ranks, threads = str(cell.scale.ranks), cell.scale.threads
    # Waiting ranks poll, so two on one core must yield to each other.
    place = ["--map-by", f"slot:PE={threads}", "--bind-to", "core"]
    if oversubscribed:
        place = ["--map-by", "slot:OVERSUBSCRIBE", "--bind-to", "none"]
    mark = ["--tag-output"] if tools.mpi.version.startswith("4.") else ["--output", "tag"]
    return [str(tools.mpi.mpiexec), "-n", ranks, *place, *mark]


def _workers(cell: Cell, tools: Tools, by_srun: list[str]) -> list[str]:
    """Return the options for the driver: number of workers and the command that starts them."""
    ranks = str(cell.scale.ranks)
    worker = _julia(cell, tools, cell.scale.threads)
    if tools.placer == "slurm":
        if tools.image:  # the driver runs in it
            tools = replace(tools, srun=str(host_client("srun")))
        start = [*_srun(cell, tools), "--mpi=none", "--kill-on-bad-exit=1", *by_srun]
        return ["--ranks", ranks, "--copies", "1", "--worker-command", *start, *worker, "--worker"]
    local = ["--bind-to", "127.0.0.1", "--worker"]
    return ["--ranks", ranks, "--copies", ranks, "--worker-command", *worker, *local]


def _srun(cell: Cell, tools: Tools) -> list[str]:
    scale = cell.scale
    place = [f"--nodes={scale.nodes}", f"--ntasks={scale.ranks}"]
    return [tools.srun, *place, f"--cpus-per-task={scale.threads}", f"--cpu-bind={tools.bind}"]
