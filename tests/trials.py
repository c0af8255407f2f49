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
from repro.measure.outcomes import Outcome
from repro.measure.plan import Limits, Plan
from repro.study.filters import select

from a_study import BY_HAND, FRAMEWORKS, study_toml

KERNELS = ROOT / "tests" / "kernels"


def plan_of(cell: str, attempt: int = 1, **changes: Any) -> Plan:
    """A plan that nobody made; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "cell": cell, "attempt": attempt, "command": (), "env": {}, "cores": (0,),
        "allotted_cores": 1, "ranks": 1, "launched": False, "batch": False, "threads": 1,
        "n": 1000, "tile": 1, "repetitions": 2, "seed": 7, "baseline": False,
        "limits": Limits(time_s=10.0, stall_s=5.0, memory_bytes=2**30), "kernel_sha256": "0" * 64,
        "environment": "e1", "flags": (),
    }  # fmt: skip
    return Plan(**fields | changes)


def study_text(*models: str | Path, n: int = 300, **changes: Any) -> str:
    """A study of adversarial kernels (`tests/kernels/NAME`); `reference` is the real one.

    Args:
        models: their names; a directory is a model of its name, with the kernels in it.
        n: rows and columns of matrices.
        changes: what `study_toml` takes otherwise.
    """
    where = {Path(model).name: str(Path("tests", "kernels") / model) for model in models}
    said = {name: {} if name in BY_HAND else {"kernels": path} for name, path in where.items()}
    sizes = {"pi": None, "gemm": [{"n": n, "tile": 64}], "cholesky": [{"n": n, "tile": 64}]}
    return study_toml(said, sizes, FRAMEWORKS, **changes)


@dataclass
class Trial:
    """A run directory in a test's own directory."""

    path: Path
    study: Path

    @classmethod
    def of(cls, directory: Path, *models: str | Path, **changes: Any) -> "Trial":
        """A trial of some kernels; `changes` as in `study_text`."""
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

    def outcome(self, cell: str) -> Outcome:
        """What the newest attempt of a cell came to."""
        return self.attempts(cell)[-1].outcome()
