"""A claim as data, and what a dataset says to it.

A claim is a `[[claim]]` of a TOML file. Its `kind` says how it is judged: one module of
`repro.claims.kinds` each, whose class documents the parameters of that kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from repro.claims.headline import Headline
from repro.claims.observations import Observations, Point, Programs
from repro.study.model import Name
from repro.study.toml import Strict

Word = Literal["supported", "refuted", "cannot tell"]
Numbers = Mapping[str, float | int | None]
Text = Annotated[str, StringConstraints(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Verdict:
    """What a dataset says to a claim.

    Attributes:
        word: `supported`, `refuted` or `cannot tell`.
        reason: why, in a sentence with the numbers.
        numbers: the same for programs.
        cells: the cells that it rests on.
        missing: what the dataset would need to tell.
        headline: the number that decides, if there is one.
        needs: what the dataset would need to tell, in a clause; empty: what `Claim.needs` says.
    """

    word: Word
    reason: str
    numbers: Numbers = field(default_factory=dict)
    cells: Sequence[str] = ()
    missing: Sequence[str] = ()
    headline: Headline | None = None
    needs: str = ""


class Claim(Strict, ABC):
    """What every claim says of itself; its kind adds parameters."""

    kind: Text
    """How it is judged: a key of `repro.claims.kinds.KINDS`."""

    name: Name
    """Short, for commands; unique."""

    part_of: Name | None = None
    """The claim before it of which it tests a part, worded apart from the paper's wording."""

    source: Text
    """Where it is made: a part of the paper, or a publication."""

    text: Text
    """What is claimed, in a sentence."""

    contribution: str = ""
    """The contribution of the publication that it belongs to, such as `C1`."""

    test: Text
    """What of it is tested, and how. `{parameter}` stands for a parameter of the kind."""

    study: Name
    """The study whose cells `telling` names; that of the file unless the claim names another."""

    telling: tuple[Text, ...] = ()
    """Filters of the cells that, once measured, decide it; none for what no cell decides."""

    models: Names
    """The models that it is about."""

    against_control: ClassVar[bool] = False
    """Whether the kind counts only failures that exceed those of the study's control."""

    @abstractmethod
    def judge(self, seen: Observations) -> Verdict:
        """Decide what a dataset says to the claim."""

    @property
    @abstractmethod
    def needs(self) -> str:
        """What a dataset needs to decide it, in a clause of at most 40 characters."""

    def needed(self, seen: Observations, verdict: Verdict) -> str:
        """What a dataset that cannot tell lacks, in a clause."""
        absent = seen.without_outcome(self.models)
        if verdict.needs or not absent:
            return verdict.needs or self.needs
        if len(absent) == len(self.models) > 1:
            return f"programs of the {in_words(len(absent))} models"
        return f"programs of {' and '.join(absent)}"

    @property
    def tested(self) -> str:
        """`test` with its parameters filled in.

        Raises:
            ValueError: it names none, or is no format string.
        """
        try:
            return self.test.format(**vars(self))
        except (LookupError, AttributeError, TypeError) as error:
            raise ValueError(f"{error}: no such parameter of this kind") from error


class ManyPrograms(Claim):
    """A claim about all programs of its models for some problems with some frameworks."""

    problems: Names
    """The problems that it is about."""

    frameworks: Names
    """The frameworks that it is about."""

    def programs(self, seen: Observations, models: Iterable[str] = ()) -> Programs:
        """Its programs that the study has, of all its models or of some."""
        return seen.of(tuple(models) or self.models, self.problems, self.frameworks)

    def absent(self, seen: Observations) -> list[str]:
        """Its combinations of model, problem and framework that the study does not have."""
        there = {(p.model, p.problem, p.framework) for p in self.programs(seen)}
        every = product(self.models, self.problems, self.frameworks)
        return ["/".join(one) for one in every if one not in there]

    def unknown(self, seen: Observations) -> list[str]:
        """All that has no outcome: combinations, whole programs, and cells of the others."""
        names = self.absent(seen)
        for program, points in self.programs(seen).items():
            without = [point.cell for point in points if not point.outcome]
            names += [str(program)] if len(without) == len(points) else without
        return names


class OneProblem(Claim):
    """A claim about the first sample of each of its models for one problem with one framework."""

    problem: Name
    """The problem that it is about."""

    framework: Name
    """The framework that it is about."""

    unit: Literal["threads", "cores"] = "cores"
    """What sentences call the cores of this framework."""

    def combination(self, model: str) -> str:
        """The model's programs, as sentences name them."""
        return f"{model}/{self.problem}/{self.framework}"


def undecided(points: Iterable[Point]) -> list[str]:
    """The trials of the control that would tell whose the failures are that nobody knows of."""
    cells = (p.control.cell for p in points if not p.ok and p.control.fault == "undecided")
    return [f"trials of {cell or 'a control'}" for cell in dict.fromkeys(cells)]


def listed(names: Sequence[str], most: int = 4) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def conjunction(numbers: Sequence[int]) -> str:
    """'16, 64 and 192'."""
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def in_words(number: int) -> str:
    """A small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[number] if number < len(words) else str(number)
