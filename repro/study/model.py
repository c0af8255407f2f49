"""What a study file may say. Every field is documented here, checked here and nowhere else."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    PrivateAttr,
    StringConstraints,
    model_validator,
)
from pydantic.types import NonNegativeInt, PositiveFloat, PositiveInt

from repro.study.directories import (
    FrameworkDirectory,
    ProblemDirectory,
    find_framework,
    find_problem,
    known_frameworks,
    known_problems,
)
from repro.study.names import NAME, ScalePoint
from repro.study.toml import PLACE, Strict

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME}$")]
Scale = Annotated[
    ScalePoint,
    BeforeValidator(lambda text: ScalePoint.parse(str(text))),
    PlainSerializer(str),
]


_OLD_KERNELS = {"julia/reference": "reference", "julia/vendor": "vendor"}


class Model(Strict):
    """Who wrote programs: an LLM, or a hand."""

    title: str
    """The name in figures and tables."""

    kernels: str | None = None
    """Where programs by hand are: `reference` or `vendor`, which each problem's directory has, or a
    directory, relative to the checkout; absent for an LLM, whose kernels come from a dataset."""

    frameworks: tuple[Name, ...] | None = None
    """Only these frameworks; absent for all of the study's."""

    samples: PositiveInt = 1
    """Programs generated for each problem and framework."""

    baseline: bool = False
    """A vendor library at its best setting: it may tune itself before it is timed, and is not
    asked to use the framework."""

    @model_validator(mode="before")
    @classmethod
    def _of_old_runs(cls, found: Any) -> Any:
        """Who serves an LLM is now in `studies/models/`, programs by hand in `problems/`."""
        if not isinstance(found, dict):
            return found
        now = {key: value for key, value in found.items() if key != "provider"}
        if now.get("kernels") in _OLD_KERNELS:
            now["kernels"] = _OLD_KERNELS[now["kernels"]]
        return now


class Size(Strict):
    """One size of a problem."""

    n: PositiveInt
    """What it counts is in the problem's own file: points, rows and columns, ..."""

    tile: PositiveInt = 1
    """Rows and columns of a tile; pi has none."""


class Problem(Strict):
    """What is computed, at which sizes."""

    title: str
    """The name in figures and tables."""

    directory: str | None = None
    """The problem's own directory, relative to the study's file; absent: the package's of its
    name."""

    sizes: tuple[Size, ...]
    """Strong scaling is measured at each; the first is the main one, whose cells have short
    names."""

    check: Size
    """The small size at which a program is compiled and checked before it is timed."""

    time_limit_s: PositiveFloat | None = None
    """Seconds for one attempt of one cell, in place of the study's."""

    @model_validator(mode="after")
    def _sizes_differ(self) -> Self:
        ns = [size.n for size in self.sizes]
        if not ns or len(set(ns)) < len(ns):
            raise ValueError("at least one size, and no n twice")
        return self


class Framework(Strict):
    """How a program runs in parallel."""

    title: str
    """The name in figures and tables."""

    directory: str | None = None
    """The framework's own directory, relative to the study's file; absent: the package's of its
    name."""

    memory: Literal["shared", "distributed"]
    """`shared`: one process, measured at the shared scale points; `distributed`: at the others."""

    packages: tuple[str, ...] = ()
    """Julia packages that must be installed; without them a cell is `unavailable`."""


class ScalePoints(Strict):
    """Where each kind of framework is measured; a scale point is nodes x ranks x threads."""

    shared: tuple[Scale, ...]
    """Points of the shared-memory frameworks: one node, one rank."""

    distributed: tuple[Scale, ...]
    """Points of the distributed-memory frameworks; ranks are counted over all nodes."""

    @model_validator(mode="after")
    def _shared_is_one_rank(self) -> Self:
        if any(point.nodes > 1 or point.ranks > 1 for point in self.shared):
            raise ValueError("a shared-memory scale point has one node and one rank")
        if any(len(set(points)) < len(points) for points in (self.shared, self.distributed)):
            raise ValueError("no scale point twice")
        return self


class Study(Strict):
    """The experiment as data."""

    name: Name
    """The study's name, the same as its file's."""

    title: str
    """What it is, in one line."""

    seed: NonNegativeInt
    """Seed of all inputs; each repetition derives its own from it."""

    repetitions: PositiveInt
    """Timed and verified repetitions of each cell."""

    time_limit_s: PositiveFloat
    """Seconds for one attempt of one cell, start-up and verification included."""

    stall_limit_s: PositiveFloat
    """Seconds without CPU time and without a sign of life after which a program counts as
    deadlocked."""

    memory_limit_gib: PositiveFloat
    """Resident memory of all processes of a cell on one node, GiB."""

    models: dict[Name, Model]
    """Who wrote programs, by name."""

    problems: dict[Name, Problem]
    """What is computed, by name."""

    frameworks: dict[Name, Framework]
    """How programs run in parallel, by name."""

    scale_points: ScalePoints
    """Where cells are measured."""

    _place: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any, /) -> None:
        """Remember the directory of the study's file, which it names others from."""
        self._place = (context or {}).get(PLACE, Path())

    def closed_forms(self) -> frozenset[tuple[str, str]]:
        """The (model, problem) pairs whose program is a formula, so that times measure no work."""
        baselines = [name for name, model in self.models.items() if model.baseline]
        formulas = [
            name
            for name in self.problems
            if self.problem_directory(name).definition.closed_form_vendor
        ]
        return frozenset((model, problem) for model in baselines for problem in formulas)

    def problem_directory(self, name: str) -> ProblemDirectory:
        """The directory of one of its problems.

        Raises:
            UserError: it is not there, or broken.
        """
        return find_problem(name, self._place, self.problems[name].directory)

    def framework_directory(self, name: str) -> FrameworkDirectory:
        """The directory of one of its frameworks.

        Raises:
            UserError: it is not there, or broken.
        """
        return find_framework(name, self._place, self.frameworks[name].directory)

    @model_validator(mode="after")
    def _directories_are_known(self) -> Self:
        for key, named, known in (
            ("problems", self.problems, known_problems()),
            ("frameworks", self.frameworks, known_frameworks()),
        ):
            for name, settings in named.items():
                if settings.directory is None and name not in known:
                    there = ", ".join(known)
                    raise ValueError(f"{key}.{name} is none of {there}; give its `directory`")
        return self

    @model_validator(mode="after")
    def _models_use_known_frameworks(self) -> Self:
        for name, model in self.models.items():
            unknown = set(model.frameworks or ()) - set(self.frameworks)
            if unknown:
                raise ValueError(f"model {name}: the study has no framework {min(unknown)}")
        return self
