"""The datasets that a command is about: one by name or path, or all."""

from pathlib import Path

from repro.archive.dataset import Dataset
from repro.archive.find import find, names
from repro.errors import UserError


def datasets(data: Path, name: str | None) -> list[Path]:
    """Directories of the dataset asked for, or of all; broken ones too, whose fault shows later.

    Raises:
        UserError: there is none, or the one that was named is no dataset.
    """
    if name is not None:
        return [Dataset.open(name, data).path]
    wanted = names(data)
    if not wanted:
        raise UserError(f"{data}: has no dataset; make one with `repro collect`")
    return [find(each, data) for each in wanted]
