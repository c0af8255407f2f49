"""The upstream of a replayed session: its record answers each request as it was answered then."""

import copy
import difflib
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from repro.agent.gateway.budget import Usage
from repro.agent.gateway.dialects import OVER, Dialect, Json, dialect_of
from repro.agent.gateway.events import Event
from repro.agent.gateway.interface import Difference, Gateway
from repro.agent.gateway.record import AGENT_LEFT, RecordedExchange
from repro.agent.gateway.upstream import Answer, CutError, Request, UnansweredError
from repro.files import canonical_json

_NAMES = ("prompt_cache_key", "safety_identifier", "user", "metadata")
"""Fields of a request that identify the session, not what is asked."""

_IDS = re.compile(r"\b(?:ses|msg|prt)_[0-9A-Za-z]{8,}\b")
"""OpenCode's names for sessions, messages and parts, which it derives from the time."""

_ENVIRONMENT = (
    (re.compile(r"(Working directory: ).*"), r"\1CWD"),
    (re.compile(r"(Workspace root folder: ).*"), r"\1CWD"),
    (re.compile(r"(Today's date: ).*"), r"\1DATE"),
)
"""Lines that OpenCode appends to the system prompt."""


@dataclass(frozen=True)
class Asked:
    """A request without what may differ in a replay."""

    body: Json
    """Path and body, without the outputs of tools."""

    outputs: dict[str, str]
    """The outputs of tools, by the name of the call."""

    @classmethod
    def of(cls, body: Json, dialect: Dialect) -> "Asked":
        """Separate what the model is asked from the outputs of tools."""
        body = {name: copy.deepcopy(value) for name, value in body.items() if name not in _NAMES}
        outputs = {}
        for number, (call, holder, key) in enumerate(dialect.tool_outputs(body)):
            # A provider may give two calls the same name.
            name = call if call not in outputs else f"{call} ({number})"
            outputs[name] = _text(holder.get(key))
            holder[key] = "OUTPUT"
        return cls({"path": dialect.path, "body": _walk(body)}, outputs)


@dataclass
class _Recorded:
    exchange: RecordedExchange
    asked: Asked
    used: bool = False


@dataclass(frozen=True)
class Recalled:
    """The account of a recorded answer."""

    usage: Usage | None
    complete: bool
    model: str | None = None

    def hear(self, event: Event) -> None:
        """Nothing to note: the record has it."""

    def hear_whole(self, body: str) -> None:
        """Nothing to note: the record has it."""


class Replay:
    """Answers the requests of one session from its record."""

    def __init__(self, exchanges: Sequence[RecordedExchange], gateway: Gateway) -> None:
        self._gateway = gateway
        self._recorded = [
            _Recorded(exchange, Asked.of(exchange.request.body, dialect))
            for exchange in exchanges
            if (dialect := dialect_of(exchange.request.path))
        ]
        self._told: set[str] = set()
        """Outputs whose difference has been told: each request repeats the earlier ones."""

        self._left_off = False
        """Does the record end within an answer, because the agent was ended?"""

    @asynccontextmanager
    async def ask(self, request: Request) -> AsyncIterator[Answer]:
        """The recorded answer to a request.

        Raises:
            UnansweredError: the request is not in the record.
            CutError: nothing was answered then.
        """
        now = Asked.of(request.body, request.dialect)
        left = [recorded for recorded in self._recorded if not recorded.used]
        if left:
            chosen = self._choose(left, now)
            self._compare_outputs(chosen, now)
            yield self._again(chosen)
        elif self._left_off:
            yield _over(request.dialect)
        else:
            known = len(self._recorded)
            raise UnansweredError(
                "diverged", f"request {known}: one more than the {known} that were recorded"
            )

    async def close(self) -> None:
        """Nothing is open."""

    def finish(self) -> None:
        """Report the recorded requests that did not come."""
        left = [recorded for recorded in self._recorded if not recorded.used]
        if left:
            self._gateway.give_up(
                "diverged",
                f"{len(left)} of {len(self._recorded)} recorded requests did not come, "
                f"the first of them number {left[0].exchange.n}",
            )

    def _choose(self, left: list[_Recorded], now: Asked) -> _Recorded:
        """The first of the recorded exchanges left that begins with the same request.

        They come in their order, except requests that do not wait for each other, such as the one
        for a title. A request contains all that went before, so an equal one is the same.
        """
        same = next((one for one in left if one.asked.body == now.body), None)
        if same is not None:
            return same
        likest = _likest(left, now)
        number, diff = likest.exchange.n, _body_difference(likest.asked.body, now.body)
        self._gateway.differences.append(Difference(number, "request", diff))
        changed = (line for line in diff.splitlines()[2:] if line.startswith(("+", "-")))
        first = next(changed, "order of keys").strip()[:200]
        raise UnansweredError("diverged", f"request {number} is not the recorded one: {first}")

    def _compare_outputs(self, recorded: _Recorded, now: Asked) -> None:
        for call, text in recorded.asked.outputs.items():
            found = now.outputs.get(call, "")
            if call not in self._told and found != text:
                self._told.add(call)
                diff = _text_difference(text, found)
                number = recorded.exchange.n
                self._gateway.differences.append(Difference(number, f"output of {call}", diff))

    def _again(self, recorded: _Recorded) -> Answer:
        """The answer of a recorded exchange; what ended the session then ends it now."""
        recorded.used = True
        exchange, response = recorded.exchange, recorded.exchange.response
        self._left_off = exchange.cut == AGENT_LEFT
        if exchange.trouble:
            self._gateway.give_up(exchange.trouble.kind, exchange.trouble.detail)
        if response is None:
            raise CutError(exchange.cut or "nothing was answered")
        usage = exchange.usage.usage if exchange.usage else None
        complete = exchange.cut is None or exchange.trouble is not None
        answer = Answer(response.status, response.headers, Recalled(usage, complete))
        if response.body is not None:
            answer.body = response.body.encode()
        elif response.events is not None:
            answer.events = _each([text for _, text in response.events])
        else:
            raise CutError(exchange.cut or "nothing was answered")
        return answer


async def _each(events: Sequence[str]) -> AsyncIterator[Event]:
    for event in events:
        yield Event(event.encode())


def _over(dialect: Dialect) -> Answer:
    """The answer to requests after the record's end, where the recorded agent made none."""
    body = json.dumps(dialect.over("over"), ensure_ascii=False).encode()
    return Answer(OVER, {"content-type": "application/json"}, Recalled(None, complete=True), body)


def _likest(left: list[_Recorded], now: Asked) -> _Recorded:
    """The first that has the same fields, else the first."""
    fields = set(now.body["body"])
    return next((one for one in left if set(one.asked.body["body"]) == fields), left[0])


def _body_difference(recorded: Json, now: Json) -> str:
    """A unified diff of two requests as canonical JSON; empty where they are equal."""
    return _text_difference(_lines(recorded), _lines(now))


def _text_difference(recorded: str, now: str) -> str:
    """A unified diff of two texts; empty where they are equal."""
    lines = difflib.unified_diff(
        recorded.splitlines(), now.splitlines(), "recorded", "now", lineterm=""
    )
    return "\n".join(lines)


def _lines(body: Json) -> str:
    """Canonical JSON with a line break at each one in a text, so that a diff shows single lines."""
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
