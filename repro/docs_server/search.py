"""Finding entries: by name, exactly or nearly, and by what their text says.

A query that is a name is looked up as one: as it stands, then without case and punctuation, then
as a beginning, then by its spelling. A sentence is looked up by its words (BM25, a word in the name
weighing more than one in the text), after the names that it mentions.
"""

from typing import Any
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from repro.docs_server import words as w

EXACT, FOLDED, PREFIX, NEAR = 100.0, 90.0, 60.0, 80.0
"""Of a name: as it stands; without case and punctuation; its beginning; almost."""

HIDDEN, SECTION = 1.0, 0.85
SIMILAR = 0.6
"""How alike names must be, 1 - edits / length, to be taken for misspelt."""

HEAD = (3.0, 0.5, 0.5, 2.0, 0.5)
"""BM25's weights of name, module, signatures, first sentence and first paragraph."""

TEXT = (1.0, 1.0)
"""BM25's weights of the text, and of what others say around the name."""

PLACES = (1.1, 1.0, 0.8, 0.7, 0.7, 0.6, 0.5)
"""What a word counts in each of `FIELDS`."""

SYNONYM = 0.7
BRIEF = 0.4
UNKNOWN = 0.0
LEAD = 0.95
LENIENT = 2.0
NAMED = 0.15
LOW = 0.9
BMH, BMB = 0.5, 0.1
WORDS = 50

_CANDIDATES = 40
import os
SYN=os.environ.get('SYN')
from repro.docs_server.synonyms import others
_MORE = 4
"""Times as many as asked for are looked at before the ranking ends."""


@dataclass(frozen=True)
class Hit:
    """An entry that was found."""

    ref: str
    name: str
    kind: str
    module: str
    signatures: str
    summary: str
    source: str
    version: str
    score: float
    """Higher is better; only its order means anything."""


def search(
    database: sqlite3.Connection, query: str, module: str | None = None, limit: int = 5
) -> list[Hit]:
    """The entries that answer a query best, the best first.

    Args:
        database: an open index.
        query: a name, or a sentence.
        module: only entries that have to do with this module or those inside it.
        limit: hits at most.
    """
    scores: dict[int, float] = defaultdict(float)
    text = w.clean(query)
    if w.is_name(text):
        _raise(scores, by_name(database, text))
    else:
        for name in w.mentions(query):
            _raise(scores, by_name(database, name))
        if len(found := w.words(text)) <= _MORE:
            _raise(scores, by_folded(database, "".join(found)))
    said = by_words(database, w.asked_words(text))
    return _best(database, scores, said, module, limit, {'blas','lapack'} & {*w.words(text)})


def _raise(scores: dict[int, float], found: Iterable[tuple[int, float]]) -> None:
    for entry, score in found:
        scores[entry] = max(scores[entry], score)


def by_name(database: sqlite3.Connection, name: str) -> list[tuple[int, float]]:
    """Entries of a name, qualified or not, with their scores; near ones if there is none."""
    exact = [row[0] for row in database.execute("SELECT entry FROM alias WHERE alias = ?", (name,))]
    folded = by_folded(database, w.fold(name))
    if exact or folded:
        return [*((entry, EXACT) for entry in exact), *folded]
    *qualifiers, last = name.split(".")
    if qualifiers:
        near = by_name(database, last)
        return [*near, *_inside(database, qualifiers[-1], near)]
    return by_beginning(database, w.fold(name)) + by_spelling(database, w.fold(name))


def by_folded(database: sqlite3.Connection, folded: str) -> list[tuple[int, float]]:
    """Entries whose name is the same without case and punctuation."""
    rows = database.execute("SELECT entry FROM folded WHERE folded = ?", (folded,))
    return [(row[0], FOLDED) for row in rows]


def by_beginning(database: sqlite3.Connection, folded: str) -> list[tuple[int, float]]:
    """Entries whose name begins so; the shorter the rest, the better."""
    if len(folded) < 3:  # noqa: PLR2004 - two letters begin too much
        return []
    rows = database.execute(
        "SELECT entry, length(folded) FROM folded WHERE folded >= ? AND folded < ?"
        " ORDER BY length(folded) LIMIT ?",
        (folded, f"{folded}\U0010ffff", _CANDIDATES),
    )
    return [(entry, PREFIX + 20 * len(folded) / length) for entry, length in rows]


def by_spelling(database: sqlite3.Connection, folded: str) -> list[tuple[int, float]]:
    """Entries whose name is spelt almost so."""
    asked = " OR ".join(f'"{part}"' for part in w.trigrams(folded) if '"' not in part)
    if not asked:
        return []
    rows = database.execute(
        "SELECT folded FROM spelling WHERE id IN (SELECT rowid FROM trigrams WHERE trigrams MATCH ?"
        " ORDER BY rank LIMIT ?)",
        (asked, _CANDIDATES),
    ).fetchall()
    found = []
    for (candidate,) in rows:
        alike = 1 - w.distance(folded, candidate) / max(len(folded), len(candidate))
        if alike >= SIMILAR:
            found += [(entry, NEAR * alike) for entry, _ in by_folded(database, candidate)]
    return found


def _inside(
    database: sqlite3.Connection, qualifier: str, found: list[tuple[int, float]]
) -> list[tuple[int, float]]:
    """Of entries found by a name, those that are in the module that was named, raised."""
    better = []
    for entry, score in found:
        modules = database.execute("SELECT module FROM member WHERE entry = ?", (entry,))
        asked = w.fold(qualifier)
        if any(w.distance(asked, module) <= 1 for (module,) in modules):
            better.append((entry, score + 5))
    return better


def by_words(database: sqlite3.Connection, words: list[str]) -> dict[int, float]:
    """Entries that say these words, the more the higher.

    BM25 of the heads and of the texts choose the candidates; then what counts is how many of the
    words a document has, rare ones more, and the best place that each has there. An entry is as
    good as the best of its documents.
    """
    if not words:
        return {}
    asked = {word: others(word) for word in words}
    every = dict.fromkeys([*words, *(other for found in asked.values() for other in found)])
    candidates: dict[int, float] = defaultdict(float)
    for table, weights, share, said in (("heads", HEAD, BMH, every), ("bodies", TEXT, BMB, asked)):
        match = " OR ".join(f'"{word}"' for word in said)
        rows = database.execute(
            f"SELECT rowid, -bm25({table}, {', '.join(map(str, weights))}) FROM {table}"  # noqa: S608
            f" WHERE {table} MATCH ? ORDER BY 2 DESC LIMIT ?",
            (match, _CANDIDATES),
        ).fetchall()
        for number, score in rows:
            candidates[number] += share * score / rows[0][1]
    return cover(database, asked, candidates)


def cover(
    database: sqlite3.Connection, asked: dict[str, list[str]], candidates: dict[int, float]
) -> dict[int, float]:
    """How well each candidate covers the words that were asked for, on top of what it has."""
    rarity = rarities(database, [*asked])
    whole = sum(rarity.values())
    marks = ",".join("?" * len(candidates))
    rows = database.execute(f"SELECT * FROM document WHERE id IN ({marks})", [*candidates])  # noqa: S608
    found: dict[int, float] = defaultdict(float)
    for number, entry, mass, title, title_mass, *fields in rows:
        place: dict[str, float] = {}
        for text, weight in zip(fields, PLACES, strict=True):
            place.update(dict.fromkeys(text.split(), weight))
        score = said = named = 0.0
        titles = title.split()
        for word, instead in asked.items():
            best = max((SYNONYM * place.get(other, 0) for other in instead), default=0)
            best = max(best, place.get(word, 0))
            score += rarity[word] * best
            if word in titles: named += rarity[word]
            else: named += SYNONYM * max((rarity[word] for other in instead if other in titles), default=0)
            said += rarity[word] * (best if best >= LEAD else 0)
        total = candidates[number] + score / whole + BRIEF * said / (mass + LENIENT) + NAMED * named / (title_mass + 1.0)
        found[entry] = max(found[entry], total)
    return found


def rarities(database: sqlite3.Connection, words: list[str]) -> dict[str, float]:
    """Of each word, the logarithm of how many documents there are to one that has it."""
    marks = ",".join("?" * len(words))
    known = dict(
        database.execute(f"SELECT root, rarity FROM rarity WHERE root IN ({marks})", words)  # noqa: S608
    )
    return {word: known.get(word, UNKNOWN) for word in words}


def _best(
    database: sqlite3.Connection,
    named: dict[int, float],
    said: dict[int, float],
    module: str | None,
    limit: int,
    low: Any,
) -> list[Hit]:
    entries = {*named, *said}
    if module:
        entries &= members(database, module)
    marks = ",".join("?" * len(entries))
    rows = database.execute(
        "SELECT id, public, ref, name, kind, module, signatures, summary, source, version"  # noqa: S608
        f" FROM entry WHERE id IN ({marks})",
        [*entries],
    )
    hits = []
    for number, public, *fields in rows:
        weight = importance(fields[2], public=public)
        if ('LAPACK' in fields[3] or 'BLAS' in fields[3]) and not low: weight *= LOW
        score = named.get(number, 0) + weight * (1 + WORDS * said.get(number, 0))
        hits.append(Hit(*fields, score=score))
    return sorted(hits, key=lambda hit: (-hit.score, hit.ref))[:limit]


def importance(kind: str, *, public: bool) -> float:
    """What an entry's words weigh: more, if it is public, less in a manual."""
    return (1 if public else HIDDEN) * (SECTION if kind == "manual" else 1)


def members(database: sqlite3.Connection, module: str) -> set[int]:
    """The entries that have to do with a module."""
    rows = database.execute("SELECT entry FROM member WHERE module = ?", (module.lower(),))
    return {row[0] for row in rows}
