"""A dataset: its description in `dataset.toml`, and access to its content."""

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
    """The dataset's name; that of its directory when it was made."""

    study: Name
    """The study that was run; `study.toml` next to this file has it in full."""

    site: Line
    """The site of the run."""

    created: date
    """The day on which the run began."""

    creator: Line
    """Who ran it; empty if not given."""

    licence: Licence
    """SPDX identifier of the licence of the data."""

    image: Line
    """Digest of the container image; empty for a run without one."""

    repro: Line
    """Version of this package that made the dataset."""

    about: Line = ""
    """What its readers must know, in a few sentences; a dataset without them has no such line."""

    def toml(self) -> str:
        """Return the content of the file, in the order of the fields."""
        fields = [(key, value) for key, value in self if key != "about" or value]
        return "".join(f"{key} = {_toml(value)}\n" for key, value in fields)


def _toml(value: str | date) -> str:
    """Format a value; a JSON string without control characters is also a TOML string."""
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
    """A dataset on disk; files are read only on request."""

    path: Path

    @classmethod
    def open(cls, name: str, data: Path) -> Self:
        """Open the dataset with this name in `data`, or at this path.

        Raises:
            UserError: there is no such dataset, or it has no description or manifest.
        """
        path = find(name, data)
        for file in (layout.DESCRIPTION, MANIFEST):
            if not (path / file).is_file():
                raise UserError(
                    f"{path}: not a dataset: no {file}; make datasets with `repro collect`"
                )
        return cls(path)

    def description(self) -> Description:
        """Read `dataset.toml`.

        Raises:
            UserError: it is damaged.
        """
        return load_toml(self.path / layout.DESCRIPTION, Description)

    def models(self) -> list[str]:
        """List the models that have attempts."""
        return sorted(path.parent.name for path in self.path.glob(f"*/{layout.ATTEMPTS}"))

    def attempts(self) -> list[dict[str, str]]:
        """Read the rows of all attempts.

        Raises:
            UserError: a table is damaged; the message names the file, and a column that is missing
            or has no number where one is required.
        """
        paths = [self.path / model / layout.ATTEMPTS for model in self.models()]
        return _rows(paths, tables.ATTEMPT_COLUMNS)

    def runtimes(self) -> list[dict[str, str]]:
        """Read the rows of all repetitions.

        Raises:
            UserError: as for `attempts`.
        """
        paths = sorted(self.path.glob("*/runtimes/*.csv"))
        return _rows(paths, tables.RUNTIME_COLUMNS)

    def kernel(self, program: Program) -> Path:
        """Return the kernel of a program.

        Raises:
            UserError: the dataset does not have it.
        """
        path = self.path / layout.kernel_path(program)
        if not path.is_file():
            raise UserError(f"{path}: no such file: {self.path} has no program {program}")
        return path

    def log(self, cell: CellName, attempt: int) -> Path:
        """Return the directory with the evidence of an attempt.

        Raises:
            UserError: the dataset does not have it.
        """
        path = self.path / layout.log_path(cell, attempt)
        if not path.is_dir():
            raise UserError(f"{path}: missing: {self.path} has no such attempt of {cell}")
        return path

    def environments(self) -> dict[str, Any]:
        """Read the machines and toolchains of attempts, by the id in their rows.

        Raises:
            UserError: a file is damaged.
        """
        paths = sorted((self.path / layout.ENVIRONMENTS).glob("*.json"))
        return {path.stem: read_json(path) for path in paths}

    def machine(self, environment: str) -> str:
        """Return the name of an environment's machine; `unknown` with the id if it has none.

        Raises:
            UserError: a file is damaged.
        """
        content = self.environments().get(environment)
        machine = content.get("machine") if isinstance(content, dict) else None
        return machine if isinstance(machine, str) else f"unknown ({environment})"
