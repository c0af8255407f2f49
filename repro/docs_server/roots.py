"""Reduces words of the documentation to their roots, so that all forms of a word match.

Stronger than Porter's stemmer, which separates `compare` from `comparison` and `transpose` from
`transposition`, and weaker where programmers need it: `determinant` is not `determine`.
"""

from functools import lru_cache

_IRREGULAR = {
    "matrices": "matrix", "indices": "index", "indexes": "index", "vertices": "vertex",
    "taken": "take", "running": "run", "ran": "run", "written": "write", "wrote": "write",
    "began": "begin", "chosen": "choose", "sent": "send", "summation": "sum", "inverse": "invert",
    "inversion": "invert", "triangle": "triangular", "processes": "process", "process": "process",
    "processor": "processor", "does": "do", "less": "less", "pass": "pass", "access": "access",
    "neighbour": "neighbor", "neighbours": "neighbor", "colour": "color", "colours": "color",
    "class": "class", "address": "address", "across": "across",
}  # fmt: skip
"""Forms that no rule for endings covers."""

_ENDINGS = (
    ("olutions", "olv"), ("olution", "olv"), ("uctions", "uc"), ("uction", "uc"),
    ("isions", "id"), ("ision", "id"), ("ications", ""), ("ication", ""), ("icated", ""),
    ("izations", ""), ("ization", ""), ("isations", ""), ("isation", ""), ("izing", ""),
    ("ized", ""), ("izes", ""), ("ize", ""), ("ising", ""), ("ised", ""), ("ise", ""),
    ("ations", ""), ("ation", ""), ("ating", ""), ("ated", ""), ("ates", ""), ("ately", ""),
    ("ate", ""), ("itions", ""), ("ition", ""), ("isons", ""), ("ison", ""), ("ments", ""),
    ("ment", ""), ("ances", ""), ("ance", ""), ("ences", ""), ("ence", ""), ("ities", ""),
    ("ity", ""), ("ically", ""), ("ables", ""), ("able", ""), ("ibles", ""),
    ("ible", ""), ("ings", ""), ("ing", ""), ("ions", ""), ("ion", ""), ("ers", ""),
    ("er", ""), ("plies", "pl"), ("plied", "pl"), ("ply", "pl"),
    ("ies", "y"), ("ied", "y"), ("edly", ""), ("ed", ""), ("ely", ""),
    ("ly", ""), ("es", ""), ("s", ""),
)  # fmt: skip
"""The first ending that fits and leaves enough letters is replaced."""

_ENOUGH, _FEW, _ONE = 4, 3, 1
"""Letters that must be left: in general; before an ending that does not change the meaning; before
an ending that is replaced by another."""

_PLAIN = ("ing", "ed", "es", "s")


@lru_cache(maxsize=100_000)
def root(word: str) -> str:
    """Return the root of a lower-case word; it need not be a word itself."""
    word = _IRREGULAR.get(word, word)
    if word in _IRREGULAR.values() or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        left = len(word) - len(ending)
        if word.endswith(ending) and left >= _least(ending, instead):
            word = word[:left] + instead
            break
    if len(word) > _ENOUGH and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.rstrip("e") if len(word) > _FEW else word


def _least(ending: str, instead: str) -> int:
    if instead:
        return _ONE
    return _FEW if ending in _PLAIN else _ENOUGH
