"""Words that people use for one another, about programs and about matrices."""

from repro.docs_server.roots import root
from repro.docs_server.vocabulary import VOCABULARY

_OTHERS: dict[str, list[str]] = {}
for _group in VOCABULARY.synonyms:
    _roots = [root(_word.replace("-", "")) for _word in _group]
    for _one in _roots:
        _known = _OTHERS.setdefault(_one, [])
        _known += [_other for _other in _roots if _other != _one and _other not in _known]


def others(word: str) -> list[str]:
    """Return the roots of the words that mean the same as the word with this root."""
    return _OTHERS.get(word, [])
