"""What a session and its gateway say to each other."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["budget", "refused", "unknown-model", "down", "stalled", "diverged"]


@dataclass(frozen=True)
class Budget:
    """What a session may use; None: as much as it likes."""

    tokens: int | None = None
    """Read and written, together."""

    dollars: float | None = None
    """By the model's price."""

    seconds: float | None = None
    """From the gateway's start; an exchange that would run past them is cut."""

    turns: int | None = None
    """Exchanges with the provider."""


@dataclass(frozen=True)
class Usage:
    """What a session, or one exchange of it, has used."""

    turns: int = 0
    """Exchanges with the provider that brought an answer."""

    input_tokens: int = 0
    """Tokens read by the model, those from the provider's cache included."""

    output_tokens: int = 0
    """Tokens written, those of hidden reasoning included."""

    cached_tokens: int = 0
    """Those of `input_tokens` that came from the provider's cache."""

    dollars: float | None = None
    """By the model's price; None: it has none."""

    def __add__(self, other: "Usage") -> "Usage":
        dollars = None
        if self.dollars is not None or other.dollars is not None:
            dollars = (self.dollars or 0.0) + (other.dollars or 0.0)
        return Usage(
            self.turns + other.turns,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            dollars,
        )


@dataclass(frozen=True)
class Trouble:
    """Why the gateway ended a session.

    `budget`: something of it is used up; `refused`: key, account or quota, or the first
    request itself, as for an option that the provider does not take; `unknown-model`;
    `down`: no answer in as many tries as are allowed; `stalled`: an answer that does not go on;
    `diverged`: in a replay, a request that is not the recorded one.
    """

    kind: Kind
    detail: str
    """One line."""


@dataclass(frozen=True)
class Difference:
    """Where a replay is not what was recorded."""

    exchange: int
    """Number of the recorded exchange, from 0."""

    where: str
    """`request`, or `output of CALL` for what a tool gave: that may differ (it has times in it),
    and the replay goes on."""

    diff: str
    """A unified diff of what was recorded and what came now."""


@dataclass
class Gateway:
    """A gateway that serves one session. It is written by the gateway's thread only."""

    socket: Path
    """The UNIX socket on which it listens."""

    usage: Usage = field(default_factory=Usage)
    """Of the session so far."""

    trouble: Trouble | None = None
    """The first thing that ended the session from the gateway's side."""

    differences: list[Difference] = field(default_factory=list)
    """Of a replay, in the order in which they showed."""

    def give_up(self, kind: Kind, detail: str) -> Trouble:
        """Set the trouble, unless there is one, and say which it is."""
        if self.trouble is None:
            self.trouble = Trouble(kind, " ".join(detail.split()))
        return self.trouble
