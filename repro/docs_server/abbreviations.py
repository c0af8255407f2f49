"""Splits names into the words that people use: `argmin` is index minimum, `nprocs` number process.

Julia writes names as one word and shortens them. A part of a name is split where both sides are
words of the documentation or abbreviations of the vocabulary.
"""

from collections.abc import Container
from functools import cache

from repro.docs_server.vocabulary import VOCABULARY

_ALONE = {"h", "l", "n", "r", "v"}
"""Too short to count anywhere except in front."""

_SHORT = {"to", "at", "in", "by", "of", "un"}
_LONG = 3
"""Letters of a word that may be a piece of another."""


def spoken(parts: list[str], known: Container[str]) -> list[list[str]]:
    """Return the pieces of a name, each as the words it stands for, the best word first.

    Args:
        parts: the parts of the name, lower case.
        known: the words of the documentation.
    """
    pieces = [
        piece
        for part in parts
        for piece in ([part] if part in VOCABULARY.abbreviations else split(part, known) or [part])
    ]
    return [VOCABULARY.abbreviations.get(piece, piece).split() for piece in pieces]


def split(part: str, known: Container[str]) -> list[str]:
    """Split a part of a name into as few words as possible; empty if it cannot be split."""

    def is_piece(start: int, end: int) -> bool:
        piece = part[start:end]
        if piece in _ALONE:
            return start == 0
        if piece in VOCABULARY.abbreviations or piece in _SHORT:
            return True
        return len(piece) >= _LONG and piece in known and (start, end) != (0, len(part))

    @cache
    def best(start: int) -> tuple[str, ...] | None:
        if start == len(part):
            return ()
        ways = [
            (part[start:end], *rest)
            for end in range(start + 1, len(part) + 1)
            if is_piece(start, end) and (rest := best(end)) is not None
        ]
        return min(ways, key=lambda way: (len(way), [-len(piece) for piece in way]), default=None)

    return [*(best(0) or ())]
