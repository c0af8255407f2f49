"""The index file, the tools' answers, and the server as the SDK's own client sees it."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import mcp
import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters

from repro.cli.docs_command import command
from repro.container.julia import Julia
from repro.docs_server import answers
from repro.docs_server.documents import aliases
from repro.docs_server.entries import Documentation, parse
from repro.docs_server.index import about, build, open_index
from repro.docs_server.make import is_current
from repro.docs_server.search import search
from repro.docs_server.words import clean, distance, is_name, mentions, parts
from repro.errors import UserError

SERVE = ["-m", "repro", "docs", "serve"]


@pytest.fixture(scope="module")
def database(docs_index: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_index(docs_index)) as opened:
        yield opened


def test_the_same_documentation_gives_the_same_bytes(
    docs_lines: str, docs_index: Path, tmp_path: Path
) -> None:
    shuffled = [*reversed(parse(docs_lines).entries)]
    again = Documentation(parse(docs_lines).version, parse(docs_lines).missing, tuple(shuffled))
    build(again, tmp_path / "again.sqlite", recipe="of the tests")
    assert (tmp_path / "again.sqlite").read_bytes() == docs_index.read_bytes()


def test_another_text_gives_another_content(documentation: Documentation, tmp_path: Path) -> None:
    fewer = Documentation(documentation.version, {}, documentation.entries[1:])
    whole = build(documentation, tmp_path / "whole.sqlite", "x")
    assert build(fewer, tmp_path / "fewer.sqlite", "x").content != whole.content


def test_an_index_is_read_where_nothing_can_be_written(docs_index: Path, tmp_path: Path) -> None:
    place = tmp_path / "read only?#%20"
    place.mkdir()
    shutil.copy(docs_index, place / "docs.sqlite")
    (place / "docs.sqlite").chmod(0o444)
    place.chmod(0o555)
    with closing(open_index(place / "docs.sqlite")) as opened:
        assert search(opened, "mul!")[0].ref == "LinearAlgebra.mul!"
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            opened.execute("DELETE FROM entry")
    assert [path.name for path in place.iterdir()] == ["docs.sqlite"]
    place.chmod(0o755)


def test_a_missing_a_damaged_and_a_foreign_index_are_one_line_each(
    docs_index: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no index of Julia's documentation; make one with"):
        open_index(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database" * 1000)
    with pytest.raises(UserError, match="damaged"):
        open_index(tmp_path / "text.sqlite")
    other = Path(shutil.copy(docs_index, tmp_path / "other.sqlite"))
    with closing(sqlite3.connect(other)) as changed:
        changed.execute("UPDATE about SET value = '0' WHERE key = 'format'")
        changed.commit()
    with pytest.raises(UserError, match="another version"):
        open_index(other)


def test_a_module_filter_keeps_to_the_module(database: sqlite3.Connection) -> None:
    for module in ("LinearAlgebra.BLAS", "blas"):
        hits = search(database, "matrix", module, 10)
        assert len(hits) == 10
        assert {hit.module for hit in hits} == {"LinearAlgebra.BLAS"}
    assert {hit.module for hit in search(database, "atomic", "Threads")} == {"Base.Threads"}


def test_a_name_in_a_sentence_comes_first(database: sqlite3.Connection) -> None:
    for query, wanted in (
        ("how does Threads.@spawn schedule tasks?", "Base.Threads.@spawn"),
        ("what does mul! do with five arguments", "LinearAlgebra.mul!"),
        ("BLAS set num threads", "LinearAlgebra.BLAS.set_num_threads"),
    ):
        assert search(database, query)[0].ref == wanted


@pytest.mark.parametrize(
    "query",
    ['"', "'", "*", "NEAR(", "a AND", "-", "^", "(", "\\", "x" * 5000, "\0", "ä", "😀", "NOT", ":",
     "a:b", "{", "@", "!", ".", "..", "Base.", "SELECT 1; DROP TABLE entry", " ", "\n"],
)  # fmt: skip
def test_no_query_breaks_the_tools(database: sqlite3.Connection, query: str) -> None:
    for answer in (
        answers.search_docs(database, query),
        answers.search_docs(database, "map", query),
        answers.get_doc(database, query),
        answers.list_names(database, query),
    ):
        assert answer.strip()
        assert len(answer) < 10_000


def test_answers_name_source_and_version(database: sqlite3.Connection) -> None:
    version = about(database).julia
    text = answers.search_docs(database, "cholesky", limit=1)
    assert re.search(
        rf"\[LinearAlgebra/src/cholesky.jl:\d+( and \d more)?; Julia {version}\]", text
    )
    text = answers.get_doc(database, "cholesky!")
    assert re.match(r"# LinearAlgebra.cholesky! \(function\)\nSource: LinearAlgebra/src/", text)
    assert f"Julia {version}" in text


def test_a_long_answer_is_cut_and_says_how_to_go_on(
    database: sqlite3.Connection, documentation: Documentation
) -> None:
    longest = max(documentation.entries, key=lambda entry: len(entry.text))
    whole, offset = "", 0
    while True:
        answer = answers.get_doc(database, longest.ref, offset)
        assert len(answer) < answers.MOST_CHARACTERS + 200
        found = re.search(r"\n\n\[cut: .*offset=(\d+)\) goes on\]$", answer)
        whole += answer[: found.start()] if found else answer
        if not found:
            break
        offset = int(found[1])
    assert whole.endswith(longest.text)
    assert offset


def test_a_name_that_several_have_gives_all(database: sqlite3.Connection) -> None:
    text = answers.get_doc(database, "@spawn")
    assert "# Distributed.@spawn (macro)" in text
    assert "# Base.Threads.@spawn (macro)" in text


def test_an_unknown_name_gets_near_ones(database: sqlite3.Connection) -> None:
    text = answers.get_doc(database, "choleksy")
    assert "No entry is named 'choleksy'" in text
    assert "LinearAlgebra.cholesky" in text


def test_names_of_a_module_are_listed_in_parts(database: sqlite3.Connection) -> None:
    assert "@threads" in answers.list_names(database, "Threads")
    text = answers.list_names(database, "LinearAlgebra")
    assert "cholesky!" in text
    assert "modules inside: LinearAlgebra.BLAS, LinearAlgebra.LAPACK" in text
    seen, offset = 0, 0
    while True:
        text = answers.list_names(database, "Base", offset)
        seen += sum(line.count(", ") + 1 for line in text.splitlines()[1:] if ": " in line[:12])
        if not (found := re.search(r"offset=(\d+)", text)):
            break
        offset = int(found[1])
    assert offset
    assert seen >= int(re.findall(r"Base: (\d+) documented", text)[0])


def test_what_is_not_installed_is_said_with_the_reason(
    documentation: Documentation, tmp_path: Path
) -> None:
    path = tmp_path / "docs.sqlite"
    without = Documentation(
        documentation.version, {"Dagger": "not installed"}, documentation.entries
    )
    build(without, path, "x")
    with closing(open_index(path)) as opened:
        text = answers.search_docs(opened, "spawn", "Dagger")
        assert (
            text
            == "The documentation of Dagger is not here: not installed where the index was made."
        )
        assert "Did you mean LinearAlgebra or" in answers.list_names(opened, "LinearAlgebr")
        assert "Not in this index: Dagger" in answers.get_doc(opened, "Dagger.@spawn")


def test_every_alias_of_an_entry_finds_it(
    database: sqlite3.Connection, documentation: Documentation
) -> None:
    for entry in documentation.entries[::20]:
        for name in aliases(entry):
            assert entry.ref in [hit.ref for hit in search(database, name, limit=20)], name


def test_names_and_questions_are_told_apart() -> None:
    assert clean("`mul!(C, A, B)`") == "mul!"
    assert clean("?Threads.@spawn") == "Threads.@spawn"
    assert clean("what is mul!(C, A, B)") == "what is mul!(C, A, B)"
    assert all(is_name(name) for name in ("@threads", "BLAS.gemm!", "\\", "|>", "Threads.@spawn"))
    assert not any(is_name(text) for text in ("run a loop", "a+b", ""[:0] + "x y"))
    assert [*mentions("use BLAS.gemm! or set_num_threads, e.g. in RemoteChannel.")] == [
        "BLAS.gemm!", "set_num_threads", "e.g", "RemoteChannel",
    ]  # fmt: skip
    assert parts("RemoteChannel") == ["remote", "channel"]
    assert parts("atomic_add!") == ["atomic", "add"]
    assert [distance(*pair) for pair in (("ab", "ba"), ("spwan", "spawn"), ("", "ab"))] == [1, 1, 2]


async def _use(server: StdioServerParameters | str) -> None:
    """Everything that a client can ask, by the SDK's own client."""
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search_docs", "get_doc", "list_names"}
        assert tools["search_docs"].input_schema["required"] == ["query"]
        assert all(tool.description for tool in tools.values())
        for name, arguments, wanted in (
            ("search_docs", {"query": "in-place matrix product"}, "LinearAlgebra.mul!"),
            ("search_docs", {"query": "gemm", "module": "BLAS", "limit": 1}, "BLAS.gemm"),
            ("get_doc", {"name": "Threads.@threads"}, "Base.Threads.@threads (macro)"),
            ("list_names", {"module": "Distributed"}, "addprocs"),
            ("get_doc", {"name": "no such thing at all"}, "No entry is named"),
        ):
            result = await client.call_tool(name, arguments)
            (content,) = result.content
            assert isinstance(content, mcp.types.TextContent)
            assert wanted in content.text
            assert not result.is_error
        wrong = await client.call_tool("search_docs", {"query": "x", "limit": "many"})
        assert wrong.is_error


def test_the_sdk_s_client_over_stdio(docs_index: Path) -> None:
    asyncio.run(_use(StdioServerParameters(
        command=sys.executable, args=[*SERVE, "--index", str(docs_index)]
    )))  # fmt: skip


@contextmanager
def serving(index: Path) -> Iterator[str]:
    """The address of a server on a free port."""
    words = [sys.executable, *SERVE, "--http", "0", "--index", str(index)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            yield server.stderr.readline().strip()
        finally:
            server.terminate()
            server.wait()


def test_the_sdk_s_client_over_http(docs_index: Path) -> None:
    with serving(docs_index) as address:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/mcp", address)
        asyncio.run(_use(address))


def test_a_port_that_is_taken_is_one_line(docs_index: Path) -> None:
    with serving(docs_index) as address:
        port = address.split(":")[2].split("/")[0]
        words = [sys.executable, *SERVE, "--http", port, "--index", str(docs_index)]
        second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert (
        second.stderr == f"repro: port {port}: Address already in use; give another with --http\n"
    )


def test_without_an_index_the_server_says_what_to_do(tmp_path: Path) -> None:
    environment = os.environ | {"REPRO_DOCS_INDEX": str(tmp_path / "none")}
    words = [sys.executable, *SERVE]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no index of Julia's documentation; make one with `repro docs build`" in done.stderr


def test_the_command_line_builds_and_searches_and_knows_what_is_current(
    tmp_path: Path, julia: Julia, docs_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "docs.sqlite"
    run = CliRunner().invoke
    told = run(command, ["build", "--dry-run", "--index", str(path)], catch_exceptions=False)
    assert f"would make {path} from Julia {julia.version}" in told.output
    assert not path.exists()
    assert not is_current(julia, path)
    told = run(command, ["build", "--index", str(path)], catch_exceptions=False)
    assert f"documentation of Julia {julia.version}" in told.output
    asked = ["search", "gemm!", "--limit", "2", "--index", str(path)]
    assert "1. LinearAlgebra.BLAS.gemm!" in run(command, asked, catch_exceptions=False).output
    hits = json.loads(run(command, [*asked, "--json"], catch_exceptions=False).output)
    assert hits[0]["ref"] == "LinearAlgebra.BLAS.gemm!"
    assert len(hits) == 2
    assert is_current(julia, path)
    assert not is_current(julia, docs_index)
    monkeypatch.setattr("repro.docs_server.extract.MODULES", ("Base",))
    assert not is_current(julia, path)
