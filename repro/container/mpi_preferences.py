"""Configures MPI.jl for this machine's MPI, in julia/LocalPreferences.toml.

MPI.jl comes with its own MPI. If another MPI's mpiexec starts its ranks, they do not find each
other: every one is rank 0 of 1. So MPI.jl must use the library that matches this mpiexec.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from repro.container.julia import PROJECT
from repro.container.mpi import Mpi
from repro.errors import UserError
from repro.files import reading, write_atomic, writing

_FILE = "LocalPreferences.toml"
_TABLE = "MPIPreferences"
SHOWN = f"{PROJECT.name}/{_FILE}"
"""The file's name in messages."""


def preferences_text(mpi: Mpi) -> str:
    """Return the table that MPIPreferences 0.1.12 writes for a system's MPI, byte for byte.

    `__clear__` is Preferences.jl's notation for a preference set to nothing.
    """
    return (
        f"[{_TABLE}]\n"
        '__clear__ = ["preloads_env_switch"]\n'
        '_format = "1.0"\n'
        f'abi = "{mpi.abi}"\n'
        'binary = "system"\n'
        "cclibs = []\n"
        f"libmpi = {json.dumps(str(mpi.library), ensure_ascii=False)}\n"
        f"mpiexec = {json.dumps(str(mpi.mpiexec), ensure_ascii=False)}\n"
        "preloads = []\n"
    )


def preferences(project: Path = PROJECT) -> dict[str, Any] | None:
    """Read the table of MPI preferences of a Julia project; None if it has none.

    Raises:
        UserError: the file cannot be read or is not TOML.
    """
    table: dict[str, Any] | None = _read(project / _FILE)[1].get(_TABLE)
    return table


def agreement(
    mpi: Mpi, project: Path = PROJECT
) -> Literal["same", "missing", "changed", "somebody's"]:
    """Compare a project's MPI preferences with this machine's MPI.

    `changed`: written by `write_preferences` for another MPI. `somebody's`: the user's own choice,
    which must not change, such as Cray's preloads, MPI.jl's own MPI or a list for mpiexec.
    """
    table = preferences(project)
    wanted = tomllib.loads(preferences_text(mpi))[_TABLE]
    if table is None:
        return "missing"
    if table == wanted:
        return "same"
    free = {"abi", "libmpi", "mpiexec"}
    paths = [table.get(key) for key in ("libmpi", "mpiexec")]
    ours = (
        isinstance(table, dict)
        and table.keys() == wanted.keys()
        and all(table[key] == wanted[key] for key in wanted.keys() - free)
        and all(isinstance(path, str) and Path(path).is_absolute() for path in paths)
    )
    return "changed" if ours else "somebody's"


def write_preferences(mpi: Mpi, project: Path = PROJECT) -> bool:
    """Configure Julia's `project` for `mpi`; return whether the file changed.

    Tables of other packages are kept, including comments.

    Raises:
        UserError: the MPI preferences are the user's own choice, or the file is damaged.
    """
    state = agreement(mpi, project)
    if state == "same":
        return False
    path = project / _FILE
    old, before = _read(path)
    new = _with_table(old, preferences_text(mpi))
    try:
        kept = tomllib.loads(new) == before | tomllib.loads(preferences_text(mpi))
    except tomllib.TOMLDecodeError:  # a layout that `_with_table` does not handle
        kept = False
    if state == "somebody's" or not kept:
        raise UserError(
            f"{path}: its {_TABLE} were not written by `repro setup` and stay unchanged; for {mpi} "
            f"set libmpi = {str(mpi.library)!r}, mpiexec = {str(mpi.mpiexec)!r} and "
            f"abi = {mpi.abi!r}, or delete the table and run `repro setup`"
        )
    with writing(path):
        write_atomic(path, new)
    return True


def _with_table(text: str, table: str) -> str:
    """Replace the table in `text`; append it if there is none."""
    own = re.compile(rf"^\[{_TABLE}\]\n(?:\w+ = .*\n)*", re.MULTILINE)
    replaced, count = own.subn(lambda _: table, text)
    if count:
        return replaced
    return f"{text.rstrip()}\n\n{table}" if text.strip() else table


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return text and tables of a file; both empty if there is no such file."""
    if not path.exists():
        return "", {}
    with reading(path):
        text = path.read_text(encoding="utf-8")
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not TOML: {error}; correct or delete it") from error
