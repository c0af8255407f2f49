"""A real HTTP server that answers from a script, in all three dialects.

It stands in for paid models in tests, and never claims to be one.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from repro.agent.gateway.agent_side import Incoming, Reply
from repro.agent.gateway.dialects import Dialect, dialect_of
from repro.agent.gateway.scripted.answers import whole_answer
from repro.agent.gateway.scripted.script import Fault, Script, Turn
from repro.agent.gateway.server import loopback_socket, serving

_ERRORS: dict[Fault, tuple[int, str, str]] = {
    "unauthorized": (401, "invalid_api_key", "Incorrect API key provided: {key}"),
    "unknown-model": (404, "model_not_found", "The model {model} does not exist"),
    "bad-option": (400, "unsupported_value", "Unsupported value:\n'temperature' must be 1"),
    "too-long": (400, "context_length_exceeded", "This model's context window is exceeded"),
    "no-quota": (429, "insufficient_quota", "You exceeded your current quota"),
    "rate-limit": (429, "rate_limit_exceeded", "Rate limit reached"),
    "server-error": (500, "server_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "late-overloaded": (200, "overloaded_error", "Overloaded"),
}
_DONE = Turn(text="Done.")


@dataclass
class Scripted:
    """The provider, while it serves."""

    script: Script
    endpoint: str = ""
    """The value for a model's `endpoint`."""

    requests: list[Incoming] = field(default_factory=list)
    """The requests so far, in order."""

    _turns: Iterator[Turn] | None = None

    def __post_init__(self) -> None:
        self._turns = (turn for turn in self.script.turn for _ in range(turn.times))

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Answer with the next turn."""
        self.requests.append(incoming)
        dialect = dialect_of(incoming.path)
        if dialect is None:
            await reply.json(404, {"error": {"message": "no such path"}})
            return
        turn = self._next(incoming)
        if turn.fault in _ERRORS:
            await _error(turn, dialect, incoming, reply)
        elif turn.fault == "stall":
            await asyncio.Event().wait()
        else:
            await _answer(turn, len(self.requests), dialect, incoming, reply)

    async def close(self) -> None:
        """Nothing is open."""

    def _next(self, incoming: Incoming) -> Turn:
        if self.script.title is not None and not incoming.body.get("tools"):
            return Turn(text=self.script.title)
        assert self._turns is not None  # noqa: S101 - set when it was made
        return next(self._turns, _DONE)


@contextmanager
def scripted_provider(script: Script) -> Iterator[Scripted]:
    """Serve a script on a free port of 127.0.0.1."""
    listener = loopback_socket()
    provider = Scripted(script, f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    with serving(provider, listener):
        yield provider


async def _error(turn: Turn, dialect: Dialect, incoming: Incoming, reply: Reply) -> None:
    assert turn.fault is not None  # noqa: S101 - for the type checker
    status, code, text = _ERRORS[turn.fault]
    shown = incoming.headers.get("x-api-key") or incoming.headers.get("authorization", "")
    key = shown.removeprefix("Bearer ")
    said = dialect.error(text.format(key=key, model=incoming.body.get("model")), code)
    if status == 200:  # noqa: PLR2004 - HTTP's
        await reply.begin(status, {"content-type": "text/event-stream"})
        await reply.piece(dialect.error_event(text, code))
        await reply.end()
        return
    headers = {"content-type": "application/json"}
    if turn.retry_after is not None:
        headers["retry-after"] = f"{turn.retry_after:g}"
    await reply.whole(status, headers, json.dumps(said).encode())


async def _answer(
    turn: Turn, number: int, dialect: Dialect, incoming: Incoming, reply: Reply
) -> None:
    whole, events = whole_answer(turn, number, str(incoming.body.get("model")), dialect)
    if not incoming.body.get("stream"):
        await _whole(turn, whole, reply)
        return
    pieces = list(events)
    await reply.begin(200, {"content-type": "text/event-stream"})
    if turn.fault is not None:
        pieces = pieces[: len(pieces) // 2]
    for piece in pieces:
        await reply.piece(piece)
    if turn.fault == "malformed":
        await reply.piece(b'data: {"choices": [{"delta": {"content": "x"\n\ndata: %%%\n\n')
    if turn.fault == "stall-midway":
        await asyncio.Event().wait()
    while turn.fault == "pings":
        await reply.piece(b": still here\n\n")
        await asyncio.sleep(0.01)
    if turn.fault != "cut":
        await reply.end()


async def _whole(turn: Turn, whole: dict[str, Any], reply: Reply) -> None:
    data = json.dumps(whole).encode()
    if turn.fault is None:
        await reply.whole(200, {"content-type": "application/json"}, data)
        return
    await reply.begin(200, {"content-type": "application/json"})
    await reply.piece(data[: len(data) // 2])
    if turn.fault in {"stall-midway", "pings"}:
        await asyncio.Event().wait()
    if turn.fault != "cut":
        await reply.end()
