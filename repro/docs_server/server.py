"""The MCP server, built with the official SDK: three tools on a read-only index."""

import socket
import sqlite3
import sys
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from repro import __version__
from repro.docs_server import answers
from repro.docs_server.index import about
from repro.errors import UserError

HOST = "127.0.0.1"
PATH = "/mcp"
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

Query = Annotated[str, Field(description="A name, or what you look for in a few words.")]
Module = Annotated[
    str | None, Field(description="Only this module and those inside it, as LinearAlgebra.")
]
Limit = Annotated[int, Field(description=f"Results at most, up to {answers.MOST_HITS}.")]
Name = Annotated[str, Field(description="A name (mul!, Threads.@spawn), or a result's reference.")]
Offset = Annotated[int, Field(description="Where to go on, as a cut answer says.")]
ModuleName = Annotated[str, Field(description="A module, as Base.Threads.")]


def make_server(database: sqlite3.Connection) -> MCPServer[None]:
    """Return a server for an open index.

    The tools run one after another in the server's event loop: each takes milliseconds.
    """
    julia = about(database)
    missing = f" Not here: {', '.join(julia.missing)}." if julia.missing else ""
    server: MCPServer[None] = MCPServer(
        "julia-docs",
        version=__version__,
        instructions=f"Documentation of Julia {julia.julia}: docstrings and manual.{missing}",
        log_level="WARNING",
    )

    @server.tool(annotations=_READS, structured_output=False)
    async def search_docs(query: Query, module: Module = None, limit: Limit = 5) -> str:
        """Search Julia's documentation by name or by words; misspelt names are found, too."""
        return answers.search_docs(database, query, module, limit)

    @server.tool(annotations=_READS, structured_output=False)
    async def get_doc(name: Name, offset: Offset = 0) -> str:
        """The documentation of a name, in full, with its source and version."""
        return answers.get_doc(database, name, offset)

    @server.tool(annotations=_READS, structured_output=False)
    async def list_names(module: ModuleName, offset: Offset = 0) -> str:
        """The documented names of a module, by kind."""
        return answers.list_names(database, module, offset)

    return server


def serve_stdio(database: sqlite3.Connection) -> None:
    """Serve one client on standard input and output until it disconnects."""
    make_server(database).run("stdio")


def serve_http(database: sqlite3.Connection, port: int) -> None:
    """Serve streamable HTTP on this machine only, and print the URL; port 0 selects a free port.

    Raises:
        UserError: the port is taken.
    """
    import uvicorn

    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        raise UserError(f"port {port}: {error.strerror}; give another with --http") from error
    listening.listen()
    app = make_server(database).streamable_http_app(streamable_http_path=PATH, host=HOST)
    sys.stderr.write(f"http://{HOST}:{listening.getsockname()[1]}{PATH}\n")
    sys.stderr.flush()
    config = uvicorn.Config(app, log_level="warning", lifespan="on")
    uvicorn.Server(config).run(sockets=[listening])
