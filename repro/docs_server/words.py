"""Names and questions as words: how an index is filled and how it is asked."""

import re
from collections.abc import Iterator

from repro.docs_server.roots import root

_IN_PLACE = re.compile(
    r"in[- ]place|without (re)?alloca\w+|preallocated|overwrit\w+", re.IGNORECASE
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
"""Too common to tell one entry from another; also what people wrap their questions in."""


def parts(name: str) -> list[str]:
    """A name's words, lower case: `RemoteChannel` is remote channel, `atomic_add!` atomic add."""
    return [part.lower() for part in _PARTS.findall(name)]


def fold(name: str) -> str:
    """A name as people misremember it: no case, no `@`, `!`, `_`, blank or hyphen."""
    return re.sub(r"[@!_\s-]", "", name).lower()


def clean(query: str) -> str:
    """A question without what surrounds a name: backticks, `?`, a call's arguments."""
    text = query.strip().strip("`'\"").strip()
    text = re.sub(r"^(help\?>|\?|using |import )\s*", "", text)
    if " " not in text.split("(")[0].strip():
        text = _CALL.sub("", text) or text
    return text.strip()


def is_name(text: str) -> bool:
    """Could this, as a whole, be a Julia name, qualified or not, or an operator?"""
    return bool(_CODE.fullmatch(text)) or not (_WORD.search(text) or " " in text)


def mentions(query: str) -> Iterator[str]:
    """Names in a sentence that can be nothing else: `Threads.@spawn`, `mul!`, `set_num_threads`."""
    for word in re.split(r"[\s,;:`()\[\]{}]+", query):
        word = word.strip("?.'\"")  # noqa: PLW2901
        marked = "@" in word or "!" in word or "_" in word.strip("_") or "." in word
        if _CODE.fullmatch(word) and (marked or re.search(r"[a-z][A-Z]", word)):
            yield word


def words(text: str) -> list[str]:
    """The roots of the words that say something, in order; parts of a name are words too."""
    found = []
    for raw in _WORD.findall(_IN_PLACE.sub(r"\g<0> inplace", text.replace("_", " "))):
        forms = dict.fromkeys((raw.lower(), *parts(raw)))
        found += [root(word) for word in forms if word not in STOP_WORDS]
    return found


def asked_words(query: str) -> list[str]:
    """The words of a question, each once; one that is answered by yes or no asks `whether`."""
    found = words(query)
    if _YES_NO.match(query):
        found.append(root("whether"))
    return list(dict.fromkeys(found))


def trigrams(text: str) -> list[str]:
    """All runs of three characters, with the beginning marked; each once."""
    marked = f" {text}"
    return list(dict.fromkeys(marked[i : i + 3] for i in range(len(marked) - 2)))


def distance(one: str, other: str) -> int:
    """Edits that make `one` the other: insert, delete, replace, swap two neighbours."""
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
