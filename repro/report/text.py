"""Excerpts of texts from programs and models, and numbers with units."""

import os
from dataclasses import dataclass
from pathlib import Path

from repro.archive.dataset import Dataset
from repro.errors import UserError
from repro.files import reading


def in_unit(number: float) -> str:
    """Format bytes in a suitable unit."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:  # noqa: PLR2004 - the unit
            return f"{number:.4g} {unit}"
        number /= 1024
    return f"{number:.4g} GiB"


@dataclass(frozen=True)
class Excerpt:
    """The beginning and the end of a text.

    Attributes:
        source: path of the whole text; it begins with the dataset's name.
        head: the beginning; the whole text if nothing is left out.
        tail: the end.
        left_out: length of the text between them.
        unit: unit of `left_out`.
    """

    source: str
    head: str
    tail: str = ""
    left_out: int = 0
    unit: str = "characters"


def cut(text: str, source: str, most: int) -> Excerpt:
    """Keep at most `most` characters of a text: a third from its beginning, the rest its end."""
    if len(text) <= most:
        return Excerpt(source, text)
    first = most // 3
    return Excerpt(source, text[:first], text[first - most :], len(text) - most)


@dataclass(frozen=True)
class Shelf:
    """A dataset's files; files outside of the dataset are never read."""

    dataset: Dataset

    def has(self, path: str) -> bool:
        """True if there is such a file; False also for an impossible name."""
        return os.path.isfile(self.dataset.path / path)  # noqa: PTH113 - is_file would raise

    def source(self, path: str) -> str:
        """Return the path to show, which begins with the dataset's name."""
        return f"{self.dataset.path.absolute().name}/{path}"

    def text(self, path: str) -> str:
        """Read a whole file; bytes that are not UTF-8 become escapes.

        Raises:
            UserError: it cannot be read.
        """
        where = self._inside(path)
        with reading(where):
            return where.read_bytes().decode(errors="backslashreplace")

    def excerpt(self, path: str, most: int) -> Excerpt | None:
        """Read at most `most` bytes of a file of any size; None if there is no such file.

        Raises:
            UserError: it cannot be read.
        """
        if not self.has(path):
            return None
        where = self._inside(path)
        with reading(where), where.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            first = size if size <= most else most // 3
            file.seek(0)
            head = file.read(first).decode(errors="backslashreplace")
            if first == size:
                return Excerpt(self.source(path), head)
            file.seek(first - most, os.SEEK_END)
            tail = file.read().decode(errors="backslashreplace")
        return Excerpt(self.source(path), head, tail, size - most, "bytes")

    def _inside(self, path: str) -> Path:
        where = self.dataset.path / path
        root = os.path.realpath(self.dataset.path)
        if not os.path.realpath(where).startswith(f"{root}{os.sep}"):
            raise UserError(f"{where}: outside of the dataset; not read")
        return where
