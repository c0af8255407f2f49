"""One exchange, from the agent's request to its answer, and the session that it is part of.

Read from top to bottom, as a request goes: the session accepts it; the exchange checks the budget,
asks the upstream, passes the answer on without the key, and is recorded. In a replay the upstream
is the record, and nothing else differs.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from repro.agent.gateway.adapters import adapt, as_text
from repro.agent.gateway.agent_side import Incoming, Reply
from repro.agent.gateway.budget import Budget, Usage
from repro.agent.gateway.dialects import OVER, Dialect, Json, dialect_of
from repro.agent.gateway.events import Event
from repro.agent.gateway.interface import Gateway, Kind, Trouble
from repro.agent.gateway.keys import Key, SplitKeyError, without_key
from repro.agent.gateway.record import (
    AGENT_LEFT,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recorder,
    Took,
)
from repro.agent.gateway.upstream import (
    OK,
    Account,
    Answer,
    CutError,
    Request,
    StalledError,
    UnansweredError,
    Upstream,
)
from repro.agent.models import ModelSettings


@dataclass
class ServedSession:
    """What lasts from one exchange to the next; in a replay there is no limit, key or record."""

    gateway: Gateway
    upstream: Upstream
    key: Key = field(default_factory=lambda: Key(None))
    budget: Budget = field(default_factory=Budget)
    model: ModelSettings | None = None
    """The only model that may be asked; None: any."""

    recorder: Recorder | None = None
    broken_at_most: int | None = None
    """Answers in a row that may break off; then the provider counts as down."""

    broken: int = 0
    """Answers in a row that broke off."""

    begin: float = field(default_factory=time.monotonic)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Accept a request, unless nobody here can answer it or the session has ended."""
        dialect, trouble = dialect_of(incoming.path), self.gateway.trouble
        if dialect is None or incoming.method != "POST":
            await reply.json(404, {"error": {"message": f"{incoming.path}: not served here"}})
        elif trouble:
            await reply.json(OVER, dialect.over(trouble.kind))
        else:
            number, began_s = next(self.numbers), self.now()
            await Exchange(self, incoming, dialect, reply, number, began_s).run()

    async def close(self) -> None:
        """Close the upstream."""
        await self.upstream.close()

    def now(self) -> float:
        """Seconds since the session began."""
        return round(time.monotonic() - self.begin, 3)


@dataclass
class Exchange:
    """A request in progress: all that is known about it, and what is done with it."""

    session: ServedSession
    incoming: Incoming
    dialect: Dialect
    reply: Reply
    number: int
    began_s: float

    request: Request | None = None
    """What the upstream was asked; None: nothing yet."""

    response: RecordedResponse | None = None
    """What has been answered so far."""

    answered_by: Literal["provider", "gateway"] | None = None
    account: Account | None = None
    """What the upstream's answer tells about itself."""

    usage: Usage | None = None
    """What it took; None: it does not say."""

    unadapted: str | None = None
    """The upstream's answer before an adapter changed it."""

    cut: str | None = None
    """Why the answer broke off."""

    trouble: Trouble | None = None
    """Why the session ended with this exchange."""

    async def run(self) -> None:
        """Answer the request, and record the exchange however it ends."""
        try:
            await self._check()
        except asyncio.CancelledError:
            self.cut = AGENT_LEFT
            raise
        finally:
            if self.session.recorder:
                self.session.recorder.append(self._recorded())

    async def _check(self) -> None:
        """Ask only for the session's model, and within its budget."""
        session, wanted = self.session, self.incoming.body.get("model")
        if reason := session.budget.used_up(session.gateway.usage, session.now()):
            await self._end_session("budget", reason)
        elif session.model and session.model.model != wanted:
            error = self.dialect.error(f"{wanted}: not the session's model", "wrong_model")
            await self._answer_here(error)
        else:
            await self._ask()

    async def _ask(self) -> None:
        """Ask the upstream and pass its answer on; whatever goes wrong with it ends up here."""
        session, limit = self.session, self.session.budget.seconds
        self.request = self._request()
        left = None if limit is None else limit - session.now()
        try:
            async with asyncio.timeout(left), session.upstream.ask(self.request) as answer:
                await self._pass_on(answer)
        except TimeoutError:
            self.cut = "the budget's seconds are over"
            reason = session.budget.used_up(session.gateway.usage, limit or 0.0)
            await self._end_session("budget", str(reason))
        except StalledError as error:
            self.cut = str(error)
            await self._end_session("stalled", str(error))
        except SplitKeyError as error:
            self.cut = str(error)
            await self._end_session("refused", str(error))
        except CutError as error:
            await self._break_off(str(error))
        except UnansweredError as error:
            await self._end_session(error.kind, error.detail)

    def _request(self) -> Request:
        """The agent's request, and the same as the model's settings want it to be sent."""
        body, model = self.incoming.body, self.session.model
        sent = self.dialect.prepare(body | model.options if model else body)
        added = {name: value for name, value in sent.items() if body.get(name) != value}
        if model and model.adapter:
            sent = as_text(sent)
        return Request(self.dialect, self.incoming.headers, body, sent, added)

    async def _pass_on(self, answer: Answer) -> None:
        """Pass the answer on as it comes, changed by the model's adapter, without the key."""
        self.answered_by, self.account = "provider", answer.account
        self.response = RecordedResponse(answer.status, answer.headers)
        if self.session.model and self.session.model.adapter and answer.status == OK:
            self.unadapted = (answer.body or b"").decode("utf-8", errors="replace")
            answer = adapt(answer, self.incoming.body)
            self.response = RecordedResponse(answer.status, answer.headers)
        if answer.events is None:
            await self._pass_body(self.response, answer.body or b"", answer.account)
        else:
            await self._pass_events(self.response, answer.events, answer.account)

    async def _pass_body(self, response: RecordedResponse, body: bytes, account: Account) -> None:
        data = self.session.key.clean_bytes(body)
        text = data.decode("utf-8", errors="replace")
        self.response = replace(response, body=text)
        if response.status == OK:
            account.hear_whole(text)
            self._count(account)
            self.session.broken = 0
        await self.reply.whole(response.status, response.headers, data)

    async def _pass_events(
        self, response: RecordedResponse, events: AsyncIterator[Event], account: Account
    ) -> None:
        """Record exactly what is passed on, each event as it comes."""
        passed: list[tuple[float, str]] = []
        self.response = replace(response, events=passed)
        await self.reply.begin(response.status, response.headers)
        try:
            async for event in without_key(events, self.session.key):
                passed.append((self.session.now(), event.raw.decode("utf-8", errors="replace")))
                account.hear(event)
                await self.reply.piece(event.raw)
        finally:
            self._count(account)
        if not account.complete:
            raise CutError("the stream ended before the answer did")
        self.session.broken = 0
        await self.reply.end()

    def _count(self, account: Account) -> None:
        """An answer that does not say what it took counts as a turn."""
        self.usage = account.usage
        self.session.gateway.usage += self.usage or Usage(turns=1)

    async def _break_off(self, why: str) -> None:
        """Break the agent's answer off as the upstream's was; the agent may ask again."""
        session = self.session
        self.cut = why
        session.broken += 1
        if session.model and session.broken_at_most and session.broken >= session.broken_at_most:
            detail = f"{session.model.model}: {session.broken} answers in a row broke off: {why}"
            await self._end_session("down", detail)

    async def _end_session(self, kind: Kind, detail: str) -> None:
        """End the session, and tell the agent, in the middle of a stream too."""
        self.trouble = self.session.gateway.give_up(kind, self.session.key.clean(detail))
        if not self.reply.begun:
            await self._answer_here(self.dialect.over(self.trouble.kind))
        elif self.response and self.response.events is not None:
            event = self.dialect.over_event(self.trouble.kind)
            self.response.events.append((self.session.now(), event.decode()))
            await self.reply.piece(event)
            await self.reply.end()

    async def _answer_here(self, error: Json) -> None:
        """Answer in place of the upstream."""
        text = json.dumps(error, ensure_ascii=False)
        self.answered_by = "gateway"
        self.response = RecordedResponse(OVER, {"content-type": "application/json"}, text)
        await self.reply.whole(OVER, self.response.headers, text.encode())

    def _recorded(self) -> RecordedExchange:
        """The exchange as it is written down."""
        request, account = self.request, self.account
        return RecordedExchange(
            n=self.number,
            began_s=self.began_s,
            ended_s=self.session.now(),
            dialect=self.dialect.name,
            request=RecordedRequest.of(self.incoming),
            added=request.added if request else {},
            tries=tuple(request.tries) if request else (),
            answered_by=self.answered_by,
            response=self.response,
            model=account.model if account else None,
            usage=Took.of(self.usage) if self.usage else None,
            cut=self.cut,
            trouble=self.trouble,
            unadapted=self.unadapted,
        )
