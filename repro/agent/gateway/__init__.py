"""A local server between an agent and the provider of its model.

It alone has keys; it bounds what a session uses, writes down every exchange, and answers from
what was written when the session is replayed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repro.agent.gateway.interface import Budget, Difference, Gateway, Trouble, Usage
from repro.agent.models import ModelSettings

__all__ = ["Budget", "Difference", "Gateway", "Trouble", "Usage", "recording", "replaying"]


@contextmanager
def recording(
    model: ModelSettings, exchanges: Path, budget: Budget, socket: Path
) -> Iterator[Gateway]:
    """Serve a session with the answers of the model's provider, and write every exchange down.

    After trouble every request is answered with an error that ends OpenCode by itself.

    Args:
        model: whom to ask.
        exchanges: where each exchange is appended as one line of JSON.
        budget: what the session may use.
        socket: where the agent reaches the gateway; a path of at most 100 bytes.

    Raises:
        UserError: there is no key, its file can be read by others, a budget of dollars is set for
            a model without a price, or the script of a scripted model is wrong.
    """
    raise NotImplementedError
    yield Gateway(socket)


@contextmanager
def replaying(exchanges: Path, socket: Path) -> Iterator[Gateway]:
    """Serve a session with the answers that were recorded for it; no key, no network.

    After the block `trouble` also tells of recorded requests that did not come.

    Args:
        exchanges: what `recording` wrote.
        socket: where the agent reaches the gateway.

    Raises:
        UserError: the record is missing or damaged.
    """
    raise NotImplementedError
    yield Gateway(socket)
