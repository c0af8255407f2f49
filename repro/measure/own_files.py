"""The files of an attempt, which its program can reach: what it did to them is found and undone."""

import os
import shutil
import stat
from pathlib import Path
from typing import IO

from repro.files import write_atomic
from repro.measure import attempts

_BEFORE = (attempts.ATTEMPT, attempts.NODE)
"""Written before the program starts, and never after."""
_LAST = (attempts.RESULT, attempts.OUTCOME)
"""Written when the program has ended, so nothing may lie there."""


class OwnFiles:
    """The files of one attempt. To be made before the program starts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._status = directory.stat()
        self._before = {name: _content(directory / name) for name in _BEFORE}
        self._open: dict[str, int] = {}

    def create(self, name: str) -> IO[bytes]:
        """Open a new file for what the watchdog writes while the program runs."""
        file = (self._directory / name).open("xb+", buffering=0)
        self._open[name] = os.dup(file.fileno())
        return file

    def put_right(self) -> list[str]:
        """Undo what the program did to the files; return their names.

        To be called when the program has ended, before anything else is written. Whatever it put
        in the place of a file is removed, and the file is written again.
        """
        changed = [] if self._has_directory() else ["the directory"]
        self._directory.chmod(0o755)
        changed += [name for name, content in self._before.items() if self._differs(name, content)]
        for name, handle in self._open.items():
            if not is_file(self._directory / name, os.fstat(handle)):
                self._restore(name, _whole(handle))
                changed.append(name)
            os.close(handle)
        for name in _LAST:
            if os.path.lexists(self._directory / name):
                remove(self._directory / name)
                changed.append(name)
        self._open.clear()
        return sorted(changed)

    def _has_directory(self) -> bool:
        if is_file(self._directory, self._status):
            return True
        remove(self._directory)
        self._directory.mkdir(parents=True)
        return False

    def _differs(self, name: str, content: bytes | None) -> bool:
        if _content(self._directory / name) == content:
            return False
        self._restore(name, content)
        return True

    def _restore(self, name: str, content: bytes | None) -> None:
        remove(self._directory / name)
        if content is not None:
            write_atomic(self._directory / name, content)


def remove(path: Path) -> None:
    """Remove a file, a link (not what it leads to), or a directory with its content, if there.

    Directories that are nested too deeply to be removed are moved aside, to `.left-` and the name.
    """
    if not _is_directory(path):
        path.unlink(missing_ok=True)
        return
    try:
        _remove_directory(path)
    except (OSError, RecursionError):
        path.replace(path.with_name(f".left-{path.name}"))


def _remove_directory(path: Path) -> None:
    closed = [path]
    while closed:  # to be opened before they are listed
        directory = closed.pop()
        directory.chmod(0o700)
        closed += [child for child in directory.iterdir() if _is_directory(child)]
    shutil.rmtree(path)


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def open_regular(path: Path) -> int:
    """Open a file to read it; -1 if it is a link, a directory, a pipe or a device.

    Raises:
        FileNotFoundError: nothing is there.
    """
    try:
        # Without O_NONBLOCK the opening of a pipe waits for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:
        return -1
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    return -1


def is_file(path: Path, status: os.stat_result) -> bool:
    """True if the path leads to this very file or directory, and is no link."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)


def _content(path: Path) -> bytes | None:
    """The content; None if there is nothing, empty if it is no file."""
    try:
        handle = open_regular(path)
    except FileNotFoundError:
        return None
    if handle < 0:
        return b""
    try:
        return _whole(handle)
    finally:
        os.close(handle)


def _whole(handle: int) -> bytes:
    return os.pread(handle, os.fstat(handle).st_size, 0)
