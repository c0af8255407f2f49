"""Splits names and questions into words, the same way for the index and for a query."""

import re
from collections.abc import Iterator

from repro.docs_server.roots import root

_IN_PLACE = re.compile(
    r"in[- ]place|without (re)?alloca\w+|preallocated|overwrit\w+", re.IGNORECASE
)
_NONBLOCKING = re.compile(
    r"(without|no|not) (block|wait)ing|non-blocking|in the background", re.IGNORECASE
)
_YES_NO = re.compile(
    r"(is|are|does|do|has|have|can|check (if|whether|that)|tell (if|whether)) ", re.IGNORECASE
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_WORD = re.compile(r"[^\W_]+")
_NAME = r"@?[^\W\d]\w*!?"
_CODE = re.compile(rf"(?:{_NAME}\.)*{_NAME}")
_CALL = re.compile(r"(?<=[\w!])[({\[].*$", re.DOTALL)

STOP_WORDS = {
    "a", "also", "an", "and", "are", "as", "at", "be", "been", "between", "but", "by", "can",
    "could", "do", "does", "doing", "done", "for", "from", "get", "give", "given", "gives", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "julia", "just", "let", "like",
    "made", "make", "me", "must", "my", "need", "no", "not", "of", "on", "one", "or", "our",
    "out", "please", "same", "show", "so", "some", "something", "tell", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "two", "up",
    "use", "used", "uses", "using", "want", "was", "way", "we", "what", "when", "where", "which",
    "while", "who", "whose", "why", "will", "with", "without", "would", "you", "your",
}  # fmt: skip
"""Words too common to distinguish entries, and those that only phrase a question."""


def parts(name: str) -> list[str]:
    """Return a name's words, lower case: `RemoteChannel` is remote channel."""
    return [part.lower() for part in _PARTS.findall(name)]


def fold(name: str) -> str:
    """Return a name without case, `@`, `!`, `_`, blanks and hyphens, which people misremember."""
    return re.sub(r"[@!_\s-]", "", name).lower()


def clean(query: str) -> str:
    """Strip from a question what surrounds a name: backticks, `?`, a call's arguments."""
    text = query.strip().strip("`'\"").strip()
    text = re.sub(r"^(help\?>|\?|using |import )\s*", "", text)
    if " " not in text.split("(")[0].strip():
        text = _CALL.sub("", text) or text
    return text.strip()


def is_name(text: str) -> bool:
    """True if the whole text can be an operator or a Julia name, qualified or not."""
    return bool(_CODE.fullmatch(text)) or not (_WORD.search(text) or " " in text)


def mentions(query: str) -> Iterator[str]:
    """Yield the words of a sentence that can only be names: `Threads.@spawn`, `mul!`, `a_b`."""
    for word in re.split(r"[\s,;:`()\[\]{}]+", query):
        word = word.strip("?.'\"")  # noqa: PLW2901
        marked = "@" in word or "!" in word or "_" in word.strip("_") or "." in word
        if _CODE.fullmatch(word) and (marked or re.search(r"[a-z][A-Z]", word)):
            yield word


def words(text: str) -> list[str]:
    """Return the roots of all words except stop words, in order; parts of a name are words too."""
    found = []
    text = _NONBLOCKING.sub("nonblocking", text.replace("_", " "))
    for raw in _WORD.findall(_IN_PLACE.sub(r"\g<0> inplace", text)):
        forms = dict.fromkeys((raw.lower(), *parts(raw)))
        found += [root(word) for word in forms if word not in STOP_WORDS]
    return found


def asked_words(query: str) -> list[str]:
    """Return the roots of a question's words, each once; a yes-or-no question adds `whether`."""
    found = words(query)
    if _YES_NO.match(query):
        found.append(root("whether"))
    return list(dict.fromkeys(found))


def trigrams(text: str) -> list[str]:
    """Return all runs of three characters, each once; a blank marks the beginning."""
    marked = f" {text}"
    return list(dict.fromkeys(marked[i : i + 3] for i in range(len(marked) - 2)))


def distance(one: str, other: str) -> int:
    """Return the edit distance: insertions, deletions, replacements, swaps of two neighbours."""
    older: list[int] = []
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, above, row = above, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
