"""The adapter `fenced-tool-calls`, for models that write tool calls as fenced JSON in their text.

It translates the form in both directions and adds no content, except one empty label (`LABELS`):

- `as_text` turns a request with tools into one without. The system prompt describes the tools
  briefly (the first line of each description, the required arguments) and the form of a call;
  earlier calls and their results become text of that form.
- `with_tool_calls` turns calls in the answer's text into real ones: fenced, bare or in tags, in
  JSON or nearly so, with the arguments that the model wrote. A block of Julia below words that name
  one file is a call that writes this file. What cannot be read as a call stays text.

A tool that the request does not offer is not called. An answer that is nothing but a call of such a
tool is passed on with the name that the model invented, as from a provider with real calls: the
agent refuses it and lists the tools. Beside other words it stays text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from repro.agent.gateway.adapters.loose_json import UnreadableError, read_loosely
from repro.agent.gateway.adapters.offered_tools import LABELS, Tool, matching, tools_of

Json = dict[str, Any]

_NAMES = ("name", "tool", "tool_name", "function", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "params", "input", "action_input")
_TAGS = "tool_call|tool_calls|function_call|tools|tool|function"
_OPENING = re.compile(rf"(?:```[ \t]*\w*|<(?:{_TAGS})>)\s*$")
_CLOSING = re.compile(rf"\s*(?:```|</(?:{_TAGS})>)")
_JULIA_BLOCK = re.compile(r"^```[ \t]*julia[ \t]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_JULIA_FILE = re.compile(r"[`*\"]([\w./-]+\.jl)[`*\"]")
_BEGINNING = re.compile(r"""[{\[]\s*(?=["'{\w])""")
_PLAIN_NAME = re.compile(r"[A-Za-z][\w-]{0,63}")
"""What a provider accepts as the name of a tool."""

_FIRST = "write"
"""The tool that is described first and shown in the example: the task is to write files."""

_STOPS = ["}\n```", "</tool_call>"]
"""An answer ends with its first call: after it a weak model writes an invented result. The last
bracket is lost with it; the reader does not need it."""

_INTRODUCTION = """

# Tools

You act by calling tools. To call one, write a fenced block of JSON with its name and arguments, as

```json
{"name": "write", "arguments": {"filePath": "notes.txt", "content": "one line\\nanother line\\n"}}
```

Then stop: you are told what it gave, and go on. There are these tools and no others:
"""


def as_text(request: Json) -> Json:
    """The request for a model that does not know of tools; it asks for no stream."""
    left_out = ("tools", "tool_choice", "parallel_tool_calls", "stream_options")
    sent = {name: value for name, value in request.items() if name not in left_out}
    messages = list(_messages(request.get("messages") or ()))
    if tools := sorted(tools_of(request), key=lambda tool: tool.name != _FIRST):
        sent["stop"] = _STOPS
        if not messages or messages[0]["role"] != "system":
            messages.insert(0, {"role": "system", "content": ""})
        text = messages[0]["content"] + _INTRODUCTION + "".join(map(_told, tools))
        messages[0] = {**messages[0], "content": text.lstrip()}
    return {**sent, "messages": messages, "stream": False}


def with_tool_calls(completion: Json, request: Json) -> Json:
    """A whole chat completion, with the calls in its text as real calls of the request's tools.

    Args:
        completion: the provider's; it is not changed.
        request: the agent's, with the tools that it offers.
    """
    choices = [_adapted(choice, completion, request) for choice in completion["choices"]]
    return {**completion, "choices": choices}


def _adapted(choice: Json, completion: Json, request: Json) -> Json:
    message = choice["message"]
    text = message.get("content") or ""
    tools = tools_of(request)
    if message.get("tool_calls") or not tools:
        return choice
    found = list(_calls_in(text, tools)) or list(_named_files(text, tools))
    found = found or list(_made_up(text))
    if not found:
        return choice
    stem = f"call_{completion.get('id', '')}"
    calls = [
        {
            "id": f"{stem}_{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": _dumped(call.arguments)},
        }
        for number, call in enumerate(found)
    ]
    said = {**message, "content": _rest(text, found) or None, "tool_calls": calls}
    return {**choice, "message": said, "finish_reason": "tool_calls"}


@dataclass(frozen=True)
class _Call:
    name: str
    arguments: Json
    start: int
    end: int


def _told(tool: Tool) -> str:
    """A tool in the prompt: its purpose, and the form of its call."""
    about = {
        name: f"<{_first_line(tool.properties.get(name, {}).get('description', name))}>"
        for name in tool.required
        if name != LABELS.get(tool.name)
    }
    call = _dumped({"name": tool.name, "arguments": about})
    return f"\n- {_first_line(tool.description)}\n  {call}\n"


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0].strip()


def _messages(messages: Iterable[Json]) -> Iterator[Json]:
    """Messages with calls and results as text; consecutive results become one message."""
    results: list[str] = []
    for message in messages:
        if message.get("role") == "tool":
            results.append(f"<tool_response>\n{_text(message)}\n</tool_response>")
            continue
        if results:
            yield {"role": "user", "content": "\n".join(results)}
            results = []
        yield {"role": message["role"], "content": _text(message) + _calls_of(message)}
    if results:
        yield {"role": "user", "content": "\n".join(results)}


def _text(message: Json) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def _calls_of(message: Json) -> str:
    fences = []
    for call in message.get("tool_calls") or ():
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        known = _dumped({"name": name, "arguments": json.loads(arguments or "{}")})
        fences.append(f"```json\n{known}\n```")
    text = "\n".join(fences)
    return f"\n{text}" if text and message.get("content") else text


def _calls_in(text: str, tools: list[Tool]) -> Iterator[_Call]:
    at = 0
    while found := _BEGINNING.search(text, at):
        at = found.start()
        try:
            value, end = read_loosely(text, at)
        except UnreadableError:
            at += 1
            continue
        calls = list(_calls_of_value(value, tools))
        for name, arguments in calls:
            yield _Call(name, arguments, at, end)
        at = end if calls or isinstance(value, dict) else at + 1


def _made_up(text: str) -> Iterator[_Call]:
    """The call of a tool that does not exist, if the text is nothing else."""
    found = _BEGINNING.search(text)
    if not found:
        return
    try:
        value, end = read_loosely(text, found.start())
    except UnreadableError:
        return
    if isinstance(value, dict) and set(value) == {"name", "arguments"}:
        name, arguments = value["name"], value["arguments"]
        if isinstance(name, str) and _PLAIN_NAME.fullmatch(name) and isinstance(arguments, dict):
            call = _Call(name, arguments, found.start(), end)
            if not _rest(text, [call]):
                yield call


def _named_files(text: str, tools: list[Tool]) -> Iterator[_Call]:
    """Code blocks with the name of their file; the last one for each file."""
    if not any(tool.name == _FIRST for tool in tools):
        return
    last = {}
    for block in _JULIA_BLOCK.finditer(text):
        before = text[: block.start()].rstrip().split("\n\n")[-1]
        files = set(_JULIA_FILE.findall(before.split("```")[-1]))
        code = block[1]
        if len(files) == 1 and code.strip():
            (file,) = files
            if file.rsplit("/", 1)[-1] not in code:  # a file that names itself shows its use
                arguments = {"filePath": file, "content": code}
                last[file] = _Call(_FIRST, arguments, block.start(), block.end())
    yield from sorted(last.values(), key=lambda call: call.start)


def _calls_of_value(value: Any, tools: list[Tool]) -> Iterator[tuple[str, Json]]:
    """The calls in a value, which may be one call or a list of them."""
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and (call := _call_of(item, tools)):
            yield call


def _call_of(found: Json, tools: list[Tool]) -> tuple[str, Json] | None:
    if isinstance(inner := found.get("function"), dict):  # as the providers' own form has it
        found = inner
    given = next((found[key] for key in _NAMES if isinstance(found.get(key), str)), None)
    if given is None:
        return None
    arguments = next((found[key] for key in _ARGUMENTS if key in found), None)
    if arguments is None:  # beside the name
        arguments = {key: value for key, value in found.items() if key not in _NAMES}
    if isinstance(arguments, str):
        try:
            arguments, _ = read_loosely(arguments, 0)
        except UnreadableError:
            return None
    if not isinstance(arguments, dict):
        return None
    return matching(given, arguments, tools)


def _rest(text: str, calls: list[_Call]) -> str:
    """The text beside the calls, without their fences and tags."""
    pieces, at = [], 0
    for call in calls:
        if call.start < at:  # part of the same list
            continue
        pieces.append(_OPENING.sub("", text[at : call.start]))
        closing = _CLOSING.match(text, call.end)
        at = closing.end() if closing else call.end
    pieces.append(text[at:])
    return "\n\n".join(piece.strip() for piece in pieces if piece.strip())


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
