"""The upstream of a recorded session: the model's provider, asked again while nothing has come."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpx2

from repro.agent.gateway.budget import Usage, usage_of
from repro.agent.gateway.dialects import Dialect, Json, message_of
from repro.agent.gateway.events import Event, events_of
from repro.agent.gateway.interface import Kind
from repro.agent.gateway.keys import Key
from repro.agent.gateway.record import Try
from repro.agent.gateway.upstream import (
    OK,
    Answer,
    CutError,
    Request,
    StalledError,
    UnansweredError,
)
from repro.agent.models import ModelSettings, Price

ENDPOINTS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}

_PASSED_ON = ("content-type", "retry-after", "retry-after-ms", "request-id", "x-request-id")
"""Those of the provider's headers that reach the agent."""

_REFUSED = {401, 402, 403}
_NOT_FOUND = 404
_TRANSIENT = {408, 409, 425, 429}
_SERVER = 500
_STALLS = 2
"""Tries that may end without a first byte: each costs `first_byte_s`."""


class _TryAgainError(Exception):
    def __init__(self, detail: str, wait: float | None = None, *, stalled: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.wait = wait
        self.stalled = stalled


@cache
def certificates() -> ssl.SSLContext:
    """The certificates to trust; read once, since that takes a tenth of a second."""
    return httpx2.create_ssl_context()


class Provider:
    """The provider of one model."""

    def __init__(self, model: ModelSettings, key: Key) -> None:
        self._model = model
        self._endpoint = (model.endpoint or ENDPOINTS.get(model.provider, "")).rstrip("/")
        self._key = key
        self._patience = model.patience
        self._answered = False
        self._opened: httpx2.AsyncClient | None = None

    @property
    def _client(self) -> httpx2.AsyncClient:
        if self._opened is None:
            timeout = httpx2.Timeout(None, connect=self._patience.connect_s)
            self._opened = httpx2.AsyncClient(timeout=timeout, verify=certificates())
        return self._opened

    async def close(self) -> None:
        """Close the connections that are open."""
        if self._opened is not None:
            await self._opened.aclose()

    @asynccontextmanager
    async def ask(self, request: Request) -> AsyncIterator[Answer]:
        """Send a request, as often as patience allows, until an answer begins.

        Raises:
            UnansweredError: none did, or the provider refused.
        """
        stalls = 0
        while True:
            try:
                async with self._try(request) as answer:
                    self._judge(answer)
                    yield answer
                    return
            except _TryAgainError as failure:
                stalls += failure.stalled
                last = len(request.tries) + 1 >= self._patience.tries or stalls >= _STALLS
                wait = failure.wait
                if wait is None:
                    wait = self._patience.backoff_s * 2.0 ** len(request.tries)
                    wait = min(wait, self._patience.longest_wait_s)
                last = last or wait > self._patience.longest_wait_s
                request.tries.append(Try(failure.detail, 0.0 if last else wait))
                if last:
                    raise self._given_up(failure, len(request.tries), wait) from None
            await asyncio.sleep(wait)

    @asynccontextmanager
    async def _try(self, request: Request) -> AsyncIterator[Answer]:
        """One request, until the first event or the whole body is there."""
        dialect = request.dialect
        came = request.headers
        passed = {name: came[name] for name in dialect.passed if name in came}
        headers = passed | {"accept-encoding": "identity", "content-type": "application/json"}
        if self._key.text:
            headers |= dialect.key_headers(self._key.text)
        url = self._endpoint + dialect.path.removeprefix("/v1")
        content = json.dumps(request.sent, ensure_ascii=False).encode("utf-8", "replace")
        try:
            post = self._client.build_request("POST", url, headers=headers, content=content)
            async with asyncio.timeout(self._patience.first_byte_s):
                response = await self._client.send(post, stream=True)
        except TimeoutError:
            raise _TryAgainError("no first byte", stalled=True) from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise self._unanswered("down", f"{self._endpoint}: no endpoint: {error}") from None
        except httpx2.TransportError as error:
            raise _TryAgainError(f"{self._endpoint}: {_said(error)}") from None
        try:
            yield await self._begin(response, request)
        finally:
            await response.aclose()

    async def _begin(self, response: httpx2.Response, request: Request) -> Answer:
        came = response.headers
        headers = {name: came[name] for name in _PASSED_ON if name in came}
        account = Heard(request.dialect, self._model.price)
        answer = Answer(response.status_code, headers, account)
        try:
            async with asyncio.timeout(self._patience.first_byte_s):
                if response.status_code != OK or not _is_stream(headers):
                    answer.body = await response.aread()
                    return answer
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
        if problem := request.dialect.error_in(first[-1]):
            raise _TryAgainError(f"an error in place of an answer: {problem}")
        answer.events = self._rest(first, stream)
        return answer

    async def _rest(self, first: list[Event], stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """All events; a mere sign of life does not extend the time allowed for the next."""
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
        """Decide whether to try again, give up, or leave an error to the agent.

        Before the first answer an error is about the study's own request, with its options. Later
        it is about the conversation, which may have become too long: OpenCode then shortens it.
        """
        if answer.status == OK:
            self._answered = True
            return
        assert answer.body is not None  # noqa: S101 - only good answers come as events
        said, code = _error_in(answer.body)
        said = self._key.clean(said)
        quota = "quota" in code or "billing" in code or "credit balance" in said
        if answer.status in _REFUSED or quota:
            raise self._unanswered("refused", f"{answer.status}: {said}")
        if answer.status == _NOT_FOUND or code == "model_not_found":
            raise self._unanswered("unknown-model", f"{answer.status}: {said}")
        if answer.status in _TRANSIENT or answer.status >= _SERVER:
            raise _TryAgainError(f"{answer.status}: {said}", asked_wait(answer.headers))
        if not self._answered:
            raise self._unanswered("refused", f"{answer.status}: {said}")

    def _given_up(self, failure: _TryAgainError, tries: int, wait: float) -> UnansweredError:
        often = "once" if tries == 1 else f"{tries} times"
        detail = f"asked {often}; at last: {failure.detail}"
        if failure.wait is not None and wait:
            detail += f" (asks to wait {wait:g} s)"
        return self._unanswered("stalled" if failure.stalled else "down", detail)

    def _unanswered(self, kind: Kind, detail: str) -> UnansweredError:
        return UnansweredError(kind, f"{self._model.model}: {detail}")


class Heard:
    """The account of a provider's answer, put together from what it says."""

    def __init__(self, dialect: Dialect, price: Price | None) -> None:
        self.model: str | None = None
        self.complete = False
        self._dialect = dialect
        self._price = price
        self._usage: Json = {}

    @property
    def usage(self) -> Usage | None:
        """What the answer took; None: it does not say."""
        if not self._usage:
            return None
        return usage_of(self._dialect.tokens(self._usage), self._price)

    def hear(self, event: Event) -> None:
        """Take note of the next event."""
        self._note(event.json)
        self.complete = self.complete or self._dialect.is_last(event)

    def hear_whole(self, body: str) -> None:
        """Take note of an answer that is not a stream."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        self._note(found if isinstance(found, dict) else {})
        self.complete = True

    def _note(self, whole: Json) -> None:
        about = self._dialect.about(whole)
        self.model = about.get("model") or self.model
        usage = about.get("usage") or whole.get("usage")
        if isinstance(usage, dict):
            self._usage |= usage


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait; None: it does not say."""
    if milliseconds := _number(headers.get("retry-after-ms")):
        return milliseconds / 1000
    said = headers.get("retry-after", "")
    seconds = _number(said)
    if seconds is not None or not said:
        return seconds
    try:
        wait = parsedate_to_datetime(said) - datetime.now(UTC)
    except (ValueError, TypeError):  # no date, or one without a time zone
        return None
    return max(0.0, wait.total_seconds())


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


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


def _is_stream(headers: Mapping[str, str]) -> bool:
    return "text/event-stream" in headers.get("content-type", "")


def _is_news(event: Event) -> bool:
    """Does it say more than that the connection is alive?"""
    return bool(event.data) and event.json.get("type") != "ping"


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
