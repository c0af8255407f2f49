"""A dataset: what `dataset.toml` says about it, and reading what it holds."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import StringConstraints

from repro.archive import layout, tables
from repro.archive.find import find
from repro.archive.manifest import MANIFEST
from repro.errors import UserError
from repro.files import read_json
from repro.study.model import Name
from repro.study.names import CellName, Program
from repro.study.toml import Strict, load_toml

Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text on one line."""
Licence = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")]


class Description(Strict):
    """`dataset.toml`."""

    name: Name
    """The dataset's name, the same as its directory's when it was made."""

    study: Name
    """The study that was run; all of it is in `study.toml` beside this file."""

    site: Line
    """Where it ran."""

    created: date
    """The day on which the run began."""

    creator: Line
    """Who ran it; empty, if nobody said."""

    licence: Licence
    """SPDX identifier of the licence that the data may be used under."""

    image: Line
    """Digest of the container image; empty for a run without one."""

    repro: Line
    """Version of this package that made the dataset."""

    def toml(self) -> str:
        """The content of the file, in the order of the fields."""
        lines = [f"{key} = {_toml(value)}\n" for key, value in self]
        return "".join(lines)


def _toml(value: str | date) -> str:
    """A JSON string without control characters is a TOML string too."""
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _rows(paths: Iterable[Path], columns: Sequence[str]) -> list[dict[str, str]]:
    found = []
    for path in paths:
        rows = tables.read(path, columns)
        tables.check_numbers(path, rows)
        found += rows
    return found


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk; nothing is read before it is asked for."""

    path: Path

    @classmethod
    def open(cls, name: str, data: Path) -> Self:
        """The dataset of this name in `data`, or the one that `name` is a path of.

        Raises:
            UserError: there is none, or it lacks its description or its manifest.
        """
        path = find(name, data)
        for file in (layout.DESCRIPTION, MANIFEST):
            if not (path / file).is_file():
                raise UserError(
                    f"{path}: not a dataset, it has no {file}; `repro collect` makes datasets"
                )
        return cls(path)

    def description(self) -> Description:
        """What `dataset.toml` says.

        Raises:
            UserError: it is damaged.
        """
        return load_toml(self.path / layout.DESCRIPTION, Description)

    def models(self) -> list[str]:
        """The models that have attempts."""
        return sorted(path.parent.name for path in self.path.glob(f"*/{layout.ATTEMPTS}"))

    def attempts(self) -> list[dict[str, str]]:
        """The rows of all attempts.

        Raises:
            UserError: a table is damaged; the message names the file, and the column if one lacks
            or has no number where there should be one.
        """
        paths = [self.path / model / layout.ATTEMPTS for model in self.models()]
        return _rows(paths, tables.ATTEMPT_COLUMNS)

    def runtimes(self) -> list[dict[str, str]]:
        """The rows of all repetitions.

        Raises:
            UserError: as for `attempts`.
        """
        paths = sorted(self.path.glob("*/runtimes/*.csv"))
        return _rows(paths, tables.RUNTIME_COLUMNS)

    def kernel(self, program: Program) -> Path:
        """The kernel of a program.

        Raises:
            UserError: the dataset has none.
        """
        path = self.path / layout.kernel_path(program)
        if not path.is_file():
            raise UserError(f"{path}: no such kernel: {self.path} has no program {program}")
        return path

    def log(self, cell: CellName, attempt: int) -> Path:
        """The directory with the evidence of an attempt.

        Raises:
            UserError: the dataset has no such attempt.
        """
        path = self.path / layout.log_path(cell, attempt)
        if not path.is_dir():
            raise UserError(f"{path}: no such directory: {self.path} lacks this attempt of {cell}")
        return path

    def environments(self) -> dict[str, Any]:
        """Machine and toolchain of attempts, by the id in their rows.

        Raises:
            UserError: a file is damaged.
        """
        paths = sorted((self.path / layout.ENVIRONMENTS).glob("*.json"))
        return {path.stem: read_json(path) for path in paths}

    def machine(self, environment: str) -> str:
        """What an environment calls its machine; says so, if it is not there or does not.

        Raises:
            UserError: a file is damaged.
        """
        content = self.environments().get(environment)
        machine = content.get("machine") if isinstance(content, dict) else None
        return machine if isinstance(machine, str) else f"unknown ({environment})"
