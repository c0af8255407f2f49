"""A turn of a script in the form of each dialect."""

import json
from collections.abc import Iterator
from typing import Any

from repro.agent.gateway.dialects import Dialect, Messages, Responses
from repro.agent.gateway.events import chat_events, message_events, response_events
from repro.agent.gateway.scripted.script import Turn

Json = dict[str, Any]


def whole_answer(
    turn: Turn, number: int, model: str, dialect: Dialect
) -> tuple[Json, Iterator[bytes]]:
    """The whole answer, and the same answer as a stream."""
    if isinstance(dialect, Responses):
        whole = response(turn, number, model)
        return whole, response_events(whole)
    if isinstance(dialect, Messages):
        whole = message(turn, number, model)
        return whole, message_events(whole)
    whole = chat_completion(turn, number, model)
    return whole, chat_events(whole)


def _calls(turn: Turn, number: int) -> Iterator[tuple[str, str, Json]]:
    for index, call in enumerate(turn.calls):
        yield f"call_{number}_{index}", call.name, call.arguments


def chat_completion(turn: Turn, number: int, model: str) -> Json:
    """The answer of an OpenAI-compatible server."""
    calls = [
        {
            "id": name,
            "type": "function",
            "function": {"name": tool, "arguments": json.dumps(arguments)},
        }
        for name, tool, arguments in _calls(turn, number)
    ]
    said: Json = {"role": "assistant", "content": turn.text * turn.repeat or None}
    if calls:
        said["tool_calls"] = calls
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls" if calls else "stop"}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": turn.input_tokens,
            "completion_tokens": turn.output_tokens,
            "total_tokens": turn.input_tokens + turn.output_tokens,
            "prompt_tokens_details": {"cached_tokens": turn.cached_tokens},
        },
    }


def response(turn: Turn, number: int, model: str) -> Json:
    """The answer of OpenAI."""
    output: list[Json] = []
    if turn.text:
        text = {"type": "output_text", "text": turn.text * turn.repeat, "annotations": []}
        output.append({
            "id": f"msg_{number}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [text],
        })  # fmt: skip
    output += [
        {
            "id": f"fc_{name}",
            "type": "function_call",
            "status": "completed",
            "call_id": name,
            "name": tool,
            "arguments": json.dumps(arguments),
        }
        for name, tool, arguments in _calls(turn, number)
    ]
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": turn.input_tokens,
            "input_tokens_details": {"cached_tokens": turn.cached_tokens},
            "output_tokens": turn.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": turn.input_tokens + turn.output_tokens,
        },
    }


def message(turn: Turn, number: int, model: str) -> Json:
    """The answer of Anthropic."""
    content: list[Json] = []
    if turn.text:
        content.append({"type": "text", "text": turn.text * turn.repeat})
    content += [
        {"type": "tool_use", "id": name, "name": tool, "input": arguments}
        for name, tool, arguments in _calls(turn, number)
    ]
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if turn.calls else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": turn.input_tokens - turn.cached_tokens,
            "cache_read_input_tokens": turn.cached_tokens,
            "cache_creation_input_tokens": 0,
            "output_tokens": turn.output_tokens,
        },
    }
