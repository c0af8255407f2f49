"""A directory with the parts of an image, filled item by item.

An item is a file or directory. It is made under a temporary name and renamed when it is complete.
`fetched.json` records the pins of each item, so that changed pins replace it.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import UserError
from repro.files import canonical_json, read_json, reading, write_atomic, writing

SUMS, RECORD = "SHA256SUMS", "fetched.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Item:
    """A part to fetch."""

    name: str
    """Its file or directory in the store."""

    made_from: str
    """Its pins; if they change, it is fetched again."""

    what: str
    """Its description, for progress messages."""

    make: Callable[[Path, Path], None]
    """Makes it, given its path and an empty working directory."""

    @property
    def key(self) -> str:
        """The hash of `made_from`."""
        return hashlib.sha256(self.made_from.encode()).hexdigest()


def fill(store: Path, items: Sequence[Item], say: Say) -> None:
    """Make the missing `items` in `store`, then write the checksums of all items.

    Raises:
        UserError: an item cannot be made; the previous ones are kept.
    """
    with writing(store):
        store.mkdir(parents=True, exist_ok=True)
        for item in items:
            if _has(store, item):
                say(f"{item.name}: already fetched")
                continue
            say(f"{item.name}: {item.what}")
            _make(store, item)
        names = list(_record(store))
        sums = "".join(f"{digest}  {name}\n" for name, digest in _sums(store, names))
        write_atomic(store / SUMS, sums)


def check(store: Path, items: Sequence[Item]) -> None:
    """Check that `items` are in `store`, unchanged.

    Raises:
        UserError: an item is missing or was made from other pins, or a file has changed.
    """
    for item in items:
        if not _has(store, item):
            raise UserError(
                f"{store}: no {item.name} for the current pins; on a machine with network, run "
                f"`repro image fetch {store}`"
            )
    names = [item.name for item in items]
    with reading(store / SUMS):
        text = (store / SUMS).read_text(encoding="utf-8")
    recorded = {line[66:]: line[:64] for line in text.splitlines()}
    recorded = {path: sha for path, sha in recorded.items() if path.split("/")[0] in names}
    found = dict(_sums(store, names))
    for path in sorted(recorded.keys() | found.keys()):
        if recorded.get(path) != found.get(path):
            raise UserError(
                f"{store / path}: changed since it was fetched; remove {path.split('/')[0]} and "
                f"run `repro image fetch {store}`"
            )


def _record(store: Path) -> dict[str, str]:
    """Return the keys of the items in the store, by name."""
    path = store / RECORD
    found: dict[str, str] = read_json(path) if path.exists() else {}
    return {name: key for name, key in found.items() if (store / name).exists()}


def _has(store: Path, item: Item) -> bool:
    return _record(store).get(item.name) == item.key


def _make(store: Path, item: Item) -> None:
    with tempfile.TemporaryDirectory(dir=store, prefix=".fetching-") as scratch:
        made, work = Path(scratch) / "made", Path(scratch) / "work"
        work.mkdir()
        item.make(made, work)
        target = store / item.name
        if target.is_dir():
            shutil.rmtree(target)
        made.replace(target)
    record = _record(store) | {item.name: item.key}
    write_atomic(store / RECORD, canonical_json(record))


def _sums(store: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield path and SHA-256 of every file of the items called `names`."""
    for name in sorted(names):
        top = store / name
        inside = top.rglob("*") if top.is_dir() else [top]
        files = sorted(path for path in inside if path.is_file())
        for path in files:
            with reading(path), path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            yield str(path.relative_to(store)), digest
