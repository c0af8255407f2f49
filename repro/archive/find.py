"""Finds datasets. Imports nothing slow, because `repro verify` must start fast."""

import os
from pathlib import Path

from repro import ROOT
from repro.errors import UserError

ARCHIVE = ROOT / "data"
"""The datasets that come with this package."""

DATA = ARCHIVE if os.access(ARCHIVE, os.W_OK) else Path("data")
"""Where datasets are made: there, or in the current directory if that is read-only in an image."""


def names(data: Path) -> list[str]:
    """List the datasets in a directory, without hidden ones, which are drafts.

    The default directory also includes the datasets that come with this package.
    """
    paths = [path for place in _places(data) if place.is_dir() for path in place.iterdir()]
    return sorted({p.name for p in paths if p.is_dir() and not p.name.startswith(".")})


def find(name: str, data: Path) -> Path:
    """Return the path of the dataset `name` in `data`, or `name` itself if it is a path.

    Raises:
        UserError: there is no such dataset; the message lists the existing ones.
    """
    is_path = "/" in name or name in (".", "..")
    candidates = [Path(name)] if is_path else [place / name for place in _places(data)]
    found = next((path for path in candidates if path.is_dir()), None)
    if found is None:
        known = ", ".join(names(data)) or "none"
        raise UserError(f"{name}: no such dataset; {data} has: {known}")
    return found


def _places(data: Path) -> tuple[Path, ...]:
    return (data, ARCHIVE) if data == DATA != ARCHIVE else (data,)
