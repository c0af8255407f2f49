"""Does the search find what people and models look for? Measured on the committed questions."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from repro.container.julia import Julia
from repro.docs_server.entries import Documentation
from repro.docs_server.index import open_index
from repro.docs_server.search import search
from repro.docs_server.vocabulary import VOCABULARY

from conftest import skip
from docs_index import questions


@pytest.fixture(scope="module")
def refs(documentation: Documentation) -> dict[str, set[str]]:
    """References of entries by each qualified name, and of sections by their page."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in documentation.entries:
        for name in entry.names:
            found[name].add(entry.ref)
        found[entry.ref.split("#")[0]].add(entry.ref)
    return found


@pytest.fixture(scope="module")
def database(docs_index: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_index(docs_index)) as opened:
        yield opened


def missed(
    database: sqlite3.Connection, asked: list[dict[str, str]], refs: dict[str, set[str]]
) -> list[str]:
    """The questions whose first three hits have none of the wanted entries."""
    found = []
    for row in asked:
        wanted = {ref for name in row["wanted"].split(";") for ref in refs[name]}
        first = [hit.ref for hit in search(database, row["query"], limit=3)]
        if not wanted & {*first}:
            found.append(f"{row['query']} -> {', '.join(first)}")
    return found


def answerable(kind: str, half: str | None, refs: dict[str, set[str]]) -> list[dict[str, str]]:
    """Without a manual, questions that only it answers are left out."""
    rows = questions(kind, half)
    return [row for row in rows if any(refs.get(name) for name in row["wanted"].split(";"))]


@pytest.mark.parametrize(("kind", "least"), [("name", 0.98), ("paraphrase", 0.9), ("typo", 0.9)])
def test_a_wanted_entry_is_among_the_first_three(
    database: sqlite3.Connection, refs: dict[str, set[str]], julia: Julia, kind: str, least: float
) -> None:
    if kind == "paraphrase" and not julia.version.startswith("1.5."):
        least = 0.85  # the ranking was tuned with 1.5.3; 1.12 documents twice as many names
    asked = answerable(kind, None, refs)
    assert len(asked) > 0.9 * len(questions(kind))
    failed = missed(database, asked, refs)
    assert 1 - len(failed) / len(asked) >= least, "\n".join(failed)


def test_the_half_that_was_not_tuned_by_is_found_nearly_as_well(
    database: sqlite3.Connection, refs: dict[str, set[str]]
) -> None:
    asked = answerable("paraphrase", "held-out", refs)
    failed = missed(database, asked, refs)
    assert 1 - len(failed) / len(asked) >= HELD_OUT, "\n".join(failed)


HELD_OUT = 0.8
"""Measured: 0.84 (38 of 45); of the half that it was tuned by, 0.98."""

OF_PACKAGES = {("name", "held-out"): 0.95, ("paraphrase", "tuning"): 0.9,
               ("paraphrase", "held-out"): 0.78, ("paraphrase", "last"): 0.8}  # fmt: skip
"""Measured, for both packages together: 1; 0.94 (30 of 32); 0.81 (26 of 32); 0.85 (34 of 40).

The misses of `held-out` were not looked at, but its total was seen whenever phrases were added.
Those of `last` were written when the phrases were there, and 0.75 (30 of 40) were found; then their
misses were looked at, and one rule was added: variants of a name do not fill the first places.
"""


@pytest.mark.parametrize(("kind", "half"), OF_PACKAGES)
def test_questions_about_packages_are_answered(
    database: sqlite3.Connection, refs: dict[str, set[str]], julia: Julia, kind: str, half: str
) -> None:
    for name in ("Dagger", "MPI"):
        if name not in julia.packages:
            skip(f"{name}.jl")
    asked = questions(kind, half, "Dagger") + questions(kind, half, "MPI")
    assert all(any(refs.get(name) for name in row["wanted"].split(";")) for row in asked)
    failed = missed(database, asked, refs)
    assert 1 - len(failed) / len(asked) >= OF_PACKAGES[kind, half], "\n".join(failed)


def test_every_phrase_is_of_a_name_that_is_documented(
    documentation: Documentation, julia: Julia
) -> None:
    if set(julia.packages) < {"Dagger", "MPI"}:
        skip("Dagger.jl and MPI.jl")
    for package, told in VOCABULARY.glosses.items():
        known = {e.name.strip("@!").lower() for e in documentation.entries if e.module == package}
        assert told.keys() <= known, package


def test_there_are_200_questions_in_two_halves() -> None:
    rows = questions()
    assert len(rows) == len({row["query"] for row in rows}) == 200
    for kind in ("name", "paraphrase", "typo"):
        assert len(questions(kind, "held-out")) == len(questions(kind)) // 2
