"""The tools' answers: short enough for a context window, with source and version.

No request fails: if a question has no answer, the text says what can be asked instead.
"""

import difflib
import sqlite3

from repro.docs_server.index import about
from repro.docs_server.search import Hit, members, search

MOST_HITS = 20
MOST_CHARACTERS = 6000
"""Length of one answer of `get_doc`: about 1500 tokens."""

MOST_NAMES = 400
_SUMMARY = 240
_SIGNATURES = 3
_QUERY = 1000


def search_docs(
    database: sqlite3.Connection, query: str, module: str | None = None, limit: int = 5
) -> str:
    """Return the best hits, a few lines for each."""
    query = query[:_QUERY]
    if not query.strip():
        return "The query is empty. Give a name (mul!, Threads.@spawn) or say what you look for."
    if module and (problem := _no_module(database, module)):
        return problem
    hits = search(database, query, module, max(1, min(limit, MOST_HITS)))
    if not hits:
        inside = f" in {module}" if module else ""
        return (
            f"Nothing found for {query!r}{inside}. Try other words, fewer words"
            f"{', or no module' if module else ''}. {_without(database)}"
        ).rstrip()
    shown = [f"{number}. {_brief(hit)}" for number, hit in enumerate(hits, 1)]
    return "\n".join([*shown, "get_doc(NAME) gives an entry in full."])


def _brief(hit: Hit) -> str:
    lines = [
        f"{hit.ref} ({hit.kind})" if hit.kind != "manual" else f"{hit.ref} (manual: {hit.name})"
    ]
    signatures = hit.signatures.splitlines()
    lines += signatures[:_SIGNATURES]
    if len(signatures) > _SIGNATURES:
        lines.append(f"... {len(signatures) - _SIGNATURES} more signatures")
    lines.append(_cut(hit.summary, _SUMMARY))
    lines.append(f"[{_first(hit.source)}; {hit.version}]")
    return "\n   ".join(line for line in lines if line)


def _first(source: str) -> str:
    first, *more = source.split(", ")
    return f"{first} and {len(more)} more" if more else first


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 4].rsplit(" ", 1)[0] + " ..."


def get_doc(database: sqlite3.Connection, name: str, offset: int = 0) -> str:
    """Return the text of all entries with this name, `MOST_CHARACTERS` at a time."""
    name = name[:_QUERY].strip().strip("`")
    found = _entries(database, name)
    if not found:
        hits = search(database, name, limit=5) if name else []
        near = ", ".join(hit.ref for hit in hits)
        hint = f"Did you mean one of these? {near}" if near else "search_docs finds names by words."
        return f"No entry is named {name!r}. {hint} {_without(database)}".rstrip()
    text = "\n\n".join(
        f"# {ref} ({kind})\nSource: {source}; {version}\n\n{body}"
        for ref, kind, source, version, body in found
    )
    offset = max(0, offset)
    if offset >= len(text):
        return f"{name}: there are {len(text)} characters, none after {offset}."
    end = offset + MOST_CHARACTERS
    if end >= len(text):
        return text[offset:]
    return (
        f"{text[offset:end]}\n\n[cut: {len(text) - end} of {len(text)} characters follow; "
        f"get_doc({name!r}, offset={end}) goes on]"
    )


def _entries(database: sqlite3.Connection, name: str) -> list[tuple[str, str, str, str, str]]:
    """Find entries by the name as written, else without a call's arguments, else without case."""
    columns = "entry.ref, entry.kind, entry.source, entry.version, entry.text"
    asked = (name, name.split("(", maxsplit=1)[0], name.split("(", maxsplit=1)[0].lower())
    for word, column in zip(asked, ("alias", "alias", "lower(alias)"), strict=True):
        rows = database.execute(
            f"SELECT DISTINCT {columns} FROM alias JOIN entry ON entry.id = alias.entry"  # noqa: S608
            f" WHERE {column} = ? ORDER BY entry.public DESC, entry.ref",
            (word,),
        ).fetchall()
        if rows:
            return rows
    return []


def list_names(database: sqlite3.Connection, module: str, offset: int = 0) -> str:
    """List the documented names of a module, by kind."""
    if problem := _no_module(database, module):
        return problem
    inside = members(database, module)
    rows = database.execute("SELECT id, kind, name, module, public FROM entry ORDER BY 2, 3, 4")
    rest = module.lower().split(".")[-1]
    own, deeper = [], set()
    for number, kind, name, home, public in rows:
        if number in inside and home.lower().split(".")[-1] == rest and kind != "manual":
            own.append((kind, name if public else f"{name}*"))
        elif number in inside and f".{rest}." in f".{home.lower()}":
            deeper.add(home)
    sections = _sections(database, inside) if not own else []
    return _listing(module, own, sections, sorted(deeper), max(0, offset))


def _sections(database: sqlite3.Connection, inside: set[int]) -> list[str]:
    rows = database.execute("SELECT id, ref FROM entry WHERE kind = 'manual' ORDER BY ref")
    return [ref for number, ref in rows if number in inside]


def _listing(
    module: str, own: list[tuple[str, str]], sections: list[str], deeper: list[str], offset: int
) -> str:
    every = own or [("manual", ref) for ref in sections]
    shown: dict[str, list[str]] = {}
    for kind, name in every[offset : offset + MOST_NAMES]:
        shown.setdefault(kind, []).append(name)
    lines = [f"{module}: {len(every)} documented names (* is not exported)"]
    lines += [f"{kind}: {', '.join(names)}" for kind, names in shown.items()]
    if deeper:
        lines.append(f"modules inside: {', '.join(deeper)}")
    if (left := len(every) - offset - MOST_NAMES) > 0:
        end = offset + MOST_NAMES
        lines.append(f"[cut: {left} more; list_names({module!r}, offset={end}) goes on]")
    return "\n".join(lines)


def modules(database: sqlite3.Connection) -> list[str]:
    """List the modules that have entries."""
    return [row[0] for row in database.execute("SELECT DISTINCT module FROM entry ORDER BY 1")]


def _no_module(database: sqlite3.Connection, module: str) -> str:
    """Explain why a module cannot be searched; empty if it can."""
    if members(database, module):
        return ""
    missing = about(database).missing
    for name, why in missing.items():
        if name.lower() == module.lower().split(".")[0]:
            return f"The documentation of {name} is not here: {why} where the index was made."
    known = modules(database)
    near = difflib.get_close_matches(module, known, 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"No module {module[:_QUERY]!r}.{hint} There are: {', '.join(known)}."


def _without(database: sqlite3.Connection) -> str:
    missing = about(database).missing
    return f"(Not in this index: {', '.join(missing)}.)" if missing else ""
