"""What the gateway mends in the answers of a model that needs it."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from repro.agent.gateway.dialects import Json
from repro.agent.gateway.fenced_tool_calls import with_tool_calls
from repro.agent.gateway.forward import Answer, CutError
from repro.agent.gateway.record import Exchange
from repro.agent.gateway.streaming import chat_events

OK = 200


def adapt(answer: Answer, request: Json, exchange: Exchange) -> Answer:
    """The answer with the calls that the model has fenced, as a stream if one was asked for.

    What the model really said is kept in the exchange, as `unadapted`.

    Raises:
        CutError: the answer is no chat completion.
    """
    if answer.status != OK:
        return answer
    text = (answer.body or b"").decode("utf-8", errors="replace")
    exchange["unadapted"] = text
    try:
        whole = with_tool_calls(json.loads(text), request)
    except (ValueError, LookupError, TypeError):
        raise CutError("the answer is no chat completion") from None
    headers = exchange["response"]["headers"]
    if not request.get("stream"):
        return replace(answer, body=json.dumps(whole, ensure_ascii=False).encode())
    headers["content-type"] = "text/event-stream"
    return replace(answer, body=None, events=_one_by_one(chat_events(whole)))


async def _one_by_one(events: Iterable[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event
