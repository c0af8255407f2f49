"""The word lists of the search, read once from `vocabulary.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("vocabulary.toml")


@dataclass(frozen=True)
class Vocabulary:
    """Abbreviations and synonyms, and the meaning of the names of BLAS and LAPACK routines."""

    abbreviations: dict[str, str]
    """Pieces of names, such as `arg`, and the words they stand for, the best first."""

    synonyms: tuple[tuple[str, ...], ...]
    """Groups of words that people use for one another."""

    matrices: dict[str, str]
    """The kind of matrix, by the first two letters of a routine's name."""

    operations: dict[str, str]
    """The operation, by the other letters."""

    factorizations: dict[str, str]
    """What a factorization is called, by the routine's whole name."""

    glosses: dict[str, dict[str, list[str]]]
    """Phrases for names of packages: by package, then by name without case, `@` and `!`."""


def _read() -> Vocabulary:
    with PATH.open("rb") as stream:
        content = tomllib.load(stream)
    groups = (group for topic in content["synonyms"].values() for group in topic)
    return Vocabulary(
        abbreviations=content["abbreviations"],
        synonyms=tuple(tuple(group.split()) for group in groups),
        glosses=content["glosses"],
        **content["blas"],
    )


VOCABULARY = _read()
