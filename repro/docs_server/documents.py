"""The searchable texts: the most telling parts of a docstring, separate from the rest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from repro.docs_server.abbreviations import spoken
from repro.docs_server.blas_names import meaning
from repro.docs_server.entries import Entry
from repro.docs_server.vocabulary import VOCABULARY
from repro.docs_server.words import parts, words

SEPARATOR = "\n\n---\n\n"
"""Between the docstrings of one name."""

FIELDS = ("name", "lead", "summary", "module", "around", "signatures", "body")
"""The fields in which a word can occur, the best first."""

_CODE = re.compile(r"`([^`\s(]+)(?:\([^`]*\))?`")
_AROUND = 80
"""Characters before and after a mention of a name that are used to describe it."""

_AMBIGUOUS = 2
"""Mentions of a name count if at most this many entries share it."""

_OFTEN = 3
"""Number of occurrences that make a string of letters a word of the documentation."""


@dataclass(frozen=True)
class Document:
    """A docstring, or a section of a manual."""

    entry: int
    """Number of its entry, from 0."""

    fields: dict[str, list[str]]
    """Roots of the words of each of `FIELDS`, in the text's order."""

    title: list[str]
    """Roots of the name's own words, one for each piece of it."""

    def places(self) -> dict[str, list[str]]:
        """Return for each field the roots that no better field has, sorted."""
        seen: set[str] = set()
        found = {}
        for field in FIELDS:
            new = {*self.fields[field]} - seen
            seen |= new
            found[field] = sorted(new)
        return found


def documents(entries: list[Entry]) -> Iterator[Document]:
    """Yield the documents of all entries, in their order."""
    around = mentions(entries)
    known = common_words(entries)
    for number, entry in enumerate(entries):
        pieces = [words(entry.name)] if entry.kind == "manual" else spoken(parts(entry.name), known)
        title = words(" ".join(piece[0] for piece in pieces if piece))
        name = " ".join(word for piece in pieces for word in piece)
        for text in entry.text.split(SEPARATOR):
            texts = _texts(entry, name, text, around[entry.ref])
            yield Document(number, {field: words(said) for field, said in texts.items()}, title)
        for phrase in glosses(entry):
            texts = {"lead": phrase, "module": entry.module}
            yield Document(number, {field: words(texts.get(field, "")) for field in FIELDS}, title)


def glosses(entry: Entry) -> list[str]:
    """Return phrases for a name of a package; a phrase is a document, as short as a question."""
    told = VOCABULARY.glosses.get(entry.module, {})
    return told.get(entry.name.strip("@!").lower(), []) if entry.kind != "manual" else []


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


def common_words(entries: Iterable[Entry]) -> set[str]:
    """Return the words of the prose, lower case, that occur at least `_OFTEN` times."""
    found: Counter[str] = Counter()
    for entry in entries:
        for text in entry.text.split(SEPARATOR):
            prose = re.sub(r"`[^`]*`", " ", summary(text))
            found.update({*re.findall(r"\b[a-z]+\b", prose)})
    return {word for word, count in found.items() if count >= _OFTEN}


def signature(text: str) -> str:
    """Return the indented or fenced lines at the beginning of a docstring."""
    found = re.match(
        r"\s*```.*?```|(?: {4}.*\n?|\s*\n)+",
        text,
        flags=re.DOTALL if text.lstrip().startswith("```") else 0,
    )
    return found[0] if found else ""


def summary(text: str) -> str:
    """Return the first paragraph of a docstring that is not a signature, on one line."""
    body = re.sub(r"\A\s*```.*?```", "", text, flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", body):
        if paragraph.strip() and not paragraph.startswith(("    ", "#", "```", "!!!")):
            return " ".join(paragraph.split())
    return " ".join(body.split())[:300]


def first_sentence(text: str) -> str:
    """Return the text up to the first end of a sentence."""
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0]


def mentions(entries: list[Entry]) -> dict[str, list[str]]:
    """Return the passages of other entries around mentions of each entry's name as code.

    They work like the text of links between pages: they describe in plain words what a terse
    docstring does not.
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
    """Yield all names of an entry: each qualified name, also without its leading modules."""
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
    """Yield the names a filter can use: `Base.Threads` is `base.threads`, `base` and `threads`."""
    for module in modules:
        names = module.lower().split(".")
        for start in range(len(names)):
            yield ".".join(names[start:])
        for end in range(1, len(names)):
            yield ".".join(names[:end])
