"""Does the search find what people and models look for? Measured on the committed questions."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from repro.docs_server.entries import Documentation
from repro.docs_server.index import open_index
from repro.docs_server.search import search

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
    database: sqlite3.Connection, refs: dict[str, set[str]], kind: str, least: float
) -> None:
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
"""Measured: 0.82 (37 of 45); of the half that it was tuned by, 0.98."""


def test_there_are_200_questions_in_two_halves() -> None:
    rows = questions()
    assert len(rows) == len({row["query"] for row in rows}) == 200
    for kind in ("name", "paraphrase", "typo"):
        assert len(questions(kind, "held-out")) == len(questions(kind)) // 2
