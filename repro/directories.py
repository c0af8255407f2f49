"""Putting a directory in the place of another, so that one of the two is always there, whole.

The new one is filled as a draft beside its place. Then the old one is renamed, then the draft, then
the old one is removed:

    .NAME.draft-x  NAME                  being filled
    .NAME.draft-x        .NAME.old-x     for a moment: both are whole, neither is in place
                   NAME  .NAME.old-x     being removed

What a failure leaves is undone at once. What a SIGKILL or a power cut leaves is mended by the next
replacement of the same directory. Whoever is at work holds a lock on both, so that nobody mends
what is not broken.
"""

import errno
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from repro.errors import warn

_DRAFT, _OLD = "draft-", "old-"
_AT_ONCE = 4
"""Files that the disk is asked for at the same time."""


@contextmanager
def replacing_directory(
    target: Path, *, replace: bool = True, durable: bool = True
) -> Iterator[Path]:
    """A directory to fill, which takes the place of `target` when the block ends well.

    Args:
        target: need not exist.
        replace: replace what is there.
        durable: survive a power cut, too: the files are on the disk before the name is. What can
            be made again does not need that.

    Raises:
        OSError: as the system reports it; what was at `target` is there again. FileExistsError:
            something is there that is not to be replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _mend(target)
    draft = Path(tempfile.mkdtemp(prefix=_prefix(target, _DRAFT), dir=target.parent))
    old = _old_of(draft)
    try:
        with _held(draft):
            yield draft
            draft.chmod(0o755)
            if durable:
                sync_tree(draft)
            _swap(draft, target, old, replace=replace)
            if durable:
                _sync(target.parent)
    finally:
        _remove(draft)
        if os.path.lexists(target):
            _remove(old)
        elif os.path.lexists(old):
            warn(f"{old}: was {target}, and cannot be put back; rename it by hand")


def sync_tree(directory: Path) -> None:
    """Wait until the disk has a directory with all that is in it, and nothing else.

    Raises:
        OSError: as the system reports it.
    """
    found = os.walk(directory)
    paths = [Path(path, name) for path, _, names in found for name in ("", *names)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # one after another takes many times as long
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _swap(draft: Path, target: Path, old: Path, *, replace: bool) -> None:
    if not os.path.lexists(target):
        draft.rename(target)
        return
    if not replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with _held(target):
        try:
            target.rename(old)
            draft.rename(target)
        except BaseException:
            if not os.path.lexists(target):
                old.rename(target)
            raise


def _mend(target: Path) -> None:
    """Bring to an end what was killed while it replaced `target`."""
    for old in _beside(target, _OLD):
        draft = old.with_name(old.name.replace(_OLD, _DRAFT, 1))
        if not _is_at_work(old) and not _is_at_work(draft):
            if not os.path.lexists(target):
                old.rename(target)
                warn(f"{target}: was put back, because what replaced it was killed")
            else:
                _remove(old)
    for draft in _beside(target, _DRAFT):
        if not _is_at_work(draft):
            _remove(draft)


def _beside(target: Path, kind: str) -> list[Path]:
    return sorted(target.parent.glob(f"{glob.escape(_prefix(target, kind))}*"))


def _prefix(target: Path, kind: str) -> str:
    return f".{target.name}.{kind}"


def _old_of(draft: Path) -> Path:
    name, _, mark = draft.name.rpartition(_DRAFT)
    return draft.with_name(f"{name}{_OLD}{mark}")


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock on a directory, by which others see that somebody is at work."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _is_at_work(path: Path) -> bool:
    """Does somebody hold the lock?"""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # it is gone, or a link to nowhere
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:  # a file system without locks
        warn(f"{path}: left over, unless another command is writing it ({error.strerror})")
        return True
    finally:
        os.close(handle)
    return False


def _remove(path: Path) -> None:
    """Remove what is not needed any more; what cannot be removed is named."""
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
    except OSError as error:
        warn(f"{path}: left over, and cannot be removed: {error.strerror}; remove it by hand")
