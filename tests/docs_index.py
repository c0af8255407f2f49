"""The index of this machine's Julia documentation, made once for all tests, and the questions."""

import csv
from pathlib import Path

import pytest

from repro.container.julia import Julia
from repro.docs_server.entries import Documentation, parse
from repro.docs_server.extract import extract
from repro.docs_server.index import build

QUESTIONS = Path(__file__).with_name("docs_questions.csv")
"""200 about Julia, with the entries that answer them, and 144 about Dagger.jl and MPI.jl.

Of the 200, the ranking was tuned by those of the half `tuning`. The misses of the half `held-out`
were not looked at, but its total was seen while constants were chosen, so that it is somewhat
better than questions of strangers will be. Of the 144, 104 were written and committed before the
packages were ever in an index, in the same two halves; the half `last` came when the phrases of the
vocabulary were there. One person wrote the questions and the phrases.
"""


@pytest.fixture(scope="session")
def docs_lines(julia: Julia) -> str:
    """What Julia tells of its documentation."""
    return extract(julia)


@pytest.fixture(scope="session")
def documentation(docs_lines: str) -> Documentation:
    """The same, read."""
    return parse(docs_lines)


@pytest.fixture(scope="session")
def docs_index(documentation: Documentation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its index; nobody may change it."""
    path = tmp_path_factory.mktemp("docs") / "docs.sqlite"
    build(documentation, path, recipe="of the tests")
    return path


def questions(
    kind: str | None = None, half: str | None = None, package: str = ""
) -> list[dict[str, str]]:
    """The committed questions: kind, half, query, and wanted, references separated by `;`.

    Args:
        kind: name, paraphrase or typo; None: all.
        half: tuning, held-out or last; None: all.
        package: Dagger or MPI; empty: the questions about Julia itself.
    """
    with QUESTIONS.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["package"] == package]
    return [row for row in rows if kind in (None, row["kind"]) and half in (None, row["half"])]
