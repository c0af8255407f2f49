"""Searches the index: a name is looked up as such, a sentence by its words and the names in it."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from repro.docs_server import words as w
from repro.docs_server.by_name import by_folded, by_name
from repro.docs_server.by_words import by_words
from repro.docs_server.vocabulary import VOCABULARY

_WORDS = 50.0
"""Weight of a score by words relative to one by name: all words match better than a near name."""

_SECTION = 0.85
"""Weight of a manual's section relative to a docstring that matches as well."""

_ROUTINE = 0.9
"""Weight of a BLAS or LAPACK routine if the question does not mention these libraries."""

_BINDING = 0.8
"""Weight of the bindings of MPI's C functions, which have only a link, if they are not named."""

_ELSEWHERE = 0.8
"""Weight of an entry outside of the modules that the question names, such as `MPI`."""

_TWIN = 0.85
"""Weight of `Reduce!` if `Reduce` is a better hit: one leads to the other."""

_MOST = 100
"""Number of entries to which the final weights are applied."""

_NAME_IN_WORDS = 4
"""Most words that a name can be written in, such as `set num threads`."""


@dataclass(frozen=True)
class Hit:
    """An entry that matches a question."""

    ref: str
    name: str
    kind: str
    module: str
    signatures: str
    """One per line."""

    summary: str
    source: str
    version: str
    score: float
    """Higher is better; only the order is meaningful."""


def search(
    database: sqlite3.Connection, query: str, module: str | None = None, limit: int = 5
) -> list[Hit]:
    """Return the entries that answer a query best, the best first.

    Args:
        database: an open index.
        query: a name or a sentence.
        module: consider only entries of this module and its submodules.
        limit: largest number of hits.
    """
    named: dict[int, float] = defaultdict(float)
    text = w.clean(query)
    words = w.asked_words(text)
    if w.is_name(text):
        _raise(named, by_name(database, text))
    else:
        for name in w.mentions(query):
            _raise(named, by_name(database, name))
        if len(words) <= _NAME_IN_WORDS:
            _raise(named, by_folded(database, w.fold(text)))
    said = by_words(database, words, module)
    if places := _places(database, query):
        said = {n: score if n in places else _ELSEWHERE * score for n, score in said.items()}
    routines = bool({"blas", "lapack"} & {*words})
    hits = _hits(database, named, said, module, routines=routines)
    best = sorted(hits, key=lambda hit: (-hit.score, hit.ref))
    return sorted(_varied(best), key=lambda hit: (-hit.score, hit.ref))[:limit]


def _varied(hits: list[Hit]) -> Iterator[Hit]:
    """Lower a hit that differs from a better one only by `!` or case: they share their phrases."""
    seen = set()
    for hit in hits:
        name = (hit.module, w.fold(hit.name))
        twin = hit.module in VOCABULARY.glosses and name in seen
        yield replace(hit, score=_TWIN * hit.score) if twin else hit
        seen.add(name)


def _places(database: sqlite3.Connection, query: str) -> set[int]:
    """Return the entries of the modules that a sentence names, written as modules are."""
    named = re.findall(r"\b[A-Z]\w+", query)[:_NAME_IN_WORDS]
    return set().union(*(members(database, name) for name in named))


def _raise(scores: dict[int, float], found: Iterable[tuple[int, float]]) -> None:
    for entry, score in found:
        scores[entry] = max(scores[entry], score)


def _hits(
    database: sqlite3.Connection,
    named: dict[int, float],
    said: dict[int, float],
    module: str | None,
    *,
    routines: bool,
) -> Iterable[Hit]:
    scores = {
        number: named.get(number, 0) + _WORDS * said.get(number, 0) for number in {*named, *said}
    }
    inside = members(database, module) if module else scores
    best = sorted(scores, key=lambda number: (-scores[number], number))
    entries = [number for number in best if number in inside][:_MOST]
    marks = ",".join("?" * len(entries))
    rows = database.execute(
        "SELECT id, ref, name, kind, module, signatures, summary, source, version"  # noqa: S608
        f" FROM entry WHERE id IN ({marks})",
        [*entries],
    )
    for number, *fields in rows:
        weight = _SECTION if fields[2] == "manual" else 1.0
        if not routines and fields[3].endswith((".BLAS", ".LAPACK")):
            weight *= _ROUTINE
        if fields[3] == "MPI.API":
            weight *= _BINDING
        score = named.get(number, 0) + weight * _WORDS * said.get(number, 0)
        yield Hit(*(*fields, score))


def members(database: sqlite3.Connection, module: str) -> set[int]:
    """Return the entries of a module; case does not matter, and `Threads` is `Base.Threads`."""
    rows = database.execute("SELECT entry FROM member WHERE module = ?", (module.lower(),))
    return {row[0] for row in rows}
