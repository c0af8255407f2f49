"""The mapping of another archive's names and layout to a dataset's: `repro import --map FILE`."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator
from pydantic.types import PositiveFloat

from repro.archive.dataset import Licence, Line
from repro.measure.outcomes import OUTCOMES
from repro.study.model import Name, Study
from repro.study.toml import Strict

Number = Literal["sample", "nodes", "ranks", "threads", "cores", "n", "tile", "repetition"]
Key = Literal["model", "problem", "framework", Number, "seconds", "outcome", "correct", "detail"]
NUMBERS: tuple[str, ...] = get_args(Number)
_FIELD = re.compile(r"(\{[a-z*]+\})")


def _outcome(word: str) -> str:
    if word not in OUTCOMES:
        raise ValueError(f"{word} is not one of {', '.join(OUTCOMES)}")
    return word


def _pattern(pattern: str) -> str:
    known = {"{*}", "{model}", "{problem}", "{framework}", *(f"{{{name}}}" for name in NUMBERS)}
    unknown = [field for field in _FIELD.findall(pattern) if field not in known]
    if unknown:
        raise ValueError(f"{unknown[0]} is not one of {', '.join(sorted(known))}")
    return pattern


Outcome = Annotated[str, AfterValidator(_outcome)]
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A path in the archive, with fields `{model}`, `{problem}`, `{framework}` and numbers such as
`{threads}`; `{*}` matches anything without a slash."""


class Facts(Strict):
    """Facts that the archive's files do not state."""

    study: str
    """A study in `studies/`, or a file; it has the sizes and scale points of the archive."""

    site: Line
    """The site of the run."""

    created: date
    """The day on which the archive was made."""

    creator: Line
    """Who made it."""

    licence: Licence
    """SPDX identifier of the licence chosen by its owners."""

    machine: Line
    """The name of the machine, as in an environment."""

    julia: Line
    """The version of Julia."""


class Files(Strict):
    """The paths of files; the defaults are those of a dataset."""

    kernels: tuple[Pattern, ...] = ("{model}/kernels/{problem}_{framework}_{sample}.jl",)
    """Kernels."""

    tests: tuple[Pattern, ...] = ("{model}/tests/{problem}_{framework}_{sample}.jl",)
    """The agents' validation harnesses."""

    logs: tuple[Pattern, ...] = ()
    """Output of programs, which is copied unchanged."""

    runtimes: tuple[Pattern, ...] = ("{model}/runtimes/{problem}_{framework}_{sample}.csv",)
    """CSV tables of times."""

    ignore: tuple[Pattern, ...] = ()
    """Files to skip."""


class ArchiveMap(Strict):
    """The mapping. A word that the archive shares with this package needs no entry."""

    dataset: Facts | None = None
    """Facts for the dataset; without them only `--dry-run` is possible."""

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
    """The paths of files."""

    columns: dict[Key, str | tuple[str, ...]] = Field(default_factory=dict)
    """The archive's name of each column; `seconds` can have several, one per repetition."""

    constants: dict[Key, str | int] = Field(default_factory=dict)
    """Values for the whole archive that are in no column and no file name."""

    unit_s: PositiveFloat = 1.0
    """The unit of times in seconds: 0.001 for milliseconds."""

    delimiter: Annotated[str, AfterValidator(lambda text: text[:1] or ",")] = ","
    """The character between the columns of a table."""

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        for key, columns in self.columns.items():
            if key != "seconds" and not isinstance(columns, str):
                raise ValueError(f"columns: {key} can have only one column")
        tables: tuple[Mapping[str, tuple[str, ...]], ...] = (
            self.problems, self.frameworks, self.outcomes,
            {"true": self.correct, "false": self.incorrect},
            {name: (word,) for name, word in self.models.items()},
        )  # fmt: skip
        for table in tables:
            words = [word for theirs in table.values() for word in theirs]
            twice = [word for word in words if words.count(word) > 1]
            if twice:
                raise ValueError(f"{twice[0]!r} cannot have two meanings")
        return self

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        """This package's word by the archive's, for each field with words in the mapping."""
        theirs = {
            "problem": self.problems, "framework": self.frameworks, "outcome": self.outcomes
        }  # fmt: skip
        found = {
            field: {word: name for name, words in table.items() for word in words}
            for field, table in theirs.items()
        }
        truth = dict.fromkeys(self.correct, "true") | dict.fromkeys(self.incorrect, "false")
        models = {word: name for name, word in self.models.items()}
        return found | {"model": models, "correct": truth}


class Matcher:
    """Matches the names of an archive's files."""

    def __init__(self, mapping: ArchiveMap, study: Study, models: Iterable[str]) -> None:
        """Prepare to match names of these models and the study's problems and frameworks.

        Names for which the mapping has no word, and all outcomes, are their own words.
        """
        own: dict[str, Iterable[str]] = {
            "model": (name for name in models if name not in mapping.models),
            "problem": study.problems, "framework": study.frameworks, "outcome": OUTCOMES,
        }  # fmt: skip
        self.words: dict[str, dict[str, str]] = {
            field: {name: name for name in own.get(field, ())} | words
            for field, words in mapping.words.items()
        }

    def match(self, path: str, patterns: Iterable[str]) -> dict[str, str] | None:
        """Return the fields of a path by the first matching pattern, in the archive's words."""
        for pattern in patterns:
            found = re.fullmatch(self._regex(pattern), path)
            if found:
                return found.groupdict()
        return None

    def ours(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Translate fields into this package's words, and numbers into integers.

        Raises:
            ValueError: an unknown word, or not a number; the message says which.
        """
        return {name: self._ours(name, value.strip()) for name, value in fields.items()}

    def _ours(self, name: str, value: str) -> str | int:
        if name in NUMBERS:
            if not re.fullmatch(r"\d{1,15}", value):
                raise ValueError(f"{name} {value!r} is not a number")
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
