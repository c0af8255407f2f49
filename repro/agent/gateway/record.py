"""The record of a session: `exchanges.jsonl`, one line for each exchange, appended as it ends."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from repro.agent.gateway.agent_side import Incoming
from repro.agent.gateway.budget import Usage
from repro.agent.gateway.interface import Trouble
from repro.agent.gateway.keys import Key
from repro.errors import UserError
from repro.files import reading, writing
from repro.study.toml import StrictRecord, checked

Json = dict[str, Any]

_REQUEST_HEADERS = ("content-type", "accept", "user-agent", "anthropic-version",
                    "anthropic-beta", "openai-beta")  # fmt: skip
"""The headers of a request that are recorded; none of them contains a key."""

AGENT_LEFT = "the agent went away"
"""Why an answer broke off: the agent did not wait for all of it."""

_DIGITS = 9
"""Of dollars."""


@dataclass(frozen=True)
class RecordedRequest(StrictRecord):
    """What the agent asked."""

    method: str
    path: str
    headers: dict[str, str]
    """Those in `_REQUEST_HEADERS`."""

    body: Json

    @classmethod
    def of(cls, incoming: Incoming) -> "RecordedRequest":
        """A request as it is written down."""
        came = incoming.headers
        headers = {name: came[name] for name in _REQUEST_HEADERS if name in came}
        return cls(incoming.method, incoming.path, headers, incoming.body)


@dataclass(frozen=True)
class RecordedResponse(StrictRecord):
    """What the agent was answered: a body, or events; neither, if it broke off before both."""

    status: int
    headers: dict[str, str]
    body: str | None = None
    events: list[tuple[float, str]] | None = None
    """Each event as it was passed on, and the seconds from the gateway's start."""

    def as_json(self) -> Json:
        """The object in the file; of body and events only what there was."""
        return _without(vars(self), "body", "events")


@dataclass(frozen=True)
class Try(StrictRecord):
    """A request to the provider that did not begin an answer."""

    problem: str
    waited_s: float
    """Seconds until the next try; 0 after the last."""


@dataclass(frozen=True)
class Took(StrictRecord):
    """The tokens and dollars of one exchange."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    dollars: float | None

    @classmethod
    def of(cls, usage: Usage) -> "Took":
        """The usage of one turn as it is written down."""
        dollars = None if usage.dollars is None else round(usage.dollars, _DIGITS)
        return cls(usage.input_tokens, usage.output_tokens, usage.cached_tokens, dollars)

    @property
    def usage(self) -> Usage:
        """The same as a turn's usage."""
        return Usage(turns=1, **vars(self))


@dataclass(frozen=True)
class RecordedExchange(StrictRecord):
    """One exchange, when it is over."""

    n: int
    """Its number in the session, from 0."""

    began_s: float
    """Seconds from the gateway's start; likewise `ended_s`."""

    ended_s: float
    dialect: str
    request: RecordedRequest
    added: Json
    """The fields that the model's settings added to the request, or changed."""

    tries: tuple[Try, ...]
    """The tries that failed."""

    answered_by: Literal["provider", "gateway"] | None
    response: RecordedResponse | None
    model: str | None
    """The provider's name for the model that answered."""

    usage: Took | None
    """None: the answer does not say."""

    cut: str | None
    """Why the answer broke off; None: it did not."""

    trouble: Trouble | None
    """Why the session ended with it; None: it did not."""

    unadapted: str | None = None
    """What the provider said, before an adapter changed it."""

    def as_json(self) -> Json:
        """The object in the file."""
        found = vars(self) | {
            "request": vars(self.request),
            "tries": [vars(one) for one in self.tries],
            "response": self.response and self.response.as_json(),
            "usage": self.usage and vars(self.usage),
            "trouble": self.trouble and vars(self.trouble),
        }
        return _without(found, "unadapted")


def _without(found: Mapping[str, Any], *names: str) -> Json:
    """The object without those of the named fields that are None."""
    return {key: value for key, value in found.items() if value is not None or key not in names}


class Recorder:
    """Appends exchanges to a file."""

    def __init__(self, path: Path, key: Key) -> None:
        self._path = path
        self._key = key
        _end_at_a_line(path)

    def append(self, exchange: RecordedExchange) -> None:
        """Write one exchange, without the key, as a whole line.

        Raises:
            UserError: the disk is full, or the file cannot be written.
        """
        found = exchange.as_json()
        text = json.dumps(found, sort_keys=True, ensure_ascii=False, allow_nan=False)
        line = self._key.clean(text).encode("utf-8", errors="replace") + b"\n"
        with writing(self._path), self._path.open("ab", buffering=0) as stream:
            while line:
                line = line[stream.write(line) :]


def _end_at_a_line(path: Path) -> None:
    """Remove the incomplete line that a killed recorder left."""
    if path.is_file():
        whole = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole[0]) + len(whole[1]))


def read_exchanges(path: Path) -> list[RecordedExchange]:
    """The recorded exchanges in the order of their requests, without an incomplete last line.

    Raises:
        UserError: the file is missing or damaged; the message names line and field.
    """
    with reading(path):
        lines = path.read_bytes().rpartition(b"\n")[0].splitlines()
    found = [_exchange(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]
    return sorted(found, key=lambda exchange: exchange.n)


def _exchange(line: bytes, where: str) -> RecordedExchange:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: damaged: not JSON: {error}") from None
    return checked(content, RecordedExchange, f"{where}: damaged")
