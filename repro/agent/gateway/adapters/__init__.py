"""Adapters: what the gateway changes for a model that does not follow its protocol.

There is one, `fenced-tool-calls`.
"""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from repro.agent.gateway.adapters.fenced_tool_calls import as_text, with_tool_calls
from repro.agent.gateway.dialects import Json
from repro.agent.gateway.events import Event, chat_events
from repro.agent.gateway.upstream import Answer, CutError

__all__ = ["adapt", "as_text"]


def adapt(answer: Answer, request: Json) -> Answer:
    """A whole answer with the tool calls that its text contains, as a stream if that was asked for.

    Args:
        answer: as the provider gave it.
        request: as the agent made it.

    Raises:
        CutError: the answer is not a chat completion.
    """
    text = (answer.body or b"").decode("utf-8", errors="replace")
    try:
        whole = with_tool_calls(json.loads(text), request)
    except (ValueError, LookupError, TypeError):
        raise CutError("the answer is no chat completion") from None
    if not request.get("stream"):
        return replace(answer, body=json.dumps(whole, ensure_ascii=False).encode())
    headers = answer.headers | {"content-type": "text/event-stream"}
    return replace(answer, headers=headers, body=None, events=_one_by_one(chat_events(whole)))


async def _one_by_one(events: Iterable[bytes]) -> AsyncIterator[Event]:
    for event in events:
        yield Event(event)
