"""The agent's side of an exchange: its request, and the reply to it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Incoming:
    """A request of the agent."""

    method: str
    path: str
    headers: Headers
    body: dict[str, Any]


class Reply:
    """The reply to a request: sent whole, or begun, sent in pieces, and ended.

    A reply that was begun and not ended is cut: the other side finds its connection closed.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers."""
        self.begun = True
        raw = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def piece(self, data: bytes) -> None:
        """Send a piece of the body, at once."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        # Sending may not wait for anything; only a pause shows whether the other side is gone.
        await asyncio.sleep(0)

    async def end(self) -> None:
        """End the reply."""
        await self._send({"type": "http.response.body", "body": b""})

    async def whole(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        """Send everything."""
        await self.begin(status, {**headers, "content-length": str(len(data))})
        await self._send({"type": "http.response.body", "body": data})

    async def json(self, status: int, value: Any) -> None:
        """Send a JSON value."""
        data = json.dumps(value, ensure_ascii=False).encode()
        await self.whole(status, {"content-type": "application/json"}, data)
