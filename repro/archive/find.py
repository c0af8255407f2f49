"""Finding datasets. Imports nothing slow: `repro verify` begins here."""

import os
from pathlib import Path

from repro import ROOT
from repro.errors import UserError

ARCHIVE = ROOT / "data"
"""The datasets that come with this package."""

DATA = ARCHIVE if os.access(ARCHIVE, os.W_OK) else Path("data")
"""Where datasets are made: there, or in the current directory where that is in an image."""


def names(data: Path) -> list[str]:
    """The datasets in a directory, by name; hidden directories are drafts.

    To the directory where datasets are made belong also those that come with this package.
    """
    paths = [path for place in _places(data) if place.is_dir() for path in place.iterdir()]
    return sorted({p.name for p in paths if p.is_dir() and not p.name.startswith(".")})


def find(name: str, data: Path) -> Path:
    """The dataset `name` of the directory `data`, or the one that `name` is a path of.

    Raises:
        UserError: there is none; the message lists those that there are.
    """
    is_path = "/" in name or name in (".", "..")
    candidates = [Path(name)] if is_path else [place / name for place in _places(data)]
    found = next((path for path in candidates if path.is_dir()), None)
    if found is None:
        known = ", ".join(names(data)) or "none"
        raise UserError(f"{name}: no such dataset; in {data} there are: {known}")
    return found


def _places(data: Path) -> tuple[Path, ...]:
    return (data, ARCHIVE) if data == DATA != ARCHIVE else (data,)
