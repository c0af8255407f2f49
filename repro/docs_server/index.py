"""The index: one SQLite file, built once from Julia's documentation, then only read.

The same documentation and the same SQLite library give the same bytes: rows are inserted in sorted
order, and neither time nor machine is stored. The hash of the entries (`content`) does not depend
on the library.
"""

import hashlib
import json
import math
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from repro.container.julia import TOOLCHAIN
from repro.docs_server.documents import (
    FIELDS,
    SEPARATOR,
    Document,
    aliases,
    documents,
    memberships,
    summary,
)
from repro.docs_server.entries import Documentation, Entry
from repro.docs_server.words import fold
from repro.errors import UserError
from repro.files import canonical_json, write_atomic, writing

FORMAT = "1"
DEFAULT = TOOLCHAIN / "docs" / "docs.sqlite"
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
    module TEXT NOT NULL, public INTEGER NOT NULL,
    signatures TEXT NOT NULL, summary TEXT NOT NULL,
    text TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL
);
CREATE TABLE alias (alias TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (alias, entry))
    WITHOUT ROWID;
CREATE TABLE folded (folded TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (folded, entry))
    WITHOUT ROWID;
CREATE TABLE member (module TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (module, entry))
    WITHOUT ROWID;
CREATE INDEX member_entry ON member (entry);
CREATE TABLE document (
    id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, mass REAL NOT NULL,
    title TEXT NOT NULL, title_mass REAL NOT NULL, name TEXT, lead TEXT,
    summary TEXT, module TEXT, around TEXT, signatures TEXT, body TEXT
);
CREATE TABLE rarity (root TEXT PRIMARY KEY, rarity REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE spelling (id INTEGER PRIMARY KEY, folded TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE heads USING fts5(
    name, module, signatures, lead, summary, content=''
);
CREATE VIRTUAL TABLE bodies USING fts5(body, around, content='');
CREATE VIRTUAL TABLE trigrams USING fts5(folded, content='', tokenize='trigram');
"""


@dataclass(frozen=True)
class About:
    """What an index contains."""

    julia: str
    """Julia's version."""

    entries: int
    content: str
    """SHA-256 of the entries as canonical JSON lines."""

    recipe: str
    """Hash of everything it was made with; see `extract.recipe`."""

    missing: dict[str, str]
    """Modules whose documentation is missing, and the reason for each."""


def default_index() -> Path:
    """Return the path in `$REPRO_DOCS_INDEX`, otherwise that of the checkout's index."""
    return Path(os.environ.get("REPRO_DOCS_INDEX") or DEFAULT)


def build(documentation: Documentation, path: Path, recipe: str) -> About:
    """Write the index of a documentation to `path`, atomically.

    Raises:
        UserError: the file cannot be written.
    """
    entries = sorted(documentation.entries, key=lambda entry: entry.ref)
    digest = hashlib.sha256("".join(entry.line() for entry in entries).encode()).hexdigest()
    about = About(documentation.version, len(entries), digest, recipe, documentation.missing)
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(_SCHEMA)
        _fill(database, entries, about)
        database.commit()
        database.execute("VACUUM")
        data = database.serialize()
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    return about


def _fill(database: sqlite3.Connection, entries: list[Entry], about: About) -> None:
    rows = {
        "format": FORMAT, "julia": about.julia, "entries": str(about.entries),
        "content": about.content, "recipe": about.recipe, "missing": canonical_json(about.missing),
    }  # fmt: skip
    database.executemany("INSERT INTO about VALUES (?, ?)", sorted(rows.items()))
    for number, entry in enumerate(entries):
        _insert_entry(database, number, entry)
    found = list(documents(entries))
    frequency: Counter[str] = Counter()
    for document in found:
        frequency.update({root for roots in document.fields.values() for root in roots})
    whole = len(found) + 1
    # Rounded, because the last digit of a logarithm depends on the C library.
    rarity = {root: round(math.log(whole / count), 6) for root, count in frequency.items()}
    database.executemany("INSERT INTO rarity VALUES (?, ?)", sorted(rarity.items()))
    for number, document in enumerate(found):
        _insert_document(database, number, document, rarity)
    _insert_spellings(database, entries)
    for table in ("heads", "bodies", "trigrams"):
        database.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608


def _insert_entry(database: sqlite3.Connection, number: int, entry: Entry) -> None:
    database.execute(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, entry.ref, entry.name, entry.kind, entry.module, entry.public,
         "\n".join(entry.signatures), summary(entry.text.split(SEPARATOR)[0]), entry.text,
         ", ".join(entry.source), entry.version),
    )  # fmt: skip
    names = set(aliases(entry))
    for table, values in (
        ("alias", names),
        ("folded", {fold(name) for name in names}),
        ("member", set(memberships(entry.modules))),
    ):
        pairs = sorted((value, number) for value in values)
        database.executemany(f"INSERT INTO {table} VALUES (?, ?)", pairs)  # noqa: S608


def _insert_document(
    database: sqlite3.Connection, number: int, document: Document, rarity: dict[str, float]
) -> None:
    said = {field: " ".join(roots) for field, roots in document.fields.items()}
    database.execute(
        "INSERT INTO heads (rowid, name, module, signatures, lead, summary)"
        " VALUES (:number, :name, :module, :signatures, :lead, :summary)",
        said | {"number": number},
    )
    database.execute(
        "INSERT INTO bodies (rowid, body, around) VALUES (:number, :body, :around)",
        said | {"number": number},
    )
    places = document.places()
    mass = sum(rarity[root] for field in ("name", "lead") for root in places[field])
    texts = [" ".join(places[field]) for field in FIELDS]
    title_mass = sum(rarity.get(root, 0) for root in document.title)
    marks = ", ".join("?" * (5 + len(texts)))
    database.execute(
        f"INSERT INTO document VALUES ({marks})",  # noqa: S608
        (
            number,
            document.entry,
            round(mass, 3),
            " ".join(document.title),
            round(title_mass, 3),
            *texts,
        ),
    )


def _insert_spellings(database: sqlite3.Connection, entries: list[Entry]) -> None:
    spellings = {fold(entry.name) for entry in entries if entry.kind != "manual"}
    for number, folded in enumerate(sorted(spellings)):
        database.execute("INSERT INTO spelling VALUES (?, ?)", (number, folded))
        said = (number, f" {folded}")
        database.execute("INSERT INTO trigrams (rowid, folded) VALUES (?, ?)", said)


def open_index(path: Path) -> sqlite3.Connection:
    """Open an index for reading, also on a read-only file system.

    Raises:
        UserError: it is missing, damaged, or from another version of this package.
    """
    if not path.is_file():
        raise UserError(
            f"{path}: no index of Julia's documentation; make one with `repro docs build`"
        )
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        found = database.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
    except sqlite3.Error as error:
        raise UserError(f"{path}: damaged ({error}); rebuild it with `repro docs build`") from error
    if found != (FORMAT,):
        database.close()
        raise UserError(
            f"{path}: made by another version of repro; rebuild it with `repro docs build`"
        )
    return database


def about(database: sqlite3.Connection) -> About:
    """Describe an open index."""
    found = dict(database.execute("SELECT key, value FROM about"))
    return About(
        julia=found["julia"],
        entries=int(found["entries"]),
        content=found["content"],
        recipe=found["recipe"],
        missing=json.loads(found["missing"]),
    )
