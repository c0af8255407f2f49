"""What the driver sees of a session's gateway."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from repro.agent.gateway.budget import Usage
from repro.study.toml import StrictRecord

Kind = Literal["budget", "refused", "unknown-model", "down", "stalled", "diverged"]
"""Why the gateway ends a session.

`budget`: part of it is used up; `refused`: the provider refuses the key, the account or the first
request, such as one with an option that it does not take; `unknown-model`: the provider does not
have the model; `down`: no answer within the tries allowed; `stalled`: an answer stopped coming;
`diverged`: in a replay, a request is not the recorded one.
"""


@dataclass(frozen=True)
class Trouble(StrictRecord):
    """Why the gateway ended a session."""

    kind: Kind
    detail: str
    """One line."""


@dataclass(frozen=True)
class Difference:
    """One place where a replay differs from the record."""

    exchange: int
    """Number of the recorded exchange, from 0."""

    where: str
    """`request`; or `output of CALL` for the output of a tool, which may differ (it may contain
    times), so that the replay goes on."""

    diff: str
    """A unified diff of the recorded text and the present one."""


@dataclass
class Gateway:
    """A gateway that serves one session, as the driver sees it; only its own thread changes it."""

    socket: Path
    """The UNIX socket on which it listens."""

    usage: Usage = field(default_factory=Usage)
    """What the session has used so far."""

    trouble: Trouble | None = None
    """Why the gateway ended the session; None: it did not."""

    differences: list[Difference] = field(default_factory=list)
    """Of a replay, in the order in which they were found."""

    def give_up(self, kind: Kind, detail: str) -> Trouble:
        """End the session, unless it has ended already; returns why it did."""
        if self.trouble is None:
            self.trouble = Trouble(kind, " ".join(detail.split()))
        return self.trouble
