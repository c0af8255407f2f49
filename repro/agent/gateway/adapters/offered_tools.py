"""The tools that a request offers, and which one a model means."""

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

LABELS = {"bash": "description"}
"""Arguments that a tool requires but only shows to people. The prompt does not mention them, and a
call without one gets an empty one: otherwise every command would be refused."""

_PREFIX = re.compile(r"^(?:functions?|tools?|default_api)[.:/]", re.IGNORECASE)
_PLAIN = re.compile(r"[\W_]+")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


@dataclass(frozen=True)
class Tool:
    """A tool, as the request describes it."""

    name: str
    description: str
    properties: Json
    required: tuple[str, ...]


def tools_of(request: Json) -> list[Tool]:
    """The tools of a chat-completions request."""
    found = []
    for tool in request.get("tools") or ():
        function = tool.get("function") or {}
        schema = function.get("parameters") or {}
        found.append(
            Tool(
                function.get("name", ""),
                function.get("description") or "",
                schema.get("properties") or {},
                tuple(schema.get("required") or ()),
            )
        )
    return found


def matching(given: str, arguments: Json, tools: list[Tool]) -> tuple[str, Json] | None:
    """The tool that is meant, and its arguments under their own names; None: no tool, or several.

    A name that is only similar means a tool if all arguments that it requires are there.
    """
    plain = _plain(_PREFIX.sub("", given.strip()))
    for tool in tools:
        if _plain(tool.name) == plain:
            return tool.name, _named(arguments, tool)
    near = [
        tool
        for tool in tools
        if _is_near(given, tool.name) and set(tool.required) <= set(_named(arguments, tool))
    ]
    return (near[0].name, _named(arguments, near[0])) if len(near) == 1 else None


def _plain(name: str) -> str:
    return _PLAIN.sub("", name).lower()


def _is_near(given: str, name: str) -> bool:
    """Has one name the words of the other, and perhaps more, as `write_file` and `write`?"""
    one, other = ({word.lower() for word in _WORD.findall(text)} for text in (given, name))
    return bool(one and other) and (one <= other or other <= one)


def _named(arguments: Json, tool: Tool) -> Json:
    """The arguments under the tool's own names.

    A name may differ in case and punctuation; a text may be given as a list of its lines.
    """
    own = {_plain(name): name for name in tool.properties}
    found: Json = {}
    for given, value in arguments.items():
        name = own.get(_plain(given), given)
        text = tool.properties.get(name, {}).get("type") == "string"
        lines = isinstance(value, list) and all(isinstance(line, str) for line in value)
        found[name] = "\n".join(value) if text and lines else value
    label = LABELS.get(tool.name)
    return found if label not in tool.required or label in found else {**found, label: ""}
