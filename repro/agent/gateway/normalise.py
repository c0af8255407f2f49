"""What of two requests must be equal, and how they differ where they are not."""

import copy
import difflib
import re
from dataclasses import dataclass

from repro.agent.gateway.dialects import Dialect, Json
from repro.files import canonical_json

_NAMES = ("prompt_cache_key", "safety_identifier", "user", "metadata")
"""Fields of a request that name the session, not what is asked."""

_IDS = re.compile(r"\b(?:ses|msg|prt)_[0-9A-Za-z]{8,}\b")
"""OpenCode's names of sessions, messages and parts, which it makes of the time."""

_ENVIRONMENT = (
    (re.compile(r"(Working directory: ).*"), r"\1CWD"),
    (re.compile(r"(Workspace root folder: ).*"), r"\1CWD"),
    (re.compile(r"(Today's date: ).*"), r"\1DATE"),
)
"""Lines that OpenCode appends to the system prompt."""


@dataclass(frozen=True)
class Asked:
    """A request without what may differ."""

    body: Json
    """Without what tools gave."""

    outputs: dict[str, str]
    """What tools gave, by the name of the call."""


def asked(body: Json, dialect: Dialect) -> Asked:
    """Take apart what the model is asked and what tools gave."""
    body = {name: copy.deepcopy(value) for name, value in body.items() if name not in _NAMES}
    outputs = {}
    for number, (call, holder, key) in enumerate(dialect.tool_outputs(body)):
        # A provider may call two calls alike.
        name = call if call not in outputs else f"{call} ({number})"
        outputs[name] = _text(holder.get(key))
        holder[key] = "OUTPUT"
    return Asked({"path": dialect.path, "body": _walk(body)}, outputs)


def difference(recorded: Json, now: Json) -> str:
    """A unified diff of two requests as canonical JSON; empty where they are equal."""
    return text_difference(_lines(recorded), _lines(now))


def text_difference(recorded: str, now: str) -> str:
    """A unified diff of two texts; empty where they are equal."""
    lines = difflib.unified_diff(
        recorded.splitlines(), now.splitlines(), "recorded", "now", lineterm=""
    )
    return "\n".join(lines)


def _lines(body: Json) -> str:
    """Canonical JSON, long texts broken where they break, so that a diff shows a line of them."""
    return canonical_json(body).replace("\\n", "\\n\n")


def _walk(value: object) -> object:
    if isinstance(value, dict):
        return {name: _walk(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    for pattern, by in _ENVIRONMENT:
        text = pattern.sub(by, text)
    return _IDS.sub("ID", text)


def _text(value: object) -> str:
    return _plain(value if isinstance(value, str) else canonical_json(value))
