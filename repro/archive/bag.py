"""Writes a dataset as a bag: BagIt 1.0 (RFC 8493), in canonical bytes.

A bag's payload manifest has the content of the dataset's own manifest; the files are unchanged. The
library `bagit` is not used: it writes version 0.97, today's date and its own version, but a bag of
the same dataset must have the same bytes.
"""

import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from repro import __version__
from repro.archive.dataset import Dataset, Description
from repro.archive.manifest import DIGEST, MANIFEST, PATH, lines_of
from repro.archive.verify import verify
from repro.directories import replacing_directory
from repro.errors import UserError
from repro.files import writing

_TAG = "tagmanifest-sha256.txt"


def make_bag(dataset: Dataset, target: Path) -> int:
    """Make a bag of a dataset, whole or not at all.

    Args:
        dataset: the dataset; it must match its manifest.
        target: the bag's directory, which must not exist.

    Returns:
        The number of files in `data/`.

    Raises:
        UserError: the dataset is damaged, `target` exists, or the disk is full.
    """
    check(dataset, target)
    files = dict(_files(dataset))
    with writing(target), replacing_directory(target, replace=False) as draft:
        for path in files:
            (draft / "data" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(dataset.path / path, draft / "data" / path)
        for name, text in _tags(dataset.description(), files, draft).items():
            (draft / name).write_text(text, encoding="utf-8", newline="")
    return len(files)


def check(dataset: Dataset, target: Path) -> None:
    """Check that a bag can be made.

    Raises:
        UserError: the dataset is damaged, or `target` exists or is in it.
    """
    if os.path.lexists(target):
        raise UserError(f"{target}: exists; remove it, or choose another --bag")
    if target.resolve().is_relative_to(dataset.path.resolve()):
        raise UserError(f"{target}: inside of the dataset; choose another --bag")
    problems = verify(dataset.path).problems
    if problems:
        first = f"{problems[0].kind}: {problems[0].path}"
        raise UserError(
            f"{dataset.path}: not as its manifest says ({first}); `repro verify` lists all problems"
        )


def _files(dataset: Dataset) -> list[tuple[str, str]]:
    """Return path and SHA-256 of every file, including the manifest."""
    data = (dataset.path / MANIFEST).read_bytes()
    lines = lines_of(os.fsdecode(data))
    found = [(line[PATH], line[DIGEST]) for line in lines]
    return sorted([*found, (MANIFEST, sha256(data).hexdigest())])


def _tags(about: Description, files: Mapping[str, str], draft: Path) -> dict[str, str]:
    """Return the bag's own files."""
    size = sum((draft / "data" / path).stat().st_size for path in files)
    info = {
        "Bag-Software-Agent": f"repro {__version__}",
        "Bagging-Date": str(about.created),
        "Contact-Name": about.creator,
        "External-Description": f"Study {about.study}, run on the site {about.site}",
        "External-Identifier": about.name,
        "Payload-Oxum": f"{size}.{len(files)}",
    }
    payload = {f"data/{path}": digest for path, digest in files.items()}
    tags = {
        "bag-info.txt": "".join(f"{key}: {value}\n" for key, value in info.items() if value),
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "manifest-sha256.txt": _manifest(payload),
    }
    digests = {name: sha256(text.encode()).hexdigest() for name, text in tags.items()}
    return tags | {_TAG: _manifest(digests)}


def _manifest(digests: Mapping[str, str]) -> str:
    """Write the lines of a manifest; a percent sign in a path becomes %25 (RFC 8493, 2.1.3)."""
    return "".join(f"{digests[path]}  {path.replace('%', '%25')}\n" for path in sorted(digests))
