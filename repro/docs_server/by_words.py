"""Finds entries by the words of a question.

The constants below were tuned on the halves `tuning` and `development` of tests/docs_*.csv; their
quality is measured on other questions.
"""

import math
import sqlite3
from collections import defaultdict

from repro.docs_server.synonyms import others

_HEADS = (3.0, 0.5, 0.5, 2.0, 0.5)
"""BM25's weights of name, module, signatures, first sentence and first paragraph."""

_BODIES = (1.0, 1.0)
"""BM25's weights of the text, and of the passages around mentions of the name."""

_PLACES = (1.1, 1.0, 0.8, 0.7, 0.7, 0.6, 0.5)
"""Weight of a word in each of `documents.FIELDS`."""

_HEAD, _BODY = 0.5, 0.1
"""Weights of BM25, relative to the share of the question's words that a document has."""

_SYNONYM = 0.7
"""Weight of a synonym."""

_BRIEF, _TITLE = 0.4, 0.15
"""Bonus if a name and first sentence, or a name, say little more than the question asks."""

_ENTRY = 0.2
"""Weight of the share of the words that all documents of an entry have together."""

_LEAD = 0.95
"""A word with at least this of `_PLACES` is in the name or the first sentence."""

_MORE_THAN_WORDS, _MORE_THAN_NAME = 2.0, 1.0
"""Damping: one rare word alone must not pass for a short sentence."""

_CANDIDATES = 60

_AFFORDED = 4000
"""Occurrences of words that are searched for candidates: a limit, because time must not grow with
the index. With an index of Julia alone, nearly all questions stay below it."""

_INSIDE = (
    "SELECT document.id FROM member JOIN document ON document.entry = member.entry"
    " WHERE member.module = ?"
)


def by_words(
    database: sqlite3.Connection, words: list[str], module: str | None = None
) -> dict[int, float]:
    """Return the scores, about 0 to 2, of the entries that have these words, by entry number.

    BM25 on the heads and on the texts selects the candidates. The score is then the share of the
    words that a document has, weighted by their rarity and by the best field of each. An entry's
    score is that of its best document.

    Args:
        database: an open index.
        words: roots, from `words.asked_words`.
        module: consider only entries that belong to this module.
    """
    if not words:
        return {}
    asked = {word: others(word) for word in words}
    wider = dict.fromkeys([*words, *(other for found in asked.values() for other in found)])
    rarity = _rarities(database, [*wider])
    candidates: dict[int, float] = defaultdict(float)
    (total,) = database.execute("SELECT max(id) + 1 FROM document").fetchone()
    said = _affordable(rarity, [*wider], total)
    for number, score in _bm25(database, "heads", _HEADS, said, module):
        candidates[number] += _HEAD * score
    said = _affordable(rarity, words, total)
    for number, score in _bm25(database, "bodies", _BODIES, said, module):
        candidates[number] += _BODY * score
    return _cover(database, asked, rarity, candidates)


def _affordable(rarity: dict[str, float], words: list[str], total: int) -> list[str]:
    """Return the rarest of these words, at least one, as many as `_AFFORDED` allows.

    Args:
        rarity: rarity of each known word; unknown words are skipped.
        words: the words of the question.
        total: number of documents in the index.
    """
    found: list[str] = []
    spent = 0.0
    for word in sorted((word for word in words if word in rarity), key=lambda word: -rarity[word]):
        spent += total / math.exp(rarity[word])
        if found and spent > _AFFORDED:
            break
        found.append(word)
    return found


def _bm25(
    database: sqlite3.Connection,
    table: str,
    weights: tuple[float, ...],
    words: list[str],
    module: str | None,
) -> list[tuple[int, float]]:
    """Return the best documents with their scores, scaled so that the best has 1."""
    if not words:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    rank = f"bm25({table}, {', '.join(map(str, weights))})"
    values: list[str | int] = [match]
    inside = ""
    if module:
        inside = f"AND rowid IN ({_INSIDE})"
        values.append(module.lower())
    rows = database.execute(
        f"SELECT rowid, {rank} FROM {table} WHERE {table} MATCH ? {inside}"  # noqa: S608
        " ORDER BY 2, 1 LIMIT ?",
        [*values, _CANDIDATES],
    ).fetchall()
    return [(number, rank / rows[0][1]) for number, rank in rows]


def _cover(
    database: sqlite3.Connection,
    asked: dict[str, list[str]],
    rarity: dict[str, float],
    candidates: dict[int, float],
) -> dict[int, float]:
    """Add to each candidate's score how well it covers the words of the question."""
    weights = {word: rarity.get(word, 0.0) for word in asked}
    whole = sum(weights.values()) or 1.0
    marks = ",".join("?" * len(candidates))
    rows = database.execute(f"SELECT * FROM document WHERE id IN ({marks})", [*candidates])  # noqa: S608
    found: dict[int, float] = defaultdict(float)
    together: dict[int, dict[str, float]] = defaultdict(dict)
    for number, entry, mass, title, title_mass, *fields in rows:
        place: dict[str, float] = {}
        for text, weight in zip(fields, _PLACES, strict=True):
            place.update(dict.fromkeys(text.split(), weight))
        names = dict.fromkeys(title.split(), 1.0)
        best = {word: _best(word, instead, place) for word, instead in asked.items()}
        brief = sum(weights[word] * value for word, value in best.items() if value >= _LEAD)
        named = sum(weights[word] * _best(word, asked[word], names) for word in asked)
        total = candidates[number] + _share(weights, best) / whole
        total += _BRIEF * brief / (mass + _MORE_THAN_WORDS)
        total += _TITLE * named / (title_mass + _MORE_THAN_NAME)
        found[entry] = max(found[entry], total)
        of_entry = together[entry]
        of_entry.update({word: max(best[word], of_entry.get(word, 0.0)) for word in best})
    for entry, best in together.items():
        found[entry] += _ENTRY * _share(weights, best) / whole
    return found


def _share(weights: dict[str, float], best: dict[str, float]) -> float:
    """Return the weight of the words that are covered."""
    return sum(weights[word] * value for word, value in best.items())


def _best(word: str, instead: list[str], place: dict[str, float]) -> float:
    """Return the weight of a word, found itself or as a synonym."""
    best = place.get(word, 0.0)
    for other in instead:
        best = max(best, _SYNONYM * place.get(other, 0.0))
    return best


def _rarities(database: sqlite3.Connection, words: list[str]) -> dict[str, float]:
    """Return for each known word the logarithm of all documents over those that have it."""
    marks = ",".join("?" * len(words))
    rows = database.execute(f"SELECT root, rarity FROM rarity WHERE root IN ({marks})", words)  # noqa: S608
    return dict(rows.fetchall())
