"""A recorded session: each request is forwarded, its answer passed on, both written down."""

import asyncio
import itertools
import json
import time
from dataclasses import replace
from typing import Any

from repro.agent.gateway.adapters import adapt
from repro.agent.gateway.budget import usage_of, used_up
from repro.agent.gateway.dialects import Dialect, Json, dialect_of
from repro.agent.gateway.fenced_tool_calls import as_text
from repro.agent.gateway.forward import (
    Answer,
    Ask,
    CutError,
    Provider,
    StalledError,
    UnansweredError,
)
from repro.agent.gateway.interface import Budget, Gateway, Kind, Usage
from repro.agent.gateway.keys import Key
from repro.agent.gateway.record import (
    KEPT_REQUEST_HEADERS,
    KEPT_RESPONSE_HEADERS,
    Exchange,
    Recorder,
    chosen,
)
from repro.agent.gateway.server import Incoming, Reply
from repro.agent.gateway.split_key import SplitKeyError, without_key
from repro.agent.gateway.sse import json_of
from repro.agent.models import ModelSettings

OK = 200
OVER = 400
"""The status that OpenCode does not try again (404 it does, for OpenAI's models)."""

_CODE = "session_over"
_BROKEN = 3
"""Answers in a row that broke off; then the provider is down: OpenCode would ask for ever."""


def over(dialect: Dialect, kind: str) -> Json:
    """The answer to every request after trouble.

    OpenCode looks for words such as "unavailable" in it and then tries again, so no detail is here.
    """
    return dialect.error(_over_text(kind), _CODE)


def _over_text(kind: str) -> str:
    return f"the gateway has ended this session ({kind})"


class Session:
    """Answers the requests of one session."""

    def __init__(
        self,
        model: ModelSettings,
        key: Key,
        budget: Budget,
        recorder: Recorder,
        gateway: Gateway,
    ) -> None:
        self._model = model
        self._key = key
        self._budget = budget
        self._recorder = recorder
        self._gateway = gateway
        self._provider: Provider | None = None
        self._begin = time.monotonic()
        self._numbers = itertools.count()
        self._broken = 0
        if model.price is not None:
            gateway.usage = replace(gateway.usage, dollars=0.0)

    def _seconds(self) -> float:
        return time.monotonic() - self._begin

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Answer one request, and write the exchange down when it ends, however it ends."""
        dialect = dialect_of(incoming.path)
        if dialect is None or incoming.method != "POST":
            await reply.json(404, {"error": {"message": f"{incoming.path}: not served here"}})
            return
        if self._gateway.trouble:
            await reply.json(OVER, over(dialect, self._gateway.trouble.kind))
            return
        exchange = _begun(next(self._numbers), self._seconds(), incoming, dialect)
        try:
            await self._exchange(incoming.body, dialect, exchange, reply)
        except asyncio.CancelledError:
            exchange["cut"] = "the agent went away"
            raise
        finally:
            exchange["ended_s"] = _rounded(self._seconds())
            self._recorder.append(exchange)

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._provider is not None:
            await self._provider.close()

    async def _exchange(
        self, body: Json, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        """Check, ask, pass on; what ends the session ends here."""
        if reason := used_up(self._budget, self._gateway.usage, self._seconds()):
            await self._give_up("budget", reason, dialect, exchange, reply)
            return
        if body.get("model") != self._model.model:
            detail = f"{body.get('model')}: not the session's model"
            await self._answer_itself(dialect.error(detail, "wrong_model"), exchange, reply)
            return
        limit = self._budget.seconds
        left = None if limit is None else limit - self._seconds()
        try:
            async with asyncio.timeout(left):
                await self._forward(body, dialect, exchange, reply)
        except TimeoutError:
            reason = used_up(self._budget, self._gateway.usage, limit or 0.0)
            exchange["cut"] = "the budget's seconds are over"
            await self._give_up("budget", str(reason), dialect, exchange, reply)
        except StalledError as error:
            exchange["cut"] = str(error)
            await self._give_up("stalled", str(error), dialect, exchange, reply)
        except SplitKeyError as error:
            exchange["cut"] = str(error)
            await self._give_up("refused", str(error), dialect, exchange, reply)
        except CutError as error:
            await self._was_cut(str(error), dialect, exchange, reply)
        except UnansweredError as error:
            detail = f"{self._model.model}: {error.detail}"
            await self._give_up(error.kind, detail, dialect, exchange, reply)

    async def _forward(
        self, body: Json, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        if self._provider is None:
            self._provider = Provider(self._model, self._key)
        fenced = self._model.adapter == "fenced-tool-calls"
        sent = dialect.prepare(body | self._model.options)
        exchange["added"] = {name: value for name, value in sent.items() if body.get(name) != value}
        if fenced:
            sent = as_text(sent)
        headers = chosen(exchange["request"]["headers"], dialect.passed_headers)
        async with self._provider.ask(Ask(dialect, headers, sent, exchange["tries"])) as answer:
            exchange["answered_by"] = "provider"
            kept = chosen(answer.headers, KEPT_RESPONSE_HEADERS)
            exchange["response"] = {"status": answer.status, "headers": kept}
            adapted = adapt(answer, body, exchange) if fenced else answer
            passing = self._pass_events if adapted.body is None else self._pass_whole
            await passing(adapted, dialect, exchange, reply)

    async def _pass_whole(
        self, answer: Answer, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        response = exchange["response"]
        data = self._key.clean_bytes(answer.body or b"")
        response["body"] = data.decode("utf-8", errors="replace")
        if answer.status == OK:
            self._count(dialect, exchange, _object(response["body"]))
            self._broken = 0
        await reply.whole(answer.status, response["headers"], data)

    async def _pass_events(
        self, answer: Answer, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        """Each event as it comes; what was passed on is what is written down."""
        response, told = exchange["response"], _Told(dialect)
        events: list[list[Any]] = []
        response["events"] = events
        ended = False
        await reply.begin(answer.status, response["headers"])
        try:
            assert answer.events is not None  # noqa: S101 - for the type checker
            async for event in without_key(answer.events, self._key):
                text = event.decode("utf-8", errors="replace")
                events.append([_rounded(self._seconds()), text])
                told.hear(event)
                ended = ended or dialect.is_last(event)
                await reply.piece(event)
        finally:
            self._count(dialect, exchange, told.found)
        if not ended:
            raise CutError("the stream ended before the answer did")
        self._broken = 0
        await reply.end()

    async def _was_cut(
        self, detail: str, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        """Cut the agent's answer as the provider's was; not for ever."""
        exchange["cut"] = detail
        self._broken += 1
        if self._broken >= _BROKEN:
            detail = f"{self._model.model}: {self._broken} answers in a row broke off: {detail}"
            await self._give_up("down", detail, dialect, exchange, reply)

    async def _give_up(
        self, kind: Kind, detail: str, dialect: Dialect, exchange: Exchange, reply: Reply
    ) -> None:
        trouble = self._gateway.give_up(kind, self._key.clean(detail))
        exchange["trouble"] = {"kind": trouble.kind, "detail": trouble.detail}
        if not reply.begun:
            await self._answer_itself(over(dialect, trouble.kind), exchange, reply)
        elif "events" in exchange["response"]:
            event = dialect.error_event(_over_text(trouble.kind), _CODE)
            exchange["response"]["events"].append([_rounded(self._seconds()), event.decode()])
            await reply.piece(event)
            await reply.end()

    async def _answer_itself(self, said: Json, exchange: Exchange, reply: Reply) -> None:
        headers = {"content-type": "application/json"}
        text = json.dumps(said, ensure_ascii=False)
        exchange["answered_by"] = "gateway"
        exchange["response"] = {"status": OVER, "headers": headers, "body": text}
        await reply.whole(OVER, headers, text.encode())

    def _count(self, dialect: Dialect, exchange: Exchange, found: Json) -> None:
        """Add up what the exchange took; an answer that does not tell counts as a turn."""
        exchange["model"] = found.get("model")
        usage = Usage(turns=1)
        if raw := found.get("usage"):
            usage = usage_of(dialect.tokens(raw), self._model.price)
            exchange["usage"] = {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cached_tokens": usage.cached_tokens,
                "dollars": None if usage.dollars is None else round(usage.dollars, 9),
            }
        self._gateway.usage += usage


class _Told:
    """What the events of a stream tell about it, put together."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.found: Json = {}

    def hear(self, event: bytes) -> None:
        whole = json_of(event)
        about = self._dialect.about(whole)
        usage = about.get("usage") or whole.get("usage")
        self.found["model"] = about.get("model") or self.found.get("model")
        if isinstance(usage, dict):
            self.found["usage"] = {**self.found.get("usage", {}), **usage}


def _begun(number: int, seconds: float, incoming: Incoming, dialect: Dialect) -> Exchange:
    return {
        "n": number,
        "began_s": _rounded(seconds),
        "ended_s": None,
        "dialect": dialect.name,
        "request": {
            "method": incoming.method,
            "path": incoming.path,
            "headers": chosen(incoming.headers, KEPT_REQUEST_HEADERS),
            "body": incoming.body,
        },
        "added": {},
        "tries": [],
        "answered_by": None,
        "response": None,
        "model": None,
        "usage": None,
        "cut": None,
        "trouble": None,
    }


def _object(text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
