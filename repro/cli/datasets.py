"""The datasets that a command is about: one by name or path, or all."""

from pathlib import Path

from repro.archive import layout
from repro.archive.find import find, names
from repro.archive.manifest import MANIFEST
from repro.errors import UserError

_FILES = (layout.DESCRIPTION, layout.STUDY, MANIFEST)


def datasets(data: Path, name: str | None) -> list[Path]:
    """Directories of the dataset asked for, or of all; broken ones too, whose fault shows later.

    Raises:
        UserError: there is none, or the one that was named is no dataset at all.
    """
    if name is not None:
        path = find(name, data)
        if not any((path / file).exists() for file in _FILES):
            raise UserError(f"{path}: not a dataset, it has none of {', '.join(_FILES)}")
        return [path]
    wanted = names(data)
    if not wanted:
        raise UserError(f"{data}: has no dataset; make one with `repro collect`")
    return [find(each, data) for each in wanted]
