"""Small runs of real programs, for tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import ROOT
from repro.launch.here import look_around
from repro.launch.local import LocalLauncher
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import load_site
from repro.measure.attempts import Attempt, attempts_of
from repro.study.filters import select

KERNELS = ROOT / "tests" / "kernels"

HEAD = """
name = "trial"
title = "A trial"
seed = 7
repetitions = {repetitions}
time_limit_s = {time_limit_s}
stall_limit_s = {stall_limit_s}
memory_limit_gib = {memory_limit_gib}

[problems.pi]
title = "Pi"
sizes = [{{ n = 100_000 }}]
check = {{ n = 100 }}

[problems.gemm]
title = "GEMM"
sizes = [{{ n = {n}, tile = 64 }}]
check = {{ n = 100, tile = 32 }}

[problems.cholesky]
title = "Cholesky"
sizes = [{{ n = {n}, tile = 64 }}]
check = {{ n = 100, tile = 32 }}

[frameworks.threads]
title = "Base.Threads"
memory = "shared"

[frameworks.dagger]
title = "Dagger.jl"
memory = "shared"
packages = ["Dagger"]

[frameworks.mpi]
title = "MPI.jl"
memory = "distributed"
packages = ["MPI"]

[frameworks.dagger-distributed]
title = "Distributed Dagger.jl"
memory = "distributed"
packages = ["Dagger"]

[scale_points]
shared = {shared}
distributed = {distributed}
"""
LIMITS: dict[str, Any] = {
    "repetitions": 3, "time_limit_s": 60, "stall_limit_s": 20, "memory_limit_gib": 2, "n": 300,
    "shared": ["1x1x1"], "distributed": [],
}  # fmt: skip


def study_text(*models: str, **changes: Any) -> str:
    """A study of adversarial kernels (`tests/kernels/NAME`); `reference` is the real one."""
    text = HEAD.format(**LIMITS | changes)
    for name in models:
        where = "julia/reference" if name == "reference" else f"tests/kernels/{name}"
        text += f'\n[models.{name}]\ntitle = "{name}"\nkernels = "{where}"\n'
    return text


@dataclass
class Trial:
    """A run directory in a test's own directory."""

    path: Path
    study: Path

    @classmethod
    def of(cls, directory: Path, *models: str, **changes: Any) -> "Trial":
        """A trial of some kernels; `changes` replace `LIMITS`."""
        study = directory / "trial.toml"
        study.write_text(study_text(*models, **changes), encoding="utf-8")
        return cls(directory / "run", study)

    def run(self, *patterns: str, again: bool = False) -> Run:
        """Run the cells that match."""
        with driving(self.path):
            run = make_run(self.path, self.study, "local")
            chosen = select(run.cells(), patterns, name=lambda cell: str(cell.name))
            here, means = look_around(run, load_site("local"), ())
            LocalLauncher(run, here, means).run_cells(chosen, again=again)
        return run

    def attempts(self, cell: str) -> list[Attempt]:
        """What was tried of a cell."""
        return attempts_of(self.path, cell)

    def outcome(self, cell: str) -> dict[str, Any]:
        """What the newest attempt of a cell came to."""
        return self.attempts(cell)[-1].outcome()
