"""Problems and frameworks: a directory each, and the one place where both are looked for.

The package's are in `problems/` and `frameworks/`. A study may name others (`directory`), relative
to its file; a run and a dataset keep copies of those in directories of the same names, which then
come first.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic.types import NonNegativeInt, PositiveFloat, PositiveInt

from repro import ROOT
from repro.errors import UserError
from repro.files import reading
from repro.study.toml import Strict, load_toml

PROBLEMS, FRAMEWORKS = ROOT / "problems", ROOT / "frameworks"
PROBLEM, FRAMEWORK = "problem.toml", "framework.toml"

Kind = Literal["shared", "ranks", "workers"]
"""Kinds of programs: called once in one process, on every rank, once on the driver of workers."""


class SizeMeaning(Strict):
    """What the numbers of a size mean, in a few words."""

    n: str
    """Of `n`."""

    tile: str = ""
    """Of `tile`; empty for a problem without tiles."""


class Work(Strict):
    """How much there is to do at a size: `coefficient` * n ** `power`, in `unit`."""

    unit: str
    """Such as `flop` or `edges`."""

    coefficient: PositiveFloat
    """What the power of `n` is multiplied by."""

    power: NonNegativeInt
    """Of `n`."""

    def at(self, n: int) -> float:
        """The work at a size, in `unit`."""
        return float(self.coefficient * n**self.power)


class WholeCalls(Strict):
    """What the static check looks for in a shared-memory kernel."""

    whole_calls: tuple[str, ...] = ()
    """Library calls that would do the whole work if given the kernel's whole arguments."""

    whole_arguments: PositiveInt = 1
    """How many of them such a call takes."""


class Contract(Strict):
    """What a program must do: the task, then what to define, for each kind of program."""

    task: str
    """What is computed, whatever the framework."""

    shared: str | None = None
    """What to define for one process with threads."""

    ranks: str | None = None
    """What to define for ranks."""

    workers: str | None = None
    """What to define for a driver with workers."""


class Entry(Strict):
    """The function that a kernel defines, for each kind of program."""

    shared: str | None = None
    """In one process with threads."""

    ranks: str | None = None
    """On every rank."""

    workers: str | None = None
    """On the driver of workers."""


class ProblemDefinition(Strict):
    """`problem.toml`."""

    title: str
    """The name in figures and tables."""

    summary: str
    """What is computed, in one line."""

    closed_form_vendor: bool = False
    """The vendor program evaluates a formula, so that its time measures no work."""

    size: SizeMeaning
    """What a study's sizes mean."""

    work: Work
    """How much there is to do at a size."""

    entry: Entry
    """What a kernel defines, by name."""

    static: WholeCalls = WholeCalls()
    """What the static check may expect."""

    contract: Contract
    """What a kernel defines, in words."""


class TaskRules(Strict):
    """What the static check takes for parallel work in a framework with tasks."""

    tasks: tuple[str, ...] = ()
    """Calls that make one task."""

    loops: tuple[str, ...] = ()
    """Calls that make as many tasks as they need."""


class PromptWords(Strict):
    """What prompts say of a framework."""

    run: str
    """The command before the name of a Julia file that runs it on two cores."""

    workers: str
    """What there are more of at scale: threads, ranks or workers."""


class FrameworkDefinition(Strict):
    """`framework.toml`."""

    title: str
    """The name in figures and tables."""

    memory: Literal["shared", "distributed"]
    """Whether it is measured at a study's shared or distributed scale points."""

    programs: Kind
    """The kind of its programs: which contract of a problem holds for them."""

    start: Literal["process", "ranks", "workers"]
    """One process with threads; one process a rank, by mpiexec or srun; a driver with workers."""

    packages: tuple[str, ...] = ()
    """Julia packages that must be installed; without them a cell is `unavailable`."""

    prompt: PromptWords
    """What prompts say of it, beside prompt.md."""

    static: TaskRules = TaskRules()
    """What the static check takes for parallel work; programs on ranks have rules of their own."""


@dataclass(frozen=True)
class FrameworkDirectory:
    """A framework: `framework.toml`, `team.jl`, `prompt.md`."""

    name: str
    path: Path
    definition: FrameworkDefinition = field(repr=False, compare=False)

    @property
    def argument(self) -> str:
        """How the harness is told of it: by name, or the path of one outside the package."""
        return str(self.path.absolute()) if self.is_outside else self.name

    @property
    def is_outside(self) -> bool:
        """Is it none of the package's?"""
        return self.path != FRAMEWORKS / self.name

    @property
    def prompt(self) -> str:
        """What prompts say of it."""
        return _text(self.path / "prompt.md")


@dataclass(frozen=True)
class ProblemDirectory:
    """A problem: `problem.toml`, `problem.jl`, `prompt.md`, programs, perhaps `claims.toml`."""

    name: str
    path: Path
    definition: ProblemDefinition = field(repr=False, compare=False)

    @property
    def argument(self) -> str:
        """How the harness is told of it: by name, or the path of one outside the package."""
        return str(self.path.absolute()) if self.is_outside else self.name

    @property
    def is_outside(self) -> bool:
        """Is it none of the package's?"""
        return self.path != PROBLEMS / self.name

    @property
    def prompt(self) -> str:
        """How an agent's own harness is to check a program."""
        return _text(self.path / "prompt.md")

    @property
    def claims(self) -> Path:
        """The file with claims about it, which need not be there."""
        return self.path / "claims.toml"

    def entry(self, kind: Kind) -> str:
        """The function that a kernel of a kind defines.

        Raises:
            UserError: there are no programs of that kind.
        """
        return self._of_kind(self.definition.entry, kind, "entry")

    def contract(self, kind: Kind) -> str:
        """The task, then what to define, for programs of a kind.

        The prompts quote it and the harness holds programs to it.

        Raises:
            UserError: there are no programs of that kind.
        """
        what = self._of_kind(self.definition.contract, kind, "contract")
        return f"{self.definition.contract.task.strip()}\n\n{what.strip()}\n"

    def program(self, author: str, framework: str) -> Path:
        """Where a program by hand is: `author` is `reference` or `vendor`."""
        return self.path / author / f"{framework}.jl"

    def _of_kind(self, table: Strict, kind: Kind, key: str) -> str:
        found: str | None = getattr(table, kind)
        if found is None:
            where = self.path / PROBLEM
            raise UserError(f"{where}: {key}.{kind}: missing; add it, or leave such frameworks out")
        return found


def known_problems() -> tuple[str, ...]:
    """The names of the package's problems, sorted."""
    return tuple(sorted(path.parent.name for path in PROBLEMS.glob(f"*/{PROBLEM}")))


def known_frameworks() -> tuple[str, ...]:
    """The names of the package's frameworks, sorted."""
    return tuple(sorted(path.parent.name for path in FRAMEWORKS.glob(f"*/{FRAMEWORK}")))


def find_problem(
    name: str, place: Path | None = None, directory: str | None = None
) -> ProblemDirectory:
    """A problem by its name.

    Args:
        name: the problem's.
        place: the directory of the study that asks.
        directory: what the study says of where it is; None: it is one of the package's.

    Raises:
        UserError: there is none, or its `problem.toml` is broken.
    """
    path = _directory("problem", name, PROBLEMS, place, directory)
    return ProblemDirectory(name, path, _problem_definition(path / PROBLEM))


def find_framework(
    name: str, place: Path | None = None, directory: str | None = None
) -> FrameworkDirectory:
    """A framework by its name; as `find_problem`."""
    path = _directory("framework", name, FRAMEWORKS, place, directory)
    return FrameworkDirectory(name, path, _framework_definition(path / FRAMEWORK))


def _directory(
    kind: str, name: str, package: Path, place: Path | None, directory: str | None
) -> Path:
    if directory is None:
        path, known = package / name, sorted(p.name for p in package.iterdir() if p.is_dir())
        hint = f"there are {', '.join(known)}; name another one's `directory` in the study"
    else:
        kept = (place or Path()) / package.name / name
        path = kept if kept.is_dir() else (place or Path()) / directory
        hint = f"{path} is no directory; mend `directory` in the study"
    if not path.is_dir():
        raise UserError(f"{name}: no such {kind}; {hint}")
    return path


@cache
def _problem_definition(path: Path) -> ProblemDefinition:
    return load_toml(path, ProblemDefinition)


@cache
def _framework_definition(path: Path) -> FrameworkDefinition:
    return load_toml(path, FrameworkDefinition)


def _text(path: Path) -> str:
    with reading(path):
        return path.read_text(encoding="utf-8")
