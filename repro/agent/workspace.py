"""The files that an agent left in its workspace are copied out of the sandbox, within limits."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MAX_FILE_BYTES = 4 << 20
MAX_BYTES = 32 << 20
MAX_FILES = 1000
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class _Entry(NamedTuple):
    path: str
    size: int
    hindrance: str
    """Why it cannot be kept; empty: it can."""


def bring_out(workspace: int, target: Path) -> list[str]:
    """Copy the regular files of a directory, those with the shortest paths first.

    Links, devices and the like are left out, and so are files beyond the limits.

    Args:
        workspace: a descriptor of the directory.
        target: the directory to copy to; it is made.

    Returns:
        What was left out, one line each, sorted.
    """
    target.mkdir(parents=True, exist_ok=True)
    left_out, total, count = [], 0, 0
    for path, size, hindrance in sorted(_entries(workspace), key=lambda e: (len(e.path), e.path)):
        if hindrance:
            left_out.append(f"{path}: {hindrance}")
        elif size > MAX_FILE_BYTES or total + size > MAX_BYTES or count == MAX_FILES:
            left_out.append(f"{path}: too large, {size} bytes")
        else:
            total, count = total + size, count + 1
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(_read(workspace, path, size))
    return sorted(left_out)[:MAX_FILES]


def _entries(workspace: int) -> Iterator[_Entry]:
    """Everything but directories."""
    for directory, inner, names, handle in os.fwalk(".", dir_fd=workspace, follow_symlinks=False):
        for name in [*names, *inner]:
            path = os.path.normpath(f"{directory}/{name}")
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                continue
            if not _is_text(path):
                yield _Entry(ascii(path), 0, "a name that is no text")
            elif stat.S_ISREG(found.st_mode):
                yield _Entry(path, found.st_size, "")
            else:
                yield _Entry(path, 0, "no regular file")


def _is_text(path: str) -> bool:
    """Can a manifest contain this path?"""
    return path.isprintable() and "\\" not in path


def _read(workspace: int, path: str, size: int) -> bytes:
    with os.fdopen(os.open(path, _FLAGS, dir_fd=workspace), "rb") as stream:
        return stream.read(size)
