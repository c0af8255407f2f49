"""A whole answer as the stream of events that the same provider would have sent, per dialect."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from repro.agent.gateway.sse import event_with

Json = dict[str, Any]

PIECE = 400
"""Characters of text an event."""


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def chat_events(whole: Json) -> Iterator[bytes]:
    """A chat completion as chunks; usage comes in one of its own."""
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
    """A response of OpenAI's as its typed, numbered events."""
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
    begun |= {"content": []} if text else {"arguments": ""}
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
    """A message of Anthropic's as its typed events, with one that only says it lives."""

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
