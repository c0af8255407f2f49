"""Reading of TOML files and JSON records as objects of typed classes."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from repro import ROOT
from repro.errors import UserError
from repro.files import reading

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

PLACE = "place"
"""Key of a validation context: the directory of the file, for models with relative paths."""


class Strict(BaseModel):
    """A table of a TOML file: unknown keys are errors; docstrings of fields are descriptions."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )


@dataclass(frozen=True)
class StrictRecord:
    """A dataclass that `checked` reads: unknown keys are errors."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


def load_toml(path: Path, model: type[M]) -> M:
    """Read and check a TOML file.

    Raises:
        UserError: the file is missing, is not TOML, or has content that `model` does not allow.
    """
    with reading(path):
        text = path.read_text(encoding="utf-8")
    return parse_toml(text, model, where=str(path))


def parse_toml(text: str, model: type[M], where: str) -> M:
    """Read and check TOML text; `where` is its source in error messages. See `load_toml`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: not TOML: {error}") from error
    except RecursionError as error:
        raise UserError(f"{where}: values are nested too deeply") from error
    return checked(content, model, where)


def checked(content: Any, kind: type[T], where: str) -> T:
    """Return parsed TOML or JSON as an object of a pydantic model or a dataclass.

    Raises:
        UserError: a field is wrong; the message has `where` and the first such field.
    """
    try:
        found: T = TypeAdapter(kind).validate_python(content, context={PLACE: Path(where).parent})
    except ValidationError as error:
        raise UserError(f"{where}: {_first_problem(error)}") from error
    return found


def find_toml(name: str, directory: Path, kind: str) -> Path:
    """Return the file `NAME.toml` of a directory, or the file at the path `name`.

    A directory of the same name in the current directory comes before that of the checkout: a user
    of the image has files there.

    Raises:
        UserError: no such file; the message lists the existing names.
    """
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    paths = [place / f"{name}.toml" for place in _places(directory)]
    found = next((path for path in paths if path.exists()), None)
    if found is None:
        known = ", ".join(known_toml(directory))
        raise UserError(f"{name}: no such {kind}; there are {known}, or give the path of a file")
    return found


def known_toml(directory: Path) -> list[str]:
    """Return the names for which `find_toml` finds a file, sorted."""
    return sorted({path.stem for place in _places(directory) for path in place.glob("*.toml")})


def _places(directory: Path) -> list[Path]:
    inside = directory.is_relative_to(ROOT) and Path.cwd() != ROOT
    return [*([Path(directory.relative_to(ROOT))] if inside else []), directory]


def _first_problem(error: ValidationError) -> str:
    """Return the key, the value and what is allowed, for the first of pydantic's errors."""
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the file"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        text = f"{key}: missing; add it"
    elif first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        text = f"{key}: no such key; remove it or correct its name"
    elif isinstance(first["input"], dict):
        text = f"{key}: {message}"
    else:
        text = f"{key} = {_shown(first['input'])}: {message}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return text + more


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits one line
