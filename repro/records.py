"""Records: frozen dataclasses that are JSON files, checked when they are read.

A field with a default may be missing from a file, as it is from one that was written before the
field existed, and is left out of a file where it has its default. So a new field is one line, and
reading and writing an older file gives its own bytes again. (A default is a value, no factory.)

Standard library only, without pydantic: the watchdog reads and writes records, and it starts with
every attempt; importing pydantic would take longer than all that it imports now.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

from repro.errors import UserError
from repro.files import canonical_json, reading, write_atomic

R = TypeVar("R")

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_MOST_SHOWN = 60


def read_record(kind: type[R], path: Path) -> R:
    """The record in a file.

    Raises:
        UserError: the file cannot be read, or one of its fields is wrong; it says which.
    """
    with reading(path):
        data = path.read_bytes()
    return parse_record(kind, data, path)


def parse_record(kind: type[R], data: bytes, path: Path) -> R:
    """The record in the bytes that were read from `path`.

    Raises:
        UserError: they are no JSON, or one of its fields is wrong; it says which.
    """
    with reading(path):
        value = json.loads(data)
    try:
        record: R = _record(kind, value, "")
    except _WrongError as error:
        raise UserError(f"{path}: damaged: {error}; restore the file") from error
    return record


def write_record(path: Path, record: Any) -> None:
    """Write a record, atomically and in canonical form.

    Raises:
        OSError: as the system reports it; `path` is then untouched.
    """
    write_atomic(path, canonical_json(json_of(record)))


def json_of(record: Any) -> dict[str, Any]:
    """What is written of a record: every field, but for those that have their default."""
    values = ((field, getattr(record, field.name)) for field in fields(record))
    return {field.name: _plain(value) for field, value in values if value != field.default}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return json_of(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


class _WrongError(Exception):
    """A field that is not what it should be; the message names it."""


def _record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    known = {field.name: field for field in fields(kind)}
    if unknown := [key for key in value if key not in known]:
        raise _WrongError(f"it has a field {_at(where, unknown[0])}, which is not known")
    try:
        return kind(**dict(_fields(known, value, where)))
    except ValueError as error:  # a class may demand more of its values
        raise _WrongError(f"{where}: {error}" if where else str(error)) from error


def _fields(
    known: Mapping[str, Field[Any]], value: Mapping[str, Any], where: str
) -> Iterator[tuple[str, Any]]:
    for name, field in known.items():
        if name in value:
            yield name, _checked(field.type, value[name], _at(where, name))
        elif field.default is MISSING:
            raise _WrongError(f"the field {_at(where, name)} is missing")


def _checked(kind: Any, value: Any, where: str) -> Any:
    """A value as the type of its field demands it; lists become tuples."""
    if isinstance(kind, UnionType):
        if value is None and NoneType in get_args(kind):
            return None
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    if is_dataclass(kind):
        return _record(kind, value, where)
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], value, where)
    if get_origin(kind) is dict:
        return _values(get_args(kind)[1], value, where)
    if kind is not Any and not _is(kind, value):
        raise _wrong(where, value, _WORDS[kind])
    return value


def _items(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return tuple(_checked(kind, item, f"{where}[{index}]") for index, item in enumerate(value))


def _values(kind: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return {key: _checked(kind, item, _at(where, key)) for key, item in value.items()}


def _is(kind: Any, value: Any) -> bool:
    if kind is float:  # a whole number is one, too, but `true` is none
        return type(value) is int or (type(value) is float and math.isfinite(value))
    return type(value) is kind


def _wrong(where: str, value: Any, wanted: str) -> _WrongError:
    text = json.dumps(value, ensure_ascii=False)
    shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return _WrongError(f"{where} is {shown}, not {wanted}" if where else f"it is not {wanted}")


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
