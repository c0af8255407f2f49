"""Entries by a name: as it stands, without case and punctuation, as a beginning, or misspelt."""

import sqlite3

from repro.docs_server import words as w

EXACT, FOLDED, PREFIX, NEAR = 100.0, 90.0, 60.0, 80.0
"""Of a name: as it stands; without case and punctuation; its beginning; almost."""

_SHORTENED = 20.0
"""What a beginning gains by the share of the name that it is."""

_QUALIFIED = 5.0
"""What a near name gains if it is in the module that was named."""

SIMILAR = 0.6
"""How alike names must be, 1 - edits / length, to be taken for misspelt."""

_SHORTEST = 3
"""Letters of a name that others may begin with; fewer begin too much."""

_CANDIDATES = 40

Scored = list[tuple[int, float]]
"""Numbers of entries, and their scores."""


def by_name(database: sqlite3.Connection, name: str) -> Scored:
    """Entries of a name, qualified or not; near ones if there is none."""
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
    """Entries whose name is the same without case and punctuation."""
    rows = database.execute("SELECT entry FROM folded WHERE folded = ?", (folded,))
    return [(row[0], FOLDED) for row in rows]


def by_beginning(database: sqlite3.Connection, folded: str) -> Scored:
    """Entries whose name begins so; the shorter the rest, the better."""
    if len(folded) < _SHORTEST:
        return []
    rows = database.execute(
        "SELECT entry, length(folded) FROM folded WHERE folded >= ? AND folded < ?"
        " ORDER BY 2, 1 LIMIT ?",
        (folded, f"{folded}\U0010ffff", _CANDIDATES),
    )
    return [(entry, PREFIX + _SHORTENED * len(folded) / length) for entry, length in rows]


def by_spelling(database: sqlite3.Connection, folded: str) -> Scored:
    """Entries whose name is spelt almost so: trigrams find candidates, edits decide."""
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
    """Of entries found by a name, those that are in the module that was named, raised."""
    asked, better = w.fold(qualifier), []
    for entry, score in found:
        modules = database.execute("SELECT module FROM member WHERE entry = ?", (entry,)).fetchall()
        near = (module for (module,) in modules if abs(len(module) - len(asked)) <= 1)
        if any(w.distance(asked, module) <= 1 for module in near):
            better.append((entry, score + _QUALIFIED))
    return better
