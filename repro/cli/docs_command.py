"""`repro docs`: the index of Julia's documentation, its MCP server, and a search from the shell."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from repro.cli import options, say
from repro.docs_server.index import About, default_index, open_index

F = TypeVar("F", bound=Callable[..., Any])


def _index(function: F) -> F:
    return click.option(
        "--index",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The index.  [default: $REPRO_DOCS_INDEX, or .toolchain/docs/docs.sqlite]",
    )(function)


@click.group()
def command() -> None:
    """Julia's documentation for an agent: make the index, serve it by MCP, search it."""


@command.command()
@_index
@options.dry_run
def build(index: Path | None, *, dry_run: bool) -> None:
    """Build the index from the documentation of the Julia in use.

    It contains Julia's docstrings, those of installed packages, and the manual if Julia's
    distribution includes it. It lists packages that are not installed. The same documentation
    gives the same index.
    """
    from repro.container.julia import find_julia
    from repro.docs_server.make import make_index

    path, julia = index or default_index(), find_julia()
    if dry_run:
        say.echo(f"would make {path} from Julia {julia.version} ({julia.origin}): {julia.path}")
        return
    say.echo(told(make_index(julia, path), path))


def told(about: About, path: Path) -> str:
    """Describe an index in two lines."""
    missing = "".join(f"; without {name}: {why}" for name, why in about.missing.items())
    return (
        f"documentation of Julia {about.julia}: {about.entries} entries{missing}\n"
        f"{path}: entries sha256 {about.content}"
    )


@command.command()
@click.option(
    "--http",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve streamable HTTP on this port of 127.0.0.1 instead of stdio; 0 for a free port.",
)
@_index
def serve(http: int | None, index: Path | None) -> None:
    """Serve the index by MCP on standard input and output, or over HTTP with --http.

    The tools are search_docs, get_doc and list_names.
    """
    database = open_index(index or default_index())
    from repro.docs_server.server import serve_http, serve_stdio

    if http is None:
        serve_stdio(database)
    else:
        serve_http(database, http)


@command.command()
@click.argument("query")
@click.option("--module", metavar="M", help="Search only this module and its submodules.")
@click.option(
    "--limit", default=5, show_default=True, type=click.IntRange(1, 20), help="Most results shown."
)
@_index
@options.as_json
def search(
    query: str, module: str | None, limit: int, index: Path | None, *, as_json: bool
) -> None:
    """Search as an agent does: QUERY is a name, or a few words."""
    from repro.docs_server import answers
    from repro.docs_server.search import search as find

    database = open_index(index or default_index())
    if as_json:
        hits = [asdict(hit) for hit in find(database, query, module, limit)]
        say.echo(json.dumps(hits, indent=2, ensure_ascii=False))
    else:
        say.echo(answers.search_docs(database, query, module, limit))
