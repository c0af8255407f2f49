"""The content of a study file. This module documents and checks every field."""

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
    """The author of programs: an LLM, or a person."""

    title: str
    """The name in figures and tables."""

    kernels: str | None = None
    """The directory of hand-written programs: `reference` or `vendor` in the directory of each
    problem, or a directory relative to the checkout; absent for an LLM, whose kernels are in a
    dataset."""

    frameworks: tuple[Name, ...] | None = None
    """The frameworks for which it has programs; absent for all of the study."""

    problems: tuple[Name, ...] | None = None
    """The problems for which it has programs; absent for all of the study."""

    samples: PositiveInt = 1
    """Programs generated for each problem and framework."""

    baseline: bool = False
    """True for a vendor library at its best setting: its programs may tune themselves before they
    are timed, and need not use the framework."""

    @model_validator(mode="before")
    @classmethod
    def _of_old_runs(cls, found: Any) -> Any:
        """Read older files: providers are now in `studies/models/`, kernels in `problems/`."""
        if not isinstance(found, dict):
            return found
        now = {key: value for key, value in found.items() if key != "provider"}
        if now.get("kernels") in _OLD_KERNELS:
            now["kernels"] = _OLD_KERNELS[now["kernels"]]
        return now


class Size(Strict):
    """One size of a problem."""

    n: PositiveInt
    """Points, rows and columns, ...: the file of the problem says which."""

    tile: PositiveInt = 1
    """Rows and columns of a tile; ignored by a problem without tiles."""


class Problem(Strict):
    """What programs compute, and at which sizes."""

    title: str
    """The name in figures and tables."""

    directory: str | None = None
    """The directory of the problem, relative to the study's file; absent for a problem of the
    package."""

    sizes: tuple[Size, ...]
    """The sizes at which cells are measured. Names of cells omit the first, main size. Several
    with the same n show what the tile does; of these, rates, claims and all figures but that of
    granularity take the first."""

    check: Size
    """The small size that compiles and checks a program before it is timed."""

    time_limit_s: PositiveFloat | None = None
    """Time limit of an attempt in seconds, instead of the study's."""

    @model_validator(mode="after")
    def _sizes_differ(self) -> Self:
        pairs = [(size.n, size.tile) for size in self.sizes]
        if not pairs or len(set(pairs)) < len(pairs):
            raise ValueError("needs at least one size, each with another n or another tile")
        return self

    @property
    def ns(self) -> tuple[int, ...]:
        """The different n of its sizes, in the order of the file."""
        return tuple(dict.fromkeys(size.n for size in self.sizes))

    def named(self, size: Size) -> tuple[int | None, int | None]:
        """Return n and tile as they are in names of cells at a size: None where it is left out."""
        if size == self.sizes[0]:
            return None, None
        first = next(other for other in self.sizes if other.n == size.n)
        return size.n, None if size == first else size.tile


class Framework(Strict):
    """How a program runs in parallel."""

    title: str
    """The name in figures and tables."""

    directory: str | None = None
    """The directory of the framework, relative to the study's file; absent for a framework of the
    package."""

    memory: Literal["shared", "distributed"]
    """`shared`: one process, measured at the shared scale points; `distributed`: several processes,
    measured at the distributed ones."""

    packages: tuple[str, ...] = ()
    """Julia packages that must be installed; without them a cell is `unavailable`."""


class ScalePoints(Strict):
    """Scale points of each kind of framework; a scale point is nodes x ranks x threads."""

    shared: tuple[Scale, ...]
    """Scale points of shared-memory frameworks: one node, one rank."""

    distributed: tuple[Scale, ...]
    """Scale points of distributed-memory frameworks; ranks are counted over all nodes."""

    @model_validator(mode="after")
    def _shared_is_one_rank(self) -> Self:
        if any(point.nodes > 1 or point.ranks > 1 for point in self.shared):
            raise ValueError("a shared-memory scale point has one node and one rank")
        if any(len(set(points)) < len(points) for points in (self.shared, self.distributed)):
            raise ValueError("a scale point is listed twice; remove one")
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
    """Seconds for one attempt of one cell, verification included; the start too, unless it has a
    limit of its own."""

    start_limit_s: PositiveFloat | None = None
    """Seconds for the start of an attempt, until its first repetition: starting Julia, loading
    packages, which may have to be compiled first, loading the kernel, and the check at small size,
    which compiles it. The time limit then counts from the first repetition; absent: from the
    beginning."""

    stall_limit_s: PositiveFloat
    """Seconds without CPU time and without a sign of life after which a program counts as
    deadlocked."""

    memory_limit_gib: PositiveFloat
    """Resident memory of all processes of a cell on one node, GiB."""

    models: dict[Name, Model]
    """Authors of programs, by name."""

    control: Name | None = None
    """The model whose programs are known to be right: a failure of another model's program is
    compared with what its program does in the same cell on the same machine; absent: with none."""

    problems: dict[Name, Problem]
    """Problems, by name."""

    frameworks: dict[Name, Framework]
    """Frameworks, by name."""

    scale_points: ScalePoints
    """Scale points at which cells are measured."""

    _place: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any, /) -> None:
        """Keep the directory of the study's file: paths in the study are relative to it."""
        self._place = (context or {}).get(PLACE, Path())

    def closed_forms(self) -> frozenset[tuple[str, str]]:
        """Return the (model, problem) pairs whose program is a formula: its time is not work."""
        baselines = [name for name, model in self.models.items() if model.baseline]
        formulas = [
            name
            for name in self.problems
            if self.problem_directory(name).definition.closed_form_vendor
        ]
        return frozenset((model, problem) for model in baselines for problem in formulas)

    def unit_costs(self) -> tuple[str, ...]:
        """Return the problems whose programs do nothing n times: the time of one is measured."""
        definitions = {name: self.problem_directory(name).definition for name in self.problems}
        return tuple(name for name, found in definitions.items() if found.unit_cost)

    def problem_directory(self, name: str) -> ProblemDirectory:
        """Return the directory of a problem of the study.

        Raises:
            UserError: the directory is missing or damaged.
        """
        return find_problem(name, self._place, self.problems[name].directory)

    def framework_directory(self, name: str) -> FrameworkDirectory:
        """Return the directory of a framework of the study.

        Raises:
            UserError: the directory is missing or damaged.
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
                    raise ValueError(f"{key}.{name} is not one of {there}; give its `directory`")
        return self

    @model_validator(mode="after")
    def _control_is_a_model(self) -> Self:
        if self.control is not None and self.control not in self.models:
            there = ", ".join(self.models)
            raise ValueError(f"control: the study has no model {self.control}, only {there}")
        return self

    @model_validator(mode="after")
    def _models_use_what_is_known(self) -> Self:
        for name, model in self.models.items():
            for kind, wanted, known in (
                ("framework", model.frameworks, self.frameworks),
                ("problem", model.problems, self.problems),
            ):
                unknown = set(wanted or ()) - set(known)
                if unknown:
                    raise ValueError(f"model {name}: the study has no {kind} {min(unknown)}")
        return self
