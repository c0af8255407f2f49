"""Server-sent events: a stream cut into whole events, and a whole answer made into a stream."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

PIECE = 400
"""Characters of text in an event, where a whole answer is made into a stream."""

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    raw: bytes
    """All of it, with the blank line that ends it."""

    data: str = field(init=False)
    """Empty for a comment."""

    json: Json = field(init=False)
    """The data as a JSON object; empty if it is not one."""

    def __post_init__(self) -> None:
        lines = self.raw.decode("utf-8", errors="replace").splitlines()
        data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
        object.__setattr__(self, "data", "\n".join(data))
        object.__setattr__(self, "json", _object(self.data))


def _object(data: str) -> Json:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Whole events, each as it comes; at the end whatever is left."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        while found := _END.search(rest):
            yield Event(rest[: found.end()])
            rest = rest[found.end() :]
    if rest:
        yield Event(rest)


def event_with(data: str | Json, name: str | None = None) -> bytes:
    """An event with some data, of a type where the dialect has one."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def chat_events(whole: Json) -> Iterator[bytes]:
    """A chat completion as chunks; the usage has a chunk of its own."""
    head = {name: whole.get(name) for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"

    def chunk(delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return event_with({**head, "choices": [choice]})

    choice = whole["choices"][0]
    message = choice["message"]
    yield chunk({"role": "assistant", "content": ""})
    for text in _pieces(message.get("content") or ""):
        yield chunk({"content": text})
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        begin = {"name": function["name"], "arguments": ""}
        yield chunk({"tool_calls": [{**call, "index": index, "function": begin}]})
        for text in _pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
    yield chunk({}, choice["finish_reason"])
    if whole.get("usage"):
        yield event_with({**head, "choices": [], "usage": whole["usage"]})
    yield event_with("[DONE]")


def response_events(whole: Json) -> Iterator[bytes]:
    """OpenAI's response as typed, numbered events."""
    number = -1

    def event(kind: str, **fields: Any) -> bytes:
        nonlocal number
        number += 1
        return event_with({"type": kind, "sequence_number": number, **fields}, kind)

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        yield from _item_events(item, index, event)
    yield event("response.completed", response=whole)


def _item_events(item: Json, index: int, event: Callable[..., bytes]) -> Iterator[bytes]:
    at = {"output_index": index, "item_id": item["id"]}
    text = item["type"] == "message"
    begun: Json = {**item, "status": "in_progress"}
    begun["content" if text else "arguments"] = [] if text else ""
    yield event("response.output_item.added", output_index=index, item=begun)
    if text:
        (part,) = item["content"]
        at["content_index"] = 0
        yield event("response.content_part.added", part={**part, "text": ""}, **at)
        for piece in _pieces(part["text"]):
            yield event("response.output_text.delta", delta=piece, logprobs=[], **at)
        yield event("response.output_text.done", text=part["text"], logprobs=[], **at)
        yield event("response.content_part.done", part=part, **at)
    else:
        for piece in _pieces(item["arguments"]):
            yield event("response.function_call_arguments.delta", delta=piece, **at)
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield event("response.function_call_arguments.done", **done, **at)
    yield event("response.output_item.done", output_index=index, item=item)


def message_events(whole: Json) -> Iterator[bytes]:
    """Anthropic's message as typed events, with one that is only a sign of life."""

    def event(kind: str, **fields: Any) -> bytes:
        return event_with({"type": kind, **fields}, kind)

    usage = whole["usage"]
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield event("message_start", message=begun)
    yield event("ping")
    for index, block in enumerate(whole["content"]):
        text = block["type"] == "text"
        empty = {**block, "text": ""} if text else {**block, "input": {}}
        yield event("content_block_start", index=index, content_block=empty)
        for piece in _pieces(block["text"] if text else json.dumps(block["input"])):
            delta = (
                {"type": "text_delta", "text": piece}
                if text
                else {"type": "input_json_delta", "partial_json": piece}
            )
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    reason = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=reason, usage={"output_tokens": usage["output_tokens"]})
    yield event("message_stop")
