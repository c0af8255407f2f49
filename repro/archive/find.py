"""Finding datasets. Imports nothing slow: `repro verify` begins here."""

from pathlib import Path

from repro import ROOT
from repro.errors import UserError

DATA = ROOT / "data"
"""The archive of the checkout."""


def names(data: Path) -> list[str]:
    """The datasets in a directory, by name; hidden directories are drafts."""
    if not data.is_dir():
        return []
    return sorted(p.name for p in data.iterdir() if p.is_dir() and not p.name.startswith("."))


def find(name: str, data: Path) -> Path:
    """The dataset `name` of the directory `data`, or the one that `name` is a path of.

    Raises:
        UserError: there is none; the message lists those that there are.
    """
    path = Path(name) if "/" in name or name in (".", "..") else data / name
    if not path.is_dir():
        known = ", ".join(names(data)) or "none"
        raise UserError(f"{name}: no such dataset; in {data} there are: {known}")
    return path
