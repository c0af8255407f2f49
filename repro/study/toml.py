"""Reading what a typed class describes: a TOML file, a record in JSON."""

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
"""Key of a validation context: the directory of the file, for models that name others."""


class Strict(BaseModel):
    """A table of a TOML file: an unknown key is an error, a field's docstring its description."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )


@dataclass(frozen=True)
class StrictRecord:
    """A dataclass that is read by `checked`: an unknown key is an error."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


def load_toml(path: Path, model: type[M]) -> M:
    """The checked content of a TOML file.

    Raises:
        UserError: the file is missing, broken, or says something that `model` does not allow.
    """
    with reading(path):
        text = path.read_text(encoding="utf-8")
    return parse_toml(text, model, where=str(path))


def parse_toml(text: str, model: type[M], where: str) -> M:
    """As `load_toml`, from text; `where` names its source in errors."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: not TOML: {error}") from error
    except RecursionError as error:
        raise UserError(f"{where}: its values are nested too deeply to be read") from error
    return checked(content, model, where)


def checked(content: Any, kind: type[T], where: str) -> T:
    """Parsed TOML or JSON as an object of a pydantic model or a dataclass.

    Raises:
        UserError: it does not fit; the message names `where` and the first field that is wrong.
    """
    try:
        found: T = TypeAdapter(kind).validate_python(content, context={PLACE: Path(where).parent})
    except ValidationError as error:
        raise UserError(f"{where}: {_first_problem(error)}") from error
    return found


def find_toml(name: str, directory: Path, kind: str) -> Path:
    """The file `NAME.toml` of a directory, or the file that `name` is a path of.

    The same directory of the current one comes before the checkout's: in an image that is where a
    user's own files are.

    Raises:
        UserError: there is none; the message lists those that there are.
    """
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    paths = [place / f"{name}.toml" for place in _places(directory)]
    found = next((path for path in paths if path.exists()), None)
    if found is None:
        known = ", ".join(known_toml(directory))
        raise UserError(f"{name}: no such {kind}; there are {known}, or give a file's path")
    return found


def known_toml(directory: Path) -> list[str]:
    """The names for which `find_toml` finds a file."""
    return sorted({path.stem for place in _places(directory) for path in place.glob("*.toml")})


def _places(directory: Path) -> list[Path]:
    inside = directory.is_relative_to(ROOT) and Path.cwd() != ROOT
    return [*([Path(directory.relative_to(ROOT))] if inside else []), directory]


def _first_problem(error: ValidationError) -> str:
    """File-key, value and what is allowed, of the first of pydantic's findings."""
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the file"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        text = f"{key}: missing; add it"
    elif first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        text = f"{key}: no such key; remove it or mend its name"
    elif isinstance(first["input"], dict):
        text = f"{key}: {message}"
    else:
        text = f"{key} = {_shown(first['input'])}: {message}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return text + more


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits one line
