"""Serving a socket: each request is read, given to a handler, and dropped if the agent leaves."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from repro.agent.gateway.agent_side import Incoming, Message, Reply, Send
from repro.errors import UserError

_Receive = Callable[[], Awaitable[Message]]

MOST_BYTES = 64 * 2**20
"""Of a request; a full context window takes a few megabytes."""

_LONGEST_SOCKET = 100
"""Bytes of a UNIX socket's path; the kernel allows 107."""

_GRACE_SECONDS = 1
_JOIN_SECONDS = 10.0


class Handler(Protocol):
    """Answers requests."""

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Answer one request; cancelled when the other side goes away."""

    async def close(self) -> None:
        """No more requests will come."""


class App:
    """A handler as an ASGI application."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.failure: Exception | None = None
        """The first error of the handler itself."""

    async def __call__(self, scope: Message, receive: _Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return
        if not isinstance(body, dict) or self.failure:
            problem = "the gateway failed" if self.failure else "the body is no JSON object"
            await JSONResponse({"error": {"message": problem}}, 400)(scope, receive, send)
            return
        incoming = Incoming(request.method, request.url.path, request.headers, body)
        work = asyncio.create_task(self._work(incoming, Reply(send)))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _live(self, receive: _Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._handler.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _work(self, incoming: Incoming, reply: Reply) -> None:
        try:
            await self._handler.handle(incoming, reply)
        except Exception as error:  # noqa: BLE001 - raised again where the server was started
            self.failure = self.failure or error
            if not reply.begun:
                await reply.json(400, {"error": {"message": "the gateway failed"}})


async def _body(request: Request) -> Any:
    """The JSON value of the body; None: it is not JSON, or too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            return None
    with suppress(ValueError, RecursionError):
        return json.loads(bytes(data) or b"{}")
    return None


async def _gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def unix_socket(path: Path) -> socket.socket:
    """A socket that listens at `path`, for this user only.

    Raises:
        UserError: the path is too long, or the socket cannot be made.
    """
    if len(bytes(path)) > _LONGEST_SOCKET:
        raise UserError(
            f"{path}: too long for the path of a socket; set TMPDIR to a shorter directory"
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UserError(f"{path}: cannot make a socket: {error.strerror}") from error
    return listener


def loopback_socket() -> socket.socket:
    """A socket that listens on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    # Accepted connections inherit it; else each small piece waits 40 ms for the last one's ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def serving(handler: Handler, listener: socket.socket) -> Iterator[None]:
    """Answer requests on a listening socket, from a thread that ends with the block.

    Raises:
        Exception: the first error of the handler, when the block ends.
    """
    app = App(handler)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    # A daemon thread ends with its process.
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="gateway", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_JOIN_SECONDS)
        listener.close()
    if app.failure:
        raise app.failure
