"""How somebody else's archive says what a dataset says: the file of `repro import --map`."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator
from pydantic.types import PositiveFloat

from repro.archive.dataset import Licence, Line
from repro.measure.outcomes import OUTCOMES
from repro.study.directories import known_frameworks, known_problems
from repro.study.model import Name
from repro.study.toml import Strict

Number = Literal["sample", "nodes", "ranks", "threads", "cores", "n", "tile", "repetition"]
Key = Literal["model", "problem", "framework", Number, "seconds", "outcome", "correct", "detail"]
NUMBERS: tuple[str, ...] = get_args(Number)
_FIELD = re.compile(r"(\{[a-z*]+\})")


def _outcome(word: str) -> str:
    if word not in OUTCOMES:
        raise ValueError(f"{word} is none of {', '.join(OUTCOMES)}")
    return word


def _pattern(pattern: str) -> str:
    known = {"{*}", "{model}", "{problem}", "{framework}", *(f"{{{name}}}" for name in NUMBERS)}
    unknown = [field for field in _FIELD.findall(pattern) if field not in known]
    if unknown:
        raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(known))}")
    return pattern


Outcome = Annotated[str, AfterValidator(_outcome)]
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A path in the archive, with `{model}`, `{problem}`, `{framework}` and numbers such as
`{threads}` where they stand; `{*}` is anything without a slash."""


class Facts(Strict):
    """What the archive's files do not say."""

    study: str
    """A study in `studies/`, or a file: it has the sizes and scale points of the archive."""

    site: Line
    """Where it ran."""

    created: date
    """The day on which it was made."""

    creator: Line
    """Who made it."""

    licence: Licence
    """SPDX identifier of the licence that its owners gave it."""

    machine: Line
    """The machine, as an environment calls it."""

    julia: Line
    """The version of Julia."""


class Files(Strict):
    """Where files are; the defaults are a dataset's own names."""

    kernels: tuple[Pattern, ...] = ("{model}/kernels/{problem}_{framework}_{sample}.jl",)
    """Programs."""

    tests: tuple[Pattern, ...] = ("{model}/tests/{problem}_{framework}_{sample}.jl",)
    """Their validation harnesses."""

    logs: tuple[Pattern, ...] = ()
    """What programs printed; kept as it is."""

    runtimes: tuple[Pattern, ...] = ("{model}/runtimes/{problem}_{framework}_{sample}.csv",)
    """CSV tables of times."""

    ignore: tuple[Pattern, ...] = ()
    """Files that are to be left out."""


class ArchiveMap(Strict):
    """The mapping. Words are the archive's; a word that it shares with us needs no entry."""

    dataset: Facts | None = None
    """Without it only `--dry-run` is possible."""

    models: dict[Name, str] = Field(default_factory=dict)
    """The archive's word for each model."""

    problems: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    """Its words for each problem."""

    frameworks: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    """Its words for each framework."""

    outcomes: dict[Outcome, tuple[str, ...]] = Field(default_factory=dict)
    """Its words for each outcome."""

    correct: tuple[str, ...] = ("true",)
    """Its words for a verified result in the column `correct`."""

    incorrect: tuple[str, ...] = ("false",)
    """Its words for a wrong one."""

    files: Files = Files()
    """Where files are."""

    columns: dict[Key, str | tuple[str, ...]] = Field(default_factory=dict)
    """The archive's name of a column. Of `seconds` there may be several, one a repetition."""

    constants: dict[Key, str | int] = Field(default_factory=dict)
    """What holds for all that neither a column nor a file's name says."""

    unit_s: PositiveFloat = 1.0
    """How many seconds the unit of the times is: 0.001 for milliseconds."""

    delimiter: Annotated[str, AfterValidator(lambda text: text[:1] or ",")] = ","
    """Between the columns of a table."""

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        for key, columns in self.columns.items():
            if key != "seconds" and not isinstance(columns, str):
                raise ValueError(f"columns: {key} can have one column only")
        tables: tuple[Mapping[str, tuple[str, ...]], ...] = (
            self.problems, self.frameworks, self.outcomes,
            {"true": self.correct, "false": self.incorrect},
            {name: (word,) for name, word in self.models.items()},
        )  # fmt: skip
        for table in tables:
            words = [word for theirs in table.values() for word in theirs]
            twice = [word for word in words if words.count(word) > 1]
            if twice:
                raise ValueError(f"{twice[0]!r} cannot mean two things")
        return self

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        """Our word by the archive's, for each field that has words."""
        own = {
            "problem": {name: name for name in known_problems()},
            "framework": {name: name for name in known_frameworks()},
            "outcome": {name: name for name in OUTCOMES},
        }
        theirs = {
            "problem": self.problems, "framework": self.frameworks, "outcome": self.outcomes
        }  # fmt: skip
        found = {
            field: own[field] | {word: name for name, words in table.items() for word in words}
            for field, table in theirs.items()
        }
        truth = dict.fromkeys(self.correct, "true") | dict.fromkeys(self.incorrect, "false")
        models = {word: name for name, word in self.models.items()}
        return found | {"model": models, "correct": truth}


class Matcher:
    """Reads the names of an archive's files."""

    def __init__(self, mapping: ArchiveMap, models: Iterable[str]) -> None:
        """For these models, the archive's words for which `mapping` has."""
        self.words: dict[str, dict[str, str]] = {
            **mapping.words,
            "model": {name: name for name in models if name not in mapping.models}
            | mapping.words["model"],
        }

    def match(self, path: str, patterns: Iterable[str]) -> dict[str, str] | None:
        """The fields that the first pattern to match finds in a path, in the archive's words."""
        for pattern in patterns:
            found = re.fullmatch(self._regex(pattern), path)
            if found:
                return found.groupdict()
        return None

    def ours(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Fields in our words, numbers as numbers.

        Raises:
            ValueError: a word that is not known, or no number; the message says which.
        """
        return {name: self._ours(name, value.strip()) for name, value in fields.items()}

    def _ours(self, name: str, value: str) -> str | int:
        if name in NUMBERS:
            if not re.fullmatch(r"\d{1,15}", value):
                raise ValueError(f"{name} {value!r} is no number")
            return int(value)
        if name not in self.words:
            return value
        if value not in self.words[name]:
            raise ValueError(f"{name} {value!r} is not in the mapping")
        return self.words[name][value]

    def _regex(self, pattern: str) -> str:
        parts, seen = [], set()
        for part in _FIELD.split(pattern):
            name = part.strip("{}")
            if not _FIELD.fullmatch(part):
                parts.append(re.escape(part))
            elif name == "*":
                parts.append("[^/]*")
            elif name in seen:
                parts.append(f"(?P={name})")
            else:
                seen.add(name)
                parts.append(f"(?P<{name}>{self._choice(name)})")
        return "".join(parts)

    def _choice(self, name: str) -> str:
        if name in NUMBERS:
            return r"\d+"
        return "|".join(re.escape(w) for w in sorted(self.words[name], key=len, reverse=True))
