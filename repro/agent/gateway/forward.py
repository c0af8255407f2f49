"""The client's side: the provider is asked, and asked again while nothing was passed on yet."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx2

from repro.agent.gateway.dialects import Dialect, Json, message_of
from repro.agent.gateway.interface import Kind
from repro.agent.gateway.keys import Key
from repro.agent.gateway.sse import data_of, events_of, json_of
from repro.agent.models import ModelSettings, Patience

ENDPOINTS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}

_OK = 200
_REFUSED = {401, 402, 403}
_NOT_FOUND = 404
_TRANSIENT = {408, 409, 425, 429}
_SERVER = 500
_STALLS = 2
"""Tries that may end without a first byte: one costs `first_byte_s`."""


class UnansweredError(Exception):
    """The provider will not answer this request, nor the session's next."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
        self.detail = detail


class StalledError(Exception):
    """The answer does not go on."""


class CutError(Exception):
    """The answer's connection broke."""


@dataclass
class Answer:
    """What the provider says."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    """All of it; None: it comes as events."""

    events: AsyncIterator[bytes] | None = None
    """Raises StalledError or CutError where they end too early."""


@dataclass
class Ask:
    """A request to the provider."""

    dialect: Dialect
    headers: dict[str, str]
    body: Json
    tries: list[dict[str, Any]] = field(default_factory=list)
    """Filled with what came of each try but the last."""


class _TryAgainError(Exception):
    def __init__(self, detail: str, wait: float | None = None, *, stalled: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.wait = wait
        self.stalled = stalled


@cache
def certificates() -> ssl.SSLContext:
    """Whom to trust; read once, since that takes a tenth of a second."""
    return httpx2.create_ssl_context()


class Provider:
    """The provider of one model."""

    def __init__(self, model: ModelSettings, key: Key) -> None:
        self._endpoint = (model.endpoint or ENDPOINTS.get(model.provider, "")).rstrip("/")
        self._key = key
        self._patience: Patience = model.patience
        self._answered = False
        timeout = httpx2.Timeout(None, connect=self._patience.connect_s)
        self._client = httpx2.AsyncClient(timeout=timeout, verify=certificates())

    async def close(self) -> None:
        """Close what connections there are."""
        await self._client.aclose()

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[Answer]:
        """Send a request, as often as patience allows until an answer has begun.

        Raises:
            UnansweredError: none did, or the provider has refused.
        """
        stalls = 0
        while True:
            try:
                async with self._try(ask) as answer:
                    self._judge(answer)
                    yield answer
                    return
            except _TryAgainError as failure:
                stalls += failure.stalled
                last = len(ask.tries) + 1 >= self._patience.tries or stalls >= _STALLS
                wait = failure.wait
                if wait is None:
                    wait = self._patience.backoff_s * 2.0 ** len(ask.tries)
                    wait = min(wait, self._patience.longest_wait_s)
                last = last or wait > self._patience.longest_wait_s
                ask.tries.append({"problem": failure.detail, "waited_s": 0.0 if last else wait})
                if last:
                    raise _given_up(failure, ask.tries, wait) from None
            await asyncio.sleep(wait)

    @asynccontextmanager
    async def _try(self, ask: Ask) -> AsyncIterator[Answer]:
        """One request, until the first event or the whole body is there."""
        headers = dict(ask.headers)
        headers |= {"accept-encoding": "identity", "content-type": "application/json"}
        if self._key.text:
            headers |= ask.dialect.key_headers(self._key.text)
        url = self._endpoint + ask.dialect.path.removeprefix("/v1")
        content = json.dumps(ask.body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            request = self._client.build_request("POST", url, headers=headers, content=content)
            async with asyncio.timeout(self._patience.first_byte_s):
                response = await self._client.send(request, stream=True)
        except TimeoutError:
            raise _TryAgainError("no first byte", stalled=True) from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise UnansweredError("down", f"{self._endpoint}: no endpoint: {error}") from None
        except httpx2.TransportError as error:
            raise _TryAgainError(f"{self._endpoint}: {_said(error)}") from None
        try:
            yield await self._begin(response, ask)
        finally:
            await response.aclose()

    async def _begin(self, response: httpx2.Response, ask: Ask) -> Answer:
        kind = response.headers.get("content-type", "")
        patience = self._patience.first_byte_s
        try:
            async with asyncio.timeout(patience):
                if response.status_code != _OK or "text/event-stream" not in kind:
                    body = await response.aread()
                    return Answer(response.status_code, response.headers, body)
                stream = events_of(response.aiter_raw())
                first = [await anext(stream)]
                while not _is_news(first[-1]):
                    first.append(await anext(stream))
        except TimeoutError:
            raise _TryAgainError("no first byte", stalled=True) from None
        except StopAsyncIteration:
            raise _TryAgainError("an empty stream") from None
        except httpx2.TransportError as error:
            raise _TryAgainError(_said(error)) from None
        if problem := ask.dialect.error_in(first[-1]):
            raise _TryAgainError(f"an error in place of an answer: {problem}")
        events = self._rest(first, stream)
        return Answer(response.status_code, response.headers, None, events)

    async def _rest(self, first: list[bytes], stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """All events; one that only says that the connection lives does not prolong patience."""
        for event in first:
            yield event
        patience = self._patience.chunk_s
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while True:
            try:
                async with asyncio.timeout_at(until):
                    event = await anext(stream)
            except TimeoutError:
                raise StalledError(f"nothing came for {patience:g} seconds") from None
            except StopAsyncIteration:
                return
            except httpx2.TransportError as error:
                raise CutError(_said(error)) from None
            yield event
            if _is_news(event):
                until = loop.time() + patience

    def _judge(self, answer: Answer) -> None:
        """Tell what may be tried again from what need not; what is the agent's business passes.

        Before the first answer that is the study's own request, with its options. Later it is what
        the conversation became, such as too long: OpenCode shortens it then.
        """
        if answer.status == _OK:
            self._answered = True
            return
        assert answer.body is not None  # noqa: S101 - only good answers come as events
        said, code = _error_in(answer.body)
        said = self._key.clean(said)
        quota = "quota" in code or "billing" in code or "credit balance" in said
        if answer.status in _REFUSED or quota:
            raise UnansweredError("refused", f"{answer.status}: {said}")
        if answer.status == _NOT_FOUND or code == "model_not_found":
            raise UnansweredError("unknown-model", f"{answer.status}: {said}")
        if answer.status in _TRANSIENT or answer.status >= _SERVER:
            raise _TryAgainError(f"{answer.status}: {said}", asked_wait(answer.headers))
        if not self._answered:
            raise UnansweredError("refused", f"{answer.status}: {said}")


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider wants to be left alone; None: it does not say."""
    if milliseconds := _number(headers.get("retry-after-ms")):
        return milliseconds / 1000
    said = headers.get("retry-after", "")
    seconds = _number(said)
    if seconds is not None or not said:
        return seconds
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def _given_up(failure: _TryAgainError, tries: list[dict[str, Any]], wait: float) -> UnansweredError:
    often = "once" if len(tries) == 1 else f"{len(tries)} times"
    detail = f"asked {often}; at last: {failure.detail}"
    if failure.wait is not None and wait:
        detail += f" (asks to wait {wait:g} s)"
    return UnansweredError("stalled" if failure.stalled else "down", detail)


def _error_in(body: bytes) -> tuple[str, str]:
    """Message and code of an error's body, whatever its form."""
    text = body.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        return " ".join(text.split())[:300] or "no reason given", ""
    error = found.get("error", found) if isinstance(found, dict) else found
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    return message_of(error), str(code or "")


def _is_news(event: bytes) -> bool:
    """Does it say more than that the connection lives?"""
    return bool(data_of(event)) and json_of(event).get("type") != "ping"


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
