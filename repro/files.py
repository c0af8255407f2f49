"""Writing files so that a reader never sees half of one, and their bytes never vary."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repro.errors import UserError


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`: a reader finds the old bytes or the new ones, never a mixture.

    Raises:
        OSError: as the system reports it (full disk, no permission); `path` is then untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def canonical_json(value: Any) -> str:
    """`value` as JSON with sorted keys, two-space indent and a final newline."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """The JSON value in `path`.

    Raises:
        UserError: the file cannot be read or is not JSON.
    """
    with reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while `path` is read into one line for the user."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # no UTF-8, no JSON, a number of thousands of digits
        raise UserError(f"{path}: damaged: {error}") from error
    except RecursionError as error:
        raise UserError(f"{path}: damaged: its values are nested too deeply to be read") from error


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission under `where` into one line for the user."""
    try:
        yield
    except OSError as error:
        problem = error.strerror or str(error)
        raise UserError(
            f"{error.filename or where}: cannot be written: {problem}; "
            "free space or choose another directory, then repeat the command: what is done is kept"
        ) from error
