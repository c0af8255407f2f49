"""Finds entries by name: exact, without case and punctuation, by its beginning, or misspelt."""

import sqlite3

from repro.docs_server import words as w

EXACT, FOLDED, PREFIX, NEAR = 100.0, 90.0, 60.0, 80.0
"""Scores of a name that matches exactly; without case and punctuation; by its beginning; nearly."""

_SHORTENED = 20.0
"""Bonus of a beginning, times the share of the name that it covers."""

_QUALIFIED = 5.0
"""Bonus of a near match in the module that the question names."""

SIMILAR = 0.6
"""Least similarity, 1 - edits / length, of a misspelt name."""

_SHORTEST = 3
"""Least length of a beginning; shorter ones match too many names."""

_CANDIDATES = 40

Scored = list[tuple[int, float]]
"""Entry numbers and their scores."""


def by_name(database: sqlite3.Connection, name: str) -> Scored:
    """Return the entries with a name, qualified or not; similar names if there is none."""
    exact = [row[0] for row in database.execute("SELECT entry FROM alias WHERE alias = ?", (name,))]
    folded = by_folded(database, w.fold(name))
    if exact or folded:
        return [*((entry, EXACT) for entry in exact), *folded]
    *qualifiers, last = name.split(".")
    if not last:
        return []
    if qualifiers:
        near = sorted(by_name(database, last), key=lambda pair: (-pair[1], pair[0]))[:_CANDIDATES]
        return [*near, *_inside(database, qualifiers[-1], near)]
    return by_beginning(database, w.fold(name)) + by_spelling(database, w.fold(name))


def by_folded(database: sqlite3.Connection, folded: str) -> Scored:
    """Return the entries whose name is equal without case and punctuation."""
    rows = database.execute("SELECT entry FROM folded WHERE folded = ?", (folded,))
    return [(row[0], FOLDED) for row in rows]


def by_beginning(database: sqlite3.Connection, folded: str) -> Scored:
    """Return the entries whose name begins like this; a shorter rest gives a higher score."""
    if len(folded) < _SHORTEST:
        return []
    rows = database.execute(
        "SELECT entry, length(folded) FROM folded WHERE folded >= ? AND folded < ?"
        " ORDER BY 2, 1 LIMIT ?",
        (folded, f"{folded}\U0010ffff", _CANDIDATES),
    )
    return [(entry, PREFIX + _SHORTENED * len(folded) / length) for entry, length in rows]


def by_spelling(database: sqlite3.Connection, folded: str) -> Scored:
    """Return the entries with a similar name: trigrams find candidates, edit distance decides."""
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
        longest = max(len(folded), len(candidate))
        if abs(len(folded) - len(candidate)) > (1 - SIMILAR) * longest:
            continue
        alike = 1 - w.distance(folded, candidate) / longest
        if alike >= SIMILAR:
            found += [(entry, NEAR * alike) for entry, _ in by_folded(database, candidate)]
    return found


def _inside(database: sqlite3.Connection, qualifier: str, found: Scored) -> Scored:
    """Return those of the entries that are in the named module, with a bonus."""
    asked, better = w.fold(qualifier), []
    for entry, score in found:
        modules = database.execute("SELECT module FROM member WHERE entry = ?", (entry,)).fetchall()
        near = (module for (module,) in modules if abs(len(module) - len(asked)) <= 1)
        if any(w.distance(asked, module) <= 1 for module in near):
            better.append((entry, score + _QUALIFIED))
    return better
