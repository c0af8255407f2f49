"""JSON as weak models write it: the intended value is read, a missing one is never supplied.

Beyond JSON it reads line breaks and unescaped quotes within strings, escapes that JSON does not
have, strings in single, triple or back quotes, keys without quotes, superfluous commas, and text
without the closing brackets at its very end. A string without an end belongs to an answer that was
cut off, and is not read.
"""

import json
import re
from typing import Any

_STRICT = json.JSONDecoder(strict=False)  # line breaks within strings are let through
_SPACE = re.compile(r"\s*")
_BARE = re.compile(r"[A-Za-z_][\w.-]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_HEX = re.compile(r"u([0-9a-fA-F]{4})")
_QUOTES = ('"""', "'''", '"', "'", "`")
_AFTER_STRING = re.compile(r"\s*(?:[}\]]|:|,\s*(?:[\"'}\]]|[A-Za-z_]\w*\s*:)|$)")
"""What follows a quote that ends its string; not just any comma, as in `println("a", x)`."""

_AFTER_MEMBER = re.compile(r"\s*(?:[}\]]\s*[}\],]|[}\]]\s*(?:```|</|$)|,\s*[\"']\w+[\"']\s*:|$)")
"""The same, but stricter, for a string that contains unescaped quotes."""


class UnreadableError(ValueError):
    """The text is not JSON, even loosely."""


def read_loosely(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and the index of its end.

    Raises:
        UnreadableError: there is no value, or it was cut off.
    """
    try:
        return _STRICT.raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    try:
        return _Reader(text).value(start)
    except RecursionError as error:
        raise UnreadableError from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, at: int) -> tuple[Any, int]:
        at = self._skip(at)
        if self._text.startswith("{", at):
            return self._object(at + 1)
        if self._text.startswith("[", at):
            return self._array(at + 1)
        if self._text.startswith(_QUOTES, at):
            return self._string(at)
        if found := _NUMBER.match(self._text, at):
            return json.loads(found[0]), found.end()
        found = _BARE.match(self._text, at)
        if found and found[0] in _WORDS:
            return _WORDS[found[0]], found.end()
        raise UnreadableError

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        while True:
            at, over = self._next(at, "}", begun=bool(members))
            if over:
                return members, at
            key, at = self._key(at)
            at = self._skip(at)
            if not self._text.startswith(":", at):
                raise UnreadableError
            members[key], at = self.value(at + 1)

    def _array(self, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            at, over = self._next(at, "]", begun=bool(items))
            if over:
                return items, at
            item, at = self.value(at)
            items.append(item)

    def _next(self, at: int, closing: str, *, begun: bool) -> tuple[int, bool]:
        """The index of the next member, and False; or the index of the end, and True."""
        at = self._skip(at)
        while self._text.startswith(",", at):
            at = self._skip(at + 1)
        if self._text.startswith(closing, at):
            return at + 1, True
        if begun and (at == len(self._text) or self._text.startswith(("```", "</"), at)):
            return at, True  # only brackets are missing
        return at, False

    def _key(self, at: int) -> tuple[str, int]:
        if self._text.startswith(_QUOTES, at):
            quote = self._text[at]
            end = self._text.find(quote, at + 1)
            if end < 0:
                raise UnreadableError
            return self._text[at + 1 : end], end + 1
        found = _BARE.match(self._text, at)
        if not found:
            raise UnreadableError
        return found[0], found.end()

    def _string(self, at: int) -> tuple[str, int]:
        quote = next(quote for quote in _QUOTES if self._text.startswith(quote, at))
        begin = at + len(quote)
        end = self._end_of_string(begin, quote)
        raw = self._text[begin:end]
        # In back quotes and triple quotes, weak models write text without escapes.
        return (_unescaped(raw) if len(quote) == 1 and quote != "`" else raw), end + len(quote)

    def _end_of_string(self, begin: int, quote: str) -> int:
        """Where the closing quote is: the first with what follows a string behind it."""
        inner, at = 0, begin
        while (at := self._text.find(quote, at)) >= 0:
            if not self._is_escaped(begin, at):
                after = _AFTER_MEMBER if inner else _AFTER_STRING
                if after.match(self._text, at + len(quote)):
                    return at
                inner += 1
            at += 1
        raise UnreadableError

    def _is_escaped(self, begin: int, at: int) -> bool:
        before = self._text[begin:at]
        return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _unescaped(raw: str) -> str:
    """The intended string; a backslash that begins no JSON escape stands for itself."""
    parts, at = [], 0
    while at < len(raw):
        letter = raw[at]
        following = raw[at + 1 : at + 2]
        if letter == "\\" and following in _ESCAPES:
            parts.append(_ESCAPES[following])
            at += 2
        elif letter == "\\" and (found := _HEX.match(raw, at + 1)):
            parts.append(chr(int(found[1], 16)))
            at += 6
        else:
            parts.append(letter)
            at += 1
    return "".join(parts)
