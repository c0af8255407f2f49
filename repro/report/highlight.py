"""Highlighted source, and diffs, as markup whose text is escaped."""

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JuliaLexer

from repro.text import plain

MOST = 60_000
"""Longest text that is highlighted: the lexer is slow on long ones."""
LINES = 400
"""Most lines of a diff that are shown."""


def julia(text: str) -> Markup:
    """Return Julia source as spans with classes `h-...`; as plain text if it is too long."""
    text = plain(text)
    if len(text) > MOST:
        return Markup.escape(text)
    formatter = HtmlFormatter(nowrap=True, classprefix="h-")
    return Markup(highlight(text, JuliaLexer(stripnl=False), formatter))  # noqa: S704 - it escapes


class Line(NamedTuple):
    """A line of a diff: `add`, `del`, `at` (a position) or `same`."""

    kind: str
    text: str


class Diff(NamedTuple):
    """The changes of a file."""

    file: str
    lines: list[Line]
    left_out: int
    """Lines beyond `LINES`."""

    added: int
    removed: int


def diff(file: str, before: str, after: str) -> Diff:
    """Return the unified diff of two versions."""
    lines = list(_lines(before, after))
    kinds = [line.kind for line in lines]
    return Diff(
        file, lines[:LINES], max(0, len(lines) - LINES), kinds.count("add"), kinds.count("del")
    )


def _lines(before: str, after: str) -> Iterator[Line]:
    kinds = {"+": "add", "-": "del", "@": "at", " ": "same"}
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    for number, line in enumerate(found):
        if number > 1:  # after the two lines that name the files
            yield Line(kinds.get(line[:1], "same"), line)
