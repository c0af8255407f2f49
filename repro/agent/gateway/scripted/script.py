"""A script: what the scripted provider says, turn by turn. For tests; no model is behind it."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from repro.study.toml import Strict, load_toml

Fault = Literal[
    "unauthorized",  # 401, and the key that was shown in its text, as some providers do
    "unknown-model",  # 404
    "bad-option",  # 400
    "too-long",  # 400, of a request that does not fit into the context window
    "no-quota",  # 429 that waiting does not help
    "rate-limit",  # 429, with `retry_after` or without
    "server-error",  # 500
    "overloaded",  # 529
    "late-overloaded",  # 200, and an error as the first event
    "malformed",  # a stream of what is no JSON
    "cut",  # a connection that is closed in the middle of the stream
    "early-end",  # a stream that ends well before its answer does
    "stall",  # no byte, for ever
    "stall-midway",  # half a stream, then nothing, for ever
    "pings",  # half a stream, then signs of life only, for ever
]


class Call(Strict):
    """A call of a tool."""

    name: str
    """The tool."""

    arguments: dict[str, Any] = Field(default={})
    """What it gets."""


class Turn(Strict):
    """One answer, or one thing that goes wrong in its place."""

    text: str = ""
    """What is said."""

    repeat: PositiveInt = 1
    """How often the text is repeated: for huge answers."""

    calls: tuple[Call, ...] = ()
    """Tools that are called."""

    fault: Fault | None = None
    """What goes wrong."""

    retry_after: NonNegativeFloat | None = None
    """Of `rate-limit`: the seconds that it asks for."""

    times: PositiveInt = 1
    """How many requests are answered so."""

    input_tokens: NonNegativeInt = 100
    """What the answer says that was read."""

    output_tokens: NonNegativeInt = 10
    """What it says that was written."""

    cached_tokens: NonNegativeInt = 0
    """What it says that was read from the cache; within `input_tokens`."""


class Script(Strict):
    """A session's answers."""

    turn: tuple[Turn, ...]
    """In their order; after the last, `Done.` is said."""

    title: str | None = None
    """What a request that brings no tools is answered, apart from the turns, as OpenCode's for a
    title; absent: such a request is a turn as any other."""


def load_script(path: Path) -> Script:
    """A script from a TOML file.

    Raises:
        UserError: there is none, or it is wrong.
    """
    return load_toml(path, Script)
