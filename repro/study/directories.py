"""Problems and frameworks: each is a directory, and this module finds it.

The package has its own in `problems/` and `frameworks/`. A study can name other directories
(`directory`), relative to its file. Runs and datasets keep copies of those, also in `problems/` and
`frameworks/`; a copy next to the study's file comes first.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic.types import NonNegativeInt, PositiveFloat, PositiveInt

from repro import ROOT
from repro.errors import UserError
from repro.files import reading
from repro.study.toml import Strict, load_toml

PROBLEMS, FRAMEWORKS = ROOT / "problems", ROOT / "frameworks"
PROBLEM, FRAMEWORK = "problem.toml", "framework.toml"
_KEEPERS = ("run.json", "dataset.toml")
"""Of these files one is in a run directory or a dataset, and in no directory of a study."""

Kind = Literal["shared", "ranks", "workers"]
"""Kinds of programs: called in one process, on every rank, or on the driver of workers."""


class SizeMeaning(Strict):
    """The meaning of the numbers of a size, in a few words."""

    n: str
    """What `n` counts."""

    tile: str = ""
    """What `tile` counts; empty for a problem without tiles."""


class Work(Strict):
    """The amount of work at a size: `coefficient` * n ** `power`, in `unit`."""

    unit: str
    """The unit of work, such as `flop` or `edges`."""

    coefficient: PositiveFloat
    """The factor of the power of `n`."""

    power: NonNegativeInt
    """The exponent of `n`."""

    def at(self, n: int) -> float:
        """Return the work at size `n`, in `unit`."""
        return float(self.coefficient * n**self.power)


class WholeCalls(Strict):
    """Library calls that the static check looks for in a shared-memory kernel."""

    whole_calls: tuple[str, ...] = ()
    """Calls that do the whole work if given the whole arguments of the kernel."""

    whole_arguments: PositiveInt = 1
    """The number of whole arguments that such a call needs to earn a flag."""


class Contract(Strict):
    """The task, and for each kind of program the function to define."""

    task: str
    """What to compute, in any framework."""

    shared: str | None = None
    """What to define for one process with threads; absent if no such programs exist."""

    ranks: str | None = None
    """What to define for ranks; absent if no such programs exist."""

    workers: str | None = None
    """What to define for a driver with workers; absent if no such programs exist."""


class Entry(Strict):
    """The name of the function that a kernel defines, for each kind of program."""

    shared: str | None = None
    """The function called in one process with threads."""

    ranks: str | None = None
    """The function called on every rank."""

    workers: str | None = None
    """The function called on the driver of workers."""


class ProblemDefinition(Strict):
    """The content of `problem.toml`."""

    title: str
    """The name in figures and tables."""

    summary: str
    """What programs compute, in one line."""

    closed_form_vendor: bool = False
    """True if the vendor program evaluates a formula: its time then measures no work."""

    unit_cost: bool = False
    """True if programs do nothing n times: what is measured is the time of one, T / n."""

    size: SizeMeaning
    """The meaning of a size."""

    work: Work
    """The amount of work at a size."""

    entry: Entry
    """The functions that kernels define."""

    static: WholeCalls = WholeCalls()
    """What the static check looks for."""

    contract: Contract
    """The requirements for a kernel, in words."""


class TaskRules(Strict):
    """Calls that count as parallel work in the static check of a framework with tasks."""

    tasks: tuple[str, ...] = ()
    """Calls that create one task."""

    loops: tuple[str, ...] = ()
    """Calls that create any number of tasks."""


class PromptWords(Strict):
    """Words for a framework in prompts."""

    run: str
    """The command that runs a Julia file on two cores, without the name of the file."""

    workers: str
    """The word for the units of parallelism: threads, ranks or workers."""


class FrameworkDefinition(Strict):
    """The content of `framework.toml`."""

    title: str
    """The name in figures and tables."""

    memory: Literal["shared", "distributed"]
    """The scale points of a study at which it is measured: the shared or the distributed ones."""

    programs: Kind
    """The kind of its programs; it selects the contract of a problem."""

    start: Literal["process", "ranks", "workers"]
    """One process with threads; one process per rank, by mpiexec or srun; driver and workers."""

    packages: tuple[str, ...] = ()
    """Julia packages that must be installed; without them a cell is `unavailable`."""

    prompt: PromptWords
    """Words for prompts, in addition to prompt.md."""

    static: TaskRules = TaskRules()
    """Calls that count as parallel work; programs on ranks have their own rules."""


@dataclass(frozen=True)
class _Directory:
    """What the directories of problems and frameworks have in common."""

    PACKAGE: ClassVar[Path]
    """Where the package's own are."""

    name: str
    path: Path

    @property
    def argument(self) -> str:
        """The option value for the harness: the name, or the path if it is outside the package."""
        return str(self.path.absolute()) if self.is_outside else self.name

    @property
    def is_outside(self) -> bool:
        """True if it is outside the package."""
        return self.path != self.PACKAGE / self.name

    @property
    def prompt(self) -> str:
        """The text of `prompt.md`: how programs use a framework, or how to test a problem's."""
        path = self.path / "prompt.md"
        with reading(path):
            return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class FrameworkDirectory(_Directory):
    """The directory of a framework: `framework.toml`, `team.jl`, `prompt.md`."""

    PACKAGE = FRAMEWORKS
    definition: FrameworkDefinition = field(repr=False, compare=False)


@dataclass(frozen=True)
class ProblemDirectory(_Directory):
    """The directory of a problem: its definition, Julia file, prompt text, programs and claims."""

    PACKAGE = PROBLEMS
    definition: ProblemDefinition = field(repr=False, compare=False)

    @property
    def claims(self) -> Path:
        """The file with claims about it; it may not exist."""
        return self.path / "claims.toml"

    def entry(self, kind: Kind) -> str:
        """Return the name of the function that a kernel of this kind defines.

        Raises:
            UserError: the problem has no programs of this kind.
        """
        return self._of_kind(self.definition.entry, kind, "entry")

    def contract(self, kind: Kind) -> str:
        """Return the contract for programs of this kind: the task, then what to define.

        The prompts quote it, and the harness enforces it.

        Raises:
            UserError: the problem has no programs of this kind.
        """
        what = self._of_kind(self.definition.contract, kind, "contract")
        return f"{self.definition.contract.task.strip()}\n\n{what.strip()}\n"

    def program(self, author: str, framework: str) -> Path:
        """Return the path of a hand-written program; `author` is `reference` or `vendor`."""
        return self.path / author / f"{framework}.jl"

    def _of_kind(self, table: Strict, kind: Kind, key: str) -> str:
        found: str | None = getattr(table, kind)
        if found is None:
            where = self.path / PROBLEM
            raise UserError(f"{where}: {key}.{kind}: missing; add it, or drop such frameworks")
        return found


def known_problems() -> tuple[str, ...]:
    """Return the names of the package's problems, sorted."""
    return tuple(sorted(path.parent.name for path in PROBLEMS.glob(f"*/{PROBLEM}")))


def known_frameworks() -> tuple[str, ...]:
    """Return the names of the package's frameworks, sorted."""
    return tuple(sorted(path.parent.name for path in FRAMEWORKS.glob(f"*/{FRAMEWORK}")))


def find_problem(
    name: str, place: Path | None = None, directory: str | None = None
) -> ProblemDirectory:
    """Return a problem by its name.

    Args:
        name: the name of the problem.
        place: the directory of the study's file.
        directory: the problem's `directory` in the study; None for a problem of the package.

    Raises:
        UserError: no such directory, or its `problem.toml` is missing or damaged.
    """
    path = _directory("problem", name, PROBLEMS, place, directory)
    return ProblemDirectory(name, path, _problem_definition(path / PROBLEM))


def find_framework(
    name: str, place: Path | None = None, directory: str | None = None
) -> FrameworkDirectory:
    """Return a framework by its name; see `find_problem`."""
    path = _directory("framework", name, FRAMEWORKS, place, directory)
    return FrameworkDirectory(name, path, _framework_definition(path / FRAMEWORK))


def _directory(
    kind: str, name: str, package: Path, place: Path | None, directory: str | None
) -> Path:
    if directory is None:
        path, known = package / name, sorted(p.name for p in package.iterdir() if p.is_dir())
        hint = f"there are {', '.join(known)}; for another one give its `directory` in the study"
    else:
        kept = (place or Path()) / package.name / name
        keeps_copies = any((kept.parents[1] / name).is_file() for name in _KEEPERS)
        path = kept if keeps_copies and kept.is_dir() else (place or Path()) / directory
        hint = f"{path} is not a directory; correct `directory` in the study"
    if not path.is_dir():
        raise UserError(f"{name}: no such {kind}; {hint}")
    return path


@cache
def _problem_definition(path: Path) -> ProblemDefinition:
    return load_toml(path, ProblemDefinition)


@cache
def _framework_definition(path: Path) -> FrameworkDefinition:
    return load_toml(path, FrameworkDefinition)
