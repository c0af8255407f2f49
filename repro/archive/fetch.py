"""A published dataset comes back: by its DOI or from a file, unpacked, checked, then in its place.

Zenodo, figshare and Dataverse are what pooch knows.
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
"""Archives that can be unpacked, by the end of their names."""
CONNECT_SECONDS, READ_SECONDS = 15, 120


def doi_of(source: str) -> str | None:
    """The DOI that a source is, in any of the usual ways of writing one."""
    found = _DOI.fullmatch(source)
    return found[1] if found else None


def download(doi: str, target: Path, only: str | None) -> Path:
    """Download the archive of a published dataset, checked by the repository's own digest.

    Args:
        doi: its DOI.
        target: the directory to download to.
        only: the file to take, where the record has several archives.

    Raises:
        UserError: no network, no such record, or not one archive in it.
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
            f"{doi}: cannot be downloaded: {told}; on a connected machine download its archive, "
            "and give that file in place of the DOI"
        ) from error


def choose(names: list[str], only: str | None, where: str) -> str:
    """The one archive among the files of a record.

    Raises:
        UserError: there is none, or several.
    """
    archives = [name for name in names if name == only or (not only and name.endswith(PACKED))]
    if len(archives) != 1:
        known = ", ".join(sorted(names)) or "none"
        raise UserError(f"{where}: which file? Choose one with --file; there are: {known}")
    return archives[0]


@contextmanager
def unpacked(packed: Path, data: Path) -> Iterator[Dataset]:
    """The dataset in an archive, unpacked beside the others and verified; gone afterwards.

    Args:
        packed: a zip or tar file with one dataset, as such or in a bag.
        data: the directory with the datasets.

    Raises:
        UserError: it is no such archive, has a path that leads out of it, or a file of the dataset
            is not as its manifest says.
    """
    with writing(data):
        data.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".fetch.", dir=data))
    try:
        _unpack(packed, draft)
        roots = sorted(path.parent for path in draft.rglob(MANIFEST))
        roots = [root for root in roots if not set(root.parents) & set(roots)]
        if len(roots) != 1:
            raise UserError(f"{packed}: has {len(roots)} datasets (by {MANIFEST}); one is needed")
        problems = verify(roots[0]).problems
        if problems:
            first = f"{problems[0].kind}: {problems[0].path}"
            raise UserError(f"{packed}: not as its manifest says ({first}); download it again")
        yield Dataset.open(f"{roots[0]}/", data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def place(dataset: Dataset, name: str, data: Path) -> Path:
    """Give an unpacked dataset its place.

    Raises:
        UserError: there is one of this name.
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
    """Zip's own extraction renames such paths silently."""
    for name in names:
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise UserError(f"{packed}: cannot be unpacked: {name!a} leads out of it")
