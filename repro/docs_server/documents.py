"""The texts in which words are looked up: what says most of a docstring, apart from the rest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from repro.docs_server.abbreviations import spoken
from repro.docs_server.blas_names import meaning
from repro.docs_server.entries import Entry
from repro.docs_server.words import parts, words

SEPARATOR = "\n\n---\n\n"
"""Between the docstrings of one name."""

FIELDS = ("name", "lead", "summary", "module", "around", "signatures", "body")
"""Where a word can be, the best place first."""

_CODE = re.compile(r"`([^`\s(]+)(?:\([^`]*\))?`")
_AROUND = 80
"""Characters before and after a name that tell of it."""

_AMBIGUOUS = 2
"""Entries that may share a name, for its mentions to count."""

_OFTEN = 3
"""Times that a word is in the documentation to be taken for one."""


@dataclass(frozen=True)
class Document:
    """A docstring, or a section of a manual."""

    entry: int
    """Number of its entry, from 0."""

    fields: dict[str, list[str]]
    """Roots of the words of each of `FIELDS`, as they come."""

    title: list[str]
    """Roots of the name's own words, one for each piece of it."""

    def places(self) -> dict[str, list[str]]:
        """For each field the roots that no better one has, sorted."""
        seen: set[str] = set()
        found = {}
        for field in FIELDS:
            new = {*self.fields[field]} - seen
            seen |= new
            found[field] = sorted(new)
        return found


def documents(entries: list[Entry]) -> Iterator[Document]:
    """All of all entries, in their order."""
    around = mentions(entries)
    known = vocabulary(entries)
    for number, entry in enumerate(entries):
        pieces = [words(entry.name)] if entry.kind == "manual" else spoken(parts(entry.name), known)
        title = words(" ".join(piece[0] for piece in pieces if piece))
        name = " ".join(word for piece in pieces for word in piece)
        for text in entry.text.split(SEPARATOR):
            texts = _texts(entry, name, text, around[entry.ref])
            yield Document(number, {field: words(said) for field, said in texts.items()}, title)


def _texts(entry: Entry, name: str, text: str, around: list[str]) -> dict[str, str]:
    routine = meaning(entry.name) if {"BLAS", "LAPACK"} & {*entry.module.split(".")} else ""
    inplace = "inplace" if entry.name.endswith("!") else ""
    first = summary(text)
    return {
        "name": f"{name} {inplace}",
        "lead": f"{first_sentence(first)} {routine}",
        "summary": first,
        "module": " ".join(part for module in entry.modules for part in module.split(".")),
        "around": " ".join(around),
        "signatures": signature(text),
        "body": text,
    }


def vocabulary(entries: Iterable[Entry]) -> set[str]:
    """Words of the prose, lower case, that are there more than once or twice."""
    found: Counter[str] = Counter()
    for entry in entries:
        for text in entry.text.split(SEPARATOR):
            prose = re.sub(r"`[^`]*`", " ", summary(text))
            found.update({*re.findall(r"[a-z]+", prose)})
    return {word for word, count in found.items() if count >= _OFTEN}


def signature(text: str) -> str:
    """The lines that a docstring begins with, indented or fenced."""
    found = re.match(
        r"\s*```.*?```|(?: {4}.*\n?|\s*\n)+",
        text,
        flags=re.DOTALL if text.lstrip().startswith("```") else 0,
    )
    return found[0] if found else ""


def summary(text: str) -> str:
    """The first paragraph of a docstring that is no signature, on one line."""
    body = re.sub(r"\A\s*```.*?```", "", text, flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", body):
        if paragraph.strip() and not paragraph.startswith(("    ", "#", "```", "!!!")):
            return " ".join(paragraph.split())
    return " ".join(body.split())[:300]


def first_sentence(text: str) -> str:
    """All up to the first stop that ends a sentence."""
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0]


def mentions(entries: list[Entry]) -> dict[str, list[str]]:
    """What other entries say around each entry's name, a passage for each that names it as code.

    Like the text of links between pages: it says in plain words what a terse docstring does not.
    """
    owners: dict[str, set[str]] = {}
    for entry in entries:
        for alias in aliases(entry):
            owners.setdefault(alias, set()).add(entry.ref)
    found: dict[str, list[str]] = {entry.ref: [] for entry in entries}
    for entry in entries:
        passages: dict[str, str] = {}
        for match in _CODE.finditer(entry.text):
            named = owners.get(match[1], set())
            if len(named) <= _AMBIGUOUS:
                before = entry.text[: match.start()].rsplit("\n\n", 1)[-1]
                after = entry.text[match.end() :].split("\n\n", 1)[0]
                passage = f"{before[-_AROUND:]} {after[:_AROUND]}"
                passages.update(dict.fromkeys(named - {entry.ref}, passage))
        for ref, passage in passages.items():
            found[ref].append(passage)
    return found


def aliases(entry: Entry) -> Iterator[str]:
    """All that users can call an entry: each qualified name, and it without its first modules."""
    if entry.kind == "manual":
        yield entry.ref
        yield entry.name
        return
    yield entry.name
    for name in entry.names:
        modules = name.removesuffix(entry.name).rstrip(".").split(".")
        for start in range(len(modules)):
            yield ".".join([*filter(None, modules[start:]), entry.name])


def memberships(modules: Iterable[str]) -> Iterator[str]:
    """What a filter may say for these: `Base.Threads` is `base.threads`, `base` and `threads`."""
    for module in modules:
        names = module.lower().split(".")
        for start in range(len(names)):
            yield ".".join(names[start:])
        for end in range(1, len(names)):
            yield ".".join(names[:end])
