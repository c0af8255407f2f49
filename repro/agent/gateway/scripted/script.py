"""A script: the answers of the scripted provider, turn by turn. For tests: it is not a model."""

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
    """A tool call."""

    name: str
    """The tool's name."""

    arguments: dict[str, Any] = Field(default={})
    """The tool's arguments."""


class Turn(Strict):
    """One answer, or one fault in its place."""

    text: str = ""
    """The text of the answer."""

    repeat: PositiveInt = 1
    """How often the text is repeated, for huge answers."""

    calls: tuple[Call, ...] = ()
    """The tool calls of the answer."""

    fault: Fault | None = None
    """The fault."""

    retry_after: NonNegativeFloat | None = None
    """The seconds for which a `rate-limit` asks the client to wait."""

    times: PositiveInt = 1
    """How many requests get this answer."""

    input_tokens: NonNegativeInt = 100
    """The tokens that were read, according to the answer."""

    output_tokens: NonNegativeInt = 10
    """The tokens that were written."""

    cached_tokens: NonNegativeInt = 0
    """Those of `input_tokens` that came from the cache."""


class Script(Strict):
    """The answers of a session."""

    turn: tuple[Turn, ...]
    """The answers, in order; after the last one every answer is `Done.`"""

    title: str | None = None
    """The answer to requests without tools, such as OpenCode's for a title; they take no turn.
    Absent: such a request takes a turn like any other."""


def load_script(path: Path) -> Script:
    """A script from a TOML file.

    Raises:
        UserError: the file is missing or wrong.
    """
    return load_toml(path, Script)
