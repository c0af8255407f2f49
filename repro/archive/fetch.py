"""Fetches a published dataset by its DOI or from a file: unpacks, verifies and installs it.

Supported repositories are those of pooch: Zenodo, figshare and Dataverse.
"""

import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from repro.archive.collect import refuse_existing
from repro.archive.dataset import Dataset
from repro.archive.manifest import MANIFEST
from repro.archive.verify import verify
from repro.errors import UserError
from repro.files import writing

_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)")
PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz")
"""Suffixes of archives that can be unpacked."""
CONNECT_SECONDS, READ_SECONDS = 15, 120


def doi_of(source: str) -> str | None:
    """Return the DOI in a source, which may be written in any usual way; None if there is none."""
    found = _DOI.fullmatch(source)
    return found[1] if found else None


def download(doi: str, target: Path, only: str | None) -> Path:
    """Download the archive of a published dataset and check it by the repository's digest.

    Args:
        doi: its DOI.
        target: the directory to download to.
        only: the file to take if the record has several archives.

    Raises:
        UserError: no network, no such record, or no single archive in it.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    downloader = pooch.DOIDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
    record = pooch.create(path=target, base_url=f"doi:{doi}", registry=None)
    try:
        record.load_registry_from_doi()
        name = choose(record.registry_files, only, doi)
        return Path(record.fetch(name, downloader=downloader))
    except (requests.RequestException, ValueError) as error:
        told = " ".join(str(error).split())
        raise UserError(
            f"{doi}: cannot be downloaded: {told}; download its archive on a connected machine, "
            "and give that file instead of the DOI"
        ) from error


def choose(names: list[str], only: str | None, where: str) -> str:
    """Return the only archive among the files of a record.

    Raises:
        UserError: there is none, or there are several.
    """
    archives = [name for name in names if name == only or (not only and name.endswith(PACKED))]
    if len(archives) != 1:
        known = ", ".join(sorted(names)) or "none"
        raise UserError(f"{where}: no single archive; choose a file with --file: {known}")
    return archives[0]


@contextmanager
def unpacked(packed: Path, data: Path) -> Iterator[Dataset]:
    """Unpack an archive next to the datasets and verify its dataset; clean up afterwards.

    Args:
        packed: a zip or tar file with one dataset, with or without a bag around it.
        data: the directory of the datasets.

    Raises:
        UserError: it is not such an archive, has a path outside of it, or a file of the dataset
            does not match the manifest.
    """
    with writing(data):
        data.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".fetch.", dir=data))
    try:
        _unpack(packed, draft)
        roots = sorted(path.parent for path in draft.rglob(MANIFEST))
        roots = [root for root in roots if not set(root.parents) & set(roots)]
        if len(roots) != 1:
            raise UserError(
                f"{packed}: has {len(roots)} datasets (by {MANIFEST}); it must have one"
            )
        problems = verify(roots[0]).problems
        if problems:
            first = f"{problems[0].kind}: {problems[0].path}"
            raise UserError(f"{packed}: not as its manifest says ({first}); download it again")
        yield Dataset.open(f"{roots[0]}/", data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def place(dataset: Dataset, name: str, data: Path) -> Path:
    """Move an unpacked dataset to its place.

    Raises:
        UserError: a dataset with this name exists.
    """
    target = data / name
    refuse_existing(target)
    with writing(data):
        dataset.path.chmod(0o755)
        dataset.path.rename(target)
    return target


def _unpack(packed: Path, target: Path) -> None:
    try:
        if zipfile.is_zipfile(packed):
            with zipfile.ZipFile(packed) as archive:
                _refuse_escapes(packed, archive.namelist())
                archive.extractall(target)  # noqa: S202 - paths were checked
        else:
            with tarfile.open(packed) as archive:
                archive.extractall(target, filter="data")  # refuses what leaves `target`
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise UserError(f"{packed}: cannot be unpacked: {error}") from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise UserError(f"{error.filename or packed}: cannot be unpacked: {problem}") from error


def _refuse_escapes(packed: Path, names: list[str]) -> None:
    """Refuse paths outside of the archive, which zipfile would rename silently."""
    for name in names:
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise UserError(f"{packed}: cannot be unpacked: {name!a} is outside of it")
