"""The expansion of a study into programs and cells."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.study.directories import FrameworkDirectory, ProblemDirectory
from repro.study.names import CellName, Program, ScalePoint

if TYPE_CHECKING:
    from repro.study.model import Size, Study


@dataclass(frozen=True)
class Cell:
    """A program at a scale point, with everything that determines its computation and limits."""

    name: CellName
    n: int
    tile: int
    check_n: int
    check_tile: int
    repetitions: int
    seed: int
    time_limit_s: float
    stall_limit_s: float
    start_limit_s: float | None
    memory_limit_bytes: int
    packages: tuple[str, ...]
    baseline: bool
    problem: ProblemDirectory = field(repr=False, compare=False)
    framework: FrameworkDirectory = field(repr=False, compare=False)

    @property
    def program(self) -> Program:
        """The program that the cell runs."""
        return self.name.program

    @property
    def scale(self) -> ScalePoint:
        """The scale point at which it runs."""
        return self.name.scale

    @property
    def core_hours(self) -> float:
        """The upper bound of core-hours: all its cores for `most_seconds`."""
        return self.scale.cores * self.most_seconds / 3600

    @property
    def most_seconds(self) -> float:
        """The longest that an attempt may take."""
        return self.time_limit_s + (self.start_limit_s or 0.0)


def programs(study: "Study") -> list[Program]:
    """Return the programs of the study, in the order of the file."""
    return [
        Program(model_name, problem, framework, sample)
        for model_name, model in study.models.items()
        for problem in study.problems
        if model.problems is None or problem in model.problems
        for framework in study.frameworks
        if model.frameworks is None or framework in model.frameworks
        for sample in range(model.samples)
    ]


def cells(study: "Study") -> list[Cell]:
    """Return the cells of the study: by program, then size, then scale point, in file order."""
    return [
        _cell(study, program, scale, size)
        for program in programs(study)
        for size in study.problems[program.problem].sizes
        for scale in _scale_points(study, program.framework)
    ]


def _scale_points(study: "Study", framework: str) -> tuple[ScalePoint, ...]:
    memory = study.frameworks[framework].memory
    points = study.scale_points
    return points.shared if memory == "shared" else points.distributed


def _cell(study: "Study", program: Program, scale: ScalePoint, size: "Size") -> Cell:
    problem = study.problems[program.problem]
    return Cell(
        name=CellName(program, scale, *problem.named(size)),
        n=size.n,
        tile=size.tile,
        check_n=problem.check.n,
        check_tile=problem.check.tile,
        repetitions=study.repetitions,
        seed=study.seed,
        time_limit_s=problem.time_limit_s or study.time_limit_s,
        stall_limit_s=study.stall_limit_s,
        start_limit_s=study.start_limit_s,
        memory_limit_bytes=int(study.memory_limit_gib * 2**30),
        packages=study.frameworks[program.framework].packages,
        baseline=study.models[program.model].baseline,
        problem=study.problem_directory(program.problem),
        framework=study.framework_directory(program.framework),
    )
