"""The entries of the index: documented names, and sections of manuals."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from repro.docs_server.html_text import markdown
from repro.errors import UserError

MANUAL = "Manual"
"""The module to which the sections of Julia's own manual are assigned."""

_LONGEST_PAGE = 300_000
"""Characters; a longer page is a table (of Unicode input), not a text."""

_SHORTEST_SECTION = 60
_HEADING = re.compile(r"^(#{1,3}) +(.+?)\s*$")
_TARGET = re.compile(r"^\[(.+)\]\(@(?:id|ref)[^)]*\)$")
_GENERATED = re.compile(r"^```+ *(@|\{)")
_FENCE = re.compile(r"^\s*(```+|~~~+)")


@dataclass(frozen=True)
class Entry:
    """A documented name, or a section of a manual."""

    ref: str
    """Its unique reference: `LinearAlgebra.mul!`, `manual/multi-threading#data-races`."""

    name: str
    """The name alone; for a section its title."""

    kind: str
    """`function`, `macro`, `type`, `operator`, `constant`, `module`, `keyword`, `name`,
    `manual`."""

    module: str
    """The module that exports it to users."""

    modules: tuple[str, ...]
    """All modules it belongs to."""

    names: tuple[str, ...]
    """All its qualified names."""

    public: bool
    """True if it is exported, or part of a manual."""

    signatures: tuple[str, ...]
    """How it is called."""

    text: str
    """Markdown as written."""

    source: tuple[str, ...]
    """File and line of each docstring."""

    version: str
    """Version of Julia, or of the package."""

    def line(self) -> str:
        """Return the entry as one line of canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Documentation:
    """Everything that was extracted from a Julia."""

    version: str
    """Julia's version."""

    missing: dict[str, str]
    """Modules that could not be loaded, and the reason for each."""

    entries: tuple[Entry, ...]


def parse(lines: str) -> Documentation:
    """Read the output of `julia/docs/extract.jl`, and split pages into sections.

    Raises:
        UserError: the text is not such output.
    """
    version = ""
    missing: dict[str, str] = {}
    found: list[Entry] = []
    try:
        for line in lines.splitlines():
            record = json.loads(line)
            if record["kind"] == "julia":
                version = record["version"]
            elif record["kind"] == "missing":
                missing[record["name"]] = record["why"]
            elif record["kind"] == "page":
                found += sections(record)
            elif record["name"]:  # Julia's greeting is a docstring without a name
                found.append(_entry(record))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"extract.jl: Julia's output cannot be read ({error!r}); does a startup file or a "
            "package print when it is loaded?"
        ) from error
    if not version or not found:
        raise UserError("extract.jl: no documentation in the output; try `repro docs build` again")
    return Documentation(version, missing, tuple(_unique(found)))


def _entry(record: dict[str, Any]) -> Entry:
    return Entry(
        ref=record["names"][0],
        name=record["name"],
        kind=record["kind"],
        module=record["module"],
        modules=tuple(record["modules"]),
        names=tuple(record["names"]),
        public=record["public"],
        signatures=tuple(record["signatures"]),
        text=record["text"],
        source=tuple(record["source"]),
        version=record["version"],
    )


def _unique(entries: list[Entry]) -> Iterator[Entry]:
    """Yield the first entry of each reference."""
    seen = set()
    for entry in entries:
        if entry.ref not in seen:
            seen.add(entry.ref)
            yield entry


def sections(page: dict[str, Any]) -> Iterator[Entry]:
    """Yield the sections of a page, each with its title."""
    text = page["text"]
    if len(text) > _LONGEST_PAGE:
        return
    if page["format"] == "html":
        text = markdown(text)
    where = re.sub(r"\.(html|md)$", "", page["source"])
    titles: list[str] = []
    for level, title, body in _cut(text):
        titles[level - 1 :] = [title or page["name"]]
        if len(body) < _SHORTEST_SECTION:
            continue
        anchor = re.sub(r"[^\w]+", "-", (title or "top").lower()).strip("-")
        yield Entry(
            ref=f"{where}#{anchor}",
            name=": ".join(dict.fromkeys(titles)),
            kind="manual",
            module=page["name"],
            modules=(page["name"],),
            names=(f"{where}#{anchor}",),
            public=True,
            signatures=(),
            text=body,
            source=(page["source"],),
            version=page["version"],
        )


def _cut(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield level, title and body of each section, without the blocks that Documenter fills in."""
    level, title = 1, ""
    body: list[str] = []
    fence, skipped = "", False
    for line in text.splitlines():
        if fence:
            if line.strip().startswith(fence):
                fence = ""
                skipped, was_skipped = False, skipped
                if was_skipped:
                    continue
            if skipped:
                continue
        elif opened := _FENCE.match(line):
            fence, skipped = opened[1], bool(_GENERATED.match(line))
            if skipped:
                continue
        elif heading := _HEADING.match(line):
            yield level, title, "\n".join(body).strip()
            level, title, body = len(heading[1]), _plain(heading[2]), []
            continue
        body.append(line)
    yield level, title, "\n".join(body).strip()


def _plain(title: str) -> str:
    if target := _TARGET.match(title):
        title = target[1]
    return title.replace("`", "")
