"""Server-sent events: a stream is cut into whole events, so that each passes as it comes."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole events with the blank line that ends each; at last what is left, if anything."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        while found := _END.search(rest):
            yield rest[: found.end()]
            rest = rest[found.end() :]
    if rest:
        yield rest


def data_of(event: bytes) -> str:
    """The event's data; empty for a comment."""
    lines = event.decode("utf-8", errors="replace").splitlines()
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return "\n".join(data)


def json_of(event: bytes) -> dict[str, Any]:
    """The object that is the event's data; empty where it is none."""
    try:
        found = json.loads(data_of(event))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def event_with(data: str | dict[str, Any], name: str | None = None) -> bytes:
    """An event with some data, of a type where the dialect wants one."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()
