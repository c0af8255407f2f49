"""Converts a page of Julia's HTML manual to Markdown: headings, paragraphs, lists and code."""

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "pre", "tr", "dt", "dd", "header", "blockquote"}
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_SILENT = {"script", "style", "nav", "head"}
"""Elements without text for readers."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: list[str] = []
        self._code = False
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if self._silent:
            self._silent += [tag] if tag == self._silent[-1] else []
        elif tag in _SILENT or "docstring" in (attributes.get("class") or "").split():
            self._silent.append(tag)
        elif tag == "article":
            self._inside = attributes.get("id") == "documenter-page"
        elif self._inside:
            self._open(tag)

    def _open(self, tag: str) -> None:
        if tag in _HEADINGS:
            self.pieces.append(f"\n\n{_HEADINGS[tag]} ")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in _BLOCKS and self.pieces[-1:] != ["\n- "]:
            self.pieces.append("\n\n")
        elif tag == "td":
            self.pieces.append(" | ")
        if tag == "pre":
            self._code = True
            self.pieces.append("```\n")
        elif tag == "code" and not self._code:
            self.pieces.append("`")

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag == self._silent[-1]:
                self._silent.pop()
        elif tag == "article":
            self._inside = False
        elif tag == "pre":
            self._code = False
            self.pieces.append("\n```\n")
        elif tag == "code" and not self._code:
            self.pieces.append("`")
        elif tag in _HEADINGS:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._inside and not self._silent:
            self.pieces.append(data if self._code else " ".join(f".{data}.".split())[1:-1])


def markdown(html: str) -> str:
    """Return the text of a page made by Documenter.jl, without docstrings, which are entries."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t]+\n", "\n", "".join(parser.pieces))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
