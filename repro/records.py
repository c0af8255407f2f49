"""Records: frozen dataclasses that are JSON files, checked when they are read.

A field with a default may be missing from a file, as it is from one that was written before the
field existed, and is left out of a file where it has its default. So a new field is one line, and
reading and writing an older file gives its own bytes again. (A default is a value, no factory.)

Standard library only, without pydantic: the watchdog reads and writes records, and it starts with
every attempt; importing pydantic would take longer than all that it imports now.
"""

import json
import math
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

from repro.errors import UserError
from repro.files import canonical_json, reading, write_atomic

R = TypeVar("R")
Reader = Callable[[Any, str], Any]
"""Checks a value and returns it; the text says where it stands, for the error."""

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
    of: Any = kind
    try:
        record: R = _reader(of)(value, "")
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


@cache
def _reader(kind: Any) -> Reader:
    """What checks a value as the type of its field demands it; made once for each type."""
    if isinstance(kind, UnionType):
        return _or_none(*(_reader(each) for each in get_args(kind) if each is not NoneType))
    if is_dataclass(kind):
        return _record(kind)
    if get_origin(kind) is tuple:
        return _items(_reader(get_args(kind)[0]))
    if get_origin(kind) is dict:
        return _values(_reader(get_args(kind)[1]))
    return _plain_value(kind)


def _record(kind: Any) -> Reader:
    types: dict[str, Any] = {field.name: field.type for field in fields(kind)}
    readers = {name: _reader(of) for name, of in types.items()}
    needed = [field.name for field in fields(kind) if field.default is MISSING]

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        for name in value:
            if name not in readers:
                raise _WrongError(f"it has a field {_at(where, name)}, which is not known")
        checked = {name: readers[name](value[name], _at(where, name)) for name in value}
        for name in needed:
            if name not in value:
                raise _WrongError(f"the field {_at(where, name)} is missing")
        try:
            return kind(**checked)
        except ValueError as error:  # a class may demand more of its values
            raise _WrongError(f"{where}: {error}" if where else str(error)) from error

    return read


def _or_none(inner: Reader) -> Reader:
    return lambda value, where: None if value is None else inner(value, where)


def _items(inner: Reader) -> Reader:
    """Lists become tuples."""

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise _wrong(where, value, "a list")
        return tuple(inner(item, f"{where}[{index}]") for index, item in enumerate(value))

    return read


def _values(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        return {key: inner(item, _at(where, key)) for key, item in value.items()}

    return read


def _plain_value(kind: Any) -> Reader:
    def read(value: Any, where: str) -> Any:
        if kind is not Any and not _is(kind, value):
            raise _wrong(where, value, _WORDS[kind])
        return value

    return read


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
