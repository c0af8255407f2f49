"""Archives the checkout for an image."""

import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from repro import ROOT
from repro.errors import UserError
from repro.files import writing


@dataclass(frozen=True)
class Source:
    """A checkout, including uncommitted changes."""

    commit: str
    changed: bool
    """True if there are uncommitted changes or new files."""

    time: int
    """Time of the commit, in seconds since 1970; every file in the image has it."""

    files: tuple[str, ...]
    """Files below `root` that git tracks or does not ignore."""

    root: Path

    def __str__(self) -> str:
        return f"{self.commit} with changes" if self.changed else self.commit


def look_at_source(root: Path = ROOT) -> Source:
    """Read the state of the checkout at `root`.

    Raises:
        UserError: it is not a git checkout.
    """
    files = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    there = [name for name in files.split("\0") if name and os.path.lexists(root / name)]
    return Source(
        commit=_git(root, "rev-parse", "HEAD").strip(),
        changed=bool(_git(root, "status", "--porcelain")),
        time=int(_git(root, "show", "--no-patch", "--format=%ct", "HEAD")),
        files=tuple(sorted(there)),
        root=root,
    )


def write_source(source: Source, target: Path) -> None:
    """Archive a checkout; the same files give the same bytes on every machine.

    Raises:
        UserError: the archive cannot be written.
    """

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = source.time
        return entry

    with writing(target), tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in source.files:
            tar.add(source.root / name, name, recursive=False, filter=plain)


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(
            f"{root}: not a git checkout, from which an image is built; clone repro with git and "
            "build there"
        )
    return done.stdout
