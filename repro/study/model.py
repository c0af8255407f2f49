"""What a study file may say. Every field is documented here, checked here and nowhere else."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    model_validator,
)
from pydantic.types import NonNegativeInt, PositiveFloat, PositiveInt

from repro.study.names import NAME, ScalePoint

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME}$")]
Scale = Annotated[
    ScalePoint,
    BeforeValidator(lambda text: ScalePoint.parse(str(text))),
    PlainSerializer(str),
]


def _one_of(*allowed: str) -> AfterValidator:
    """Check that a name is one of those that `julia/` has code for."""

    def check(name: str) -> str:
        if name not in allowed:
            raise ValueError(f"{name} is none of {', '.join(allowed)}")
        return name

    return AfterValidator(check)


ProblemName = Annotated[str, _one_of("pi", "gemm", "cholesky")]
FrameworkName = Annotated[str, _one_of("threads", "dagger", "mpi", "dagger-distributed")]


class Strict(BaseModel):
    """A table of a TOML file: an unknown key is an error, a field's docstring its description."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )


class Model(Strict):
    """Who wrote programs: an LLM, or a hand."""

    title: str
    """The name in figures and tables."""

    kernels: str | None = None
    """Directory with hand-written kernels, relative to the checkout; absent for an LLM, whose
    kernels come from a dataset."""

    frameworks: tuple[FrameworkName, ...] | None = None
    """Only these frameworks; absent for all of the study's."""

    samples: PositiveInt = 1
    """Programs generated for each problem and framework."""

    baseline: bool = False
    """A vendor library at its best setting: it may tune itself before it is timed, and is not
    asked to use the framework."""

    @model_validator(mode="before")
    @classmethod
    def _provider_was_here(cls, found: Any) -> Any:
        """Load studies of old runs too: who serves an LLM is now in `studies/models/`."""
        if isinstance(found, dict):
            return {key: value for key, value in found.items() if key != "provider"}
        return found


class Size(Strict):
    """One size of a problem."""

    n: PositiveInt
    """Points for pi; rows and columns for gemm and cholesky."""

    tile: PositiveInt = 1
    """Rows and columns of a tile; pi has none."""


class Problem(Strict):
    """What is computed, at which sizes."""

    title: str
    """The name in figures and tables."""

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

    problems: dict[ProblemName, Problem]
    """What is computed, by name."""

    frameworks: dict[FrameworkName, Framework]
    """How programs run in parallel, by name."""

    scale_points: ScalePoints
    """Where cells are measured."""

    @model_validator(mode="after")
    def _models_use_known_frameworks(self) -> Self:
        for name, model in self.models.items():
            unknown = set(model.frameworks or ()) - set(self.frameworks)
            if unknown:
                raise ValueError(f"model {name}: the study has no framework {min(unknown)}")
        return self
