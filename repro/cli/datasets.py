"""The datasets a command works on: one, by name or path, or all."""

from pathlib import Path

from repro.archive import layout
from repro.archive.find import find, names
from repro.archive.manifest import MANIFEST
from repro.errors import UserError

_FILES = (layout.DESCRIPTION, layout.STUDY, MANIFEST)


def datasets(data: Path, name: str | None) -> list[Path]:
    """Return the directory of the named dataset, or of all; damaged ones too.

    Raises:
        UserError: there is no such dataset, or the directory is not a dataset.
    """
    if name is not None:
        path = find(name, data)
        if not any((path / file).exists() for file in _FILES):
            raise UserError(f"{path}: not a dataset: it has none of {', '.join(_FILES)}")
        return [path]
    wanted = names(data)
    if not wanted:
        raise UserError(f"{data}: no dataset found; make one with `repro collect`")
    return [find(each, data) for each in wanted]
