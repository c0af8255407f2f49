"""Planning an attempt: all of it is written down before anything starts."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from repro.launch.command import Tools, command_line, variables
from repro.launch.decide import Decision
from repro.launch.environment import Environment, cell_variables
from repro.launch.run_directory import commit_attempt, new_attempt, snapshot_kernel
from repro.measure.attempts import Attempt
from repro.measure.plan import Limits, Plan
from repro.measure.static_check import static_flags
from repro.measure.watchdog import SCRATCH
from repro.study.directories import FrameworkDirectory, ProblemDirectory
from repro.study.expand import Cell


@dataclass(frozen=True)
class Setting:
    """What all attempts of a run share."""

    tools: Tools
    environment: Environment
    """This machine and the toolchain; a batch job describes its own machine."""

    environment_id: str

    memory_bytes: int
    """Memory of a node."""


def plan_attempt(
    run: Path,
    decision: Decision,
    setting: Setting,
    cores: list[int],
    *,
    oversubscribed: bool = False,
) -> Attempt:
    """Make the attempt that `decision` asks for; nothing starts yet.

    Args:
        run: the run directory, which the caller holds.
        decision: a cell with a kernel, and the attempt's number.
        setting: the machine.
        cores: numbers of the cores to bind it to; empty: something else binds it.
        oversubscribed: the cell has fewer cores than threads.

    Raises:
        UserError: the kernel has changed since the run began.
    """
    cell, number = decision.cell, decision.next_number
    assert decision.kernel  # noqa: S101 - decide() gives one with every attempt
    start, batch = cell.framework.definition.start, setting.tools.placer == "slurm"
    kernel, sha256 = snapshot_kernel(run, cell, decision.kernel)
    draft = new_attempt(run, str(cell.name), number)
    path = draft.with_name(str(number)).absolute()
    plan = Plan(
        cell=str(cell.name),
        attempt=number,
        command=tuple(
            command_line(
                cell, setting.tools, kernel.absolute(), path, oversubscribed=oversubscribed
            )
        ),
        env=cell_variables(setting.environment, path / SCRATCH) | variables(cell, setting.tools),
        cores=tuple(cores),
        allotted_cores=len(cores) or cell.scale.cores,
        ranks=cell.scale.ranks,
        launched=start == "ranks",
        batch=batch,
        threads=cell.scale.threads,
        n=cell.n,
        tile=cell.tile,
        repetitions=cell.repetitions,
        seed=cell.seed,
        baseline=cell.baseline,
        limits=_limits(cell, setting),
        kernel_sha256=sha256,
        environment=setting.environment_id,
        flags=() if cell.baseline else tuple(_static_flags(kernel, cell.problem, cell.framework)),
        sacct=setting.tools.sacct if batch and start != "process" else "",
    )
    return commit_attempt(draft, plan)


@cache
def _static_flags(
    kernel: Path, problem: ProblemDirectory, framework: FrameworkDirectory
) -> list[str]:
    """Checked once for all cells of a program: a run's copy of a kernel does not change."""
    return static_flags(kernel, problem, framework)


def _limits(cell: Cell, setting: Setting) -> Limits:
    """The study's, but no stall limit for workers on several nodes: the watchdog sees only its own.

    Ranks are asked through their launcher, which reaches all nodes.
    """
    seen = cell.scale.nodes == 1 or cell.framework.definition.start == "ranks"
    return Limits(
        time_s=cell.time_limit_s,
        stall_s=cell.stall_limit_s if seen else cell.most_seconds,
        memory_bytes=min(cell.memory_limit_bytes, setting.memory_bytes),
        start_s=cell.start_limit_s,
    )
