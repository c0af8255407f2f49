"""What an agent leaves in its workspace: copied out of the sandbox, within bounds, as it is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_BYTES = 4 << 20
MAX_BYTES = 32 << 20
MAX_FILES = 1000
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def bring_out(workspace: int, target: Path) -> list[str]:
    """Copy the regular files of a directory, those with the shortest paths first.

    Links, devices and the like stay behind, and so does what exceeds the bounds.

    Args:
        workspace: the directory, open.
        target: where to; it is made.

    Returns:
        What was left out, one line each, sorted.
    """
    target.mkdir(parents=True, exist_ok=True)
    left_out, total, count = [], 0, 0
    for path, kind, size in sorted(_entries(workspace), key=lambda entry: (len(entry[0]), entry)):
        if kind != "file":
            left_out.append(f"{path}: {kind}")
        elif size > MAX_FILE_BYTES or total + size > MAX_BYTES or count == MAX_FILES:
            left_out.append(f"{path}: too large, {size} bytes")
        else:
            total, count = total + size, count + 1
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(_read(workspace, path, size))
    return sorted(left_out)[:MAX_FILES]


def _entries(workspace: int) -> Iterator[tuple[str, str, int]]:
    """Path, kind and size of what is no directory."""
    for directory, inner, names, handle in os.fwalk(".", dir_fd=workspace, follow_symlinks=False):
        for name in [*names, *inner]:
            path = os.path.normpath(f"{directory}/{name}")
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                continue
            if not _is_text(path):
                yield ascii(path), "a name that is no text", 0
            elif stat.S_ISREG(found.st_mode):
                yield path, "file", found.st_size
            else:
                yield path, "no regular file", 0


def _is_text(path: str) -> bool:
    """Can a manifest name it?"""
    return path.isprintable() and "\\" not in path


def _read(workspace: int, path: str, size: int) -> bytes:
    with os.fdopen(os.open(path, _FLAGS, dir_fd=workspace), "rb") as stream:
        return stream.read(size)
