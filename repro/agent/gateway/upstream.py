"""Where an exchange gets its answer: from the model's provider, or in a replay from the record."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from repro.agent.gateway.budget import Usage
from repro.agent.gateway.dialects import Dialect, Json
from repro.agent.gateway.events import Event
from repro.agent.gateway.interface import Kind
from repro.agent.gateway.record import Try

OK = 200


class UnansweredError(Exception):
    """This request will not be answered, nor the session's next one."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
        self.detail = detail


class StalledError(Exception):
    """The answer stopped coming."""


class CutError(Exception):
    """The answer broke off."""


@dataclass
class Request:
    """What is asked."""

    dialect: Dialect
    headers: Mapping[str, str]
    """All that the agent sent."""

    body: Json
    """As the agent made it."""

    sent: Json
    """As the provider gets it: with the model's options, changed by its adapter."""

    added: Json
    """The fields of `sent` that differ from `body`, before the adapter changed it."""

    tries: list[Try] = field(default_factory=list)
    """Filled in by the upstream: each try that failed."""


class Account(Protocol):
    """What an answer tells about itself, complete when the answer has been heard."""

    @property
    def model(self) -> str | None:
        """The provider's name for the model."""

    @property
    def usage(self) -> Usage | None:
        """What the answer took; None: it does not say."""

    @property
    def complete(self) -> bool:
        """Has the end of the answer been heard?"""

    def hear(self, event: Event) -> None:
        """Take note of the next event."""

    def hear_whole(self, body: str) -> None:
        """Take note of an answer that is not a stream."""


@dataclass
class Answer:
    """What the upstream answers: a body, or events."""

    status: int
    headers: dict[str, str]
    """Those that reach the agent."""

    account: Account
    body: bytes | None = None
    events: AsyncIterator[Event] | None = None
    """Raises StalledError or CutError where it ends too early."""


class Upstream(Protocol):
    """The provider of a model, or a record."""

    def ask(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """The answer to a request, which comes while the context lasts.

        Raises:
            UnansweredError: there is none, and the session ends.
            CutError: there was none, and the agent may ask again.
        """

    async def close(self) -> None:
        """Nothing more will be asked."""
