"""A local server between an agent and the provider of its model.

It alone has the keys. It enforces the session's budget, records every exchange, and answers from
the record when the session is replayed. How a request goes is told in `exchange`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repro.agent.gateway.budget import Budget, Usage
from repro.agent.gateway.interface import Difference, Gateway, Trouble
from repro.agent.models import ModelSettings

__all__ = ["Budget", "Difference", "Gateway", "Trouble", "Usage", "recording", "replaying"]

_BROKEN_AT_MOST = 3
"""Answers in a row; OpenCode would go on asking for ever."""


@contextmanager
def recording(
    model: ModelSettings, exchanges: Path, budget: Budget, socket: Path
) -> Iterator[Gateway]:
    """Serve a session with the answers of the model's provider, and record every exchange.

    After trouble every request is answered with an error that makes OpenCode end by itself.

    Args:
        model: the model to ask.
        exchanges: the record; each exchange is appended as one line of JSON.
        budget: what the session may use.
        socket: where the agent reaches the gateway; a path of at most 100 bytes.

    Raises:
        UserError: there is no key, others can read its file, a budget in dollars is set for a
            model without a price, or the script of a scripted model is wrong.
    """
    from repro.agent.gateway.budget import check_budget
    from repro.agent.gateway.exchange import ServedSession
    from repro.agent.gateway.keys import key_of
    from repro.agent.gateway.provider import Provider
    from repro.agent.gateway.record import Recorder
    from repro.agent.gateway.server import serving, unix_socket

    check_budget(model, budget)
    key = key_of(model)
    gateway = Gateway(socket, Usage(dollars=None if model.price is None else 0.0))
    with _with_script(model) as asked:
        provider, recorder = Provider(asked, key), Recorder(exchanges, key)
        session = ServedSession(gateway, provider, key, budget, asked, recorder, _BROKEN_AT_MOST)
        with serving(session, unix_socket(socket)):
            yield gateway


@contextmanager
def replaying(exchanges: Path, socket: Path) -> Iterator[Gateway]:
    """Serve a session with the answers that were recorded for it: no key, no network.

    After the block `trouble` also reports recorded requests that did not come.

    Args:
        exchanges: what `recording` wrote.
        socket: where the agent reaches the gateway.

    Raises:
        UserError: the record is missing or damaged.
    """
    from repro.agent.gateway.exchange import ServedSession
    from repro.agent.gateway.record import read_exchanges
    from repro.agent.gateway.replay import Replay
    from repro.agent.gateway.server import serving, unix_socket

    gateway = Gateway(socket)
    replay = Replay(read_exchanges(exchanges), gateway)
    with serving(ServedSession(gateway, replay), unix_socket(socket)):
        yield gateway
    replay.finish()


@contextmanager
def _with_script(model: ModelSettings) -> Iterator[ModelSettings]:
    """Of a scripted model, start the provider, and set its endpoint."""
    if model.provider != "scripted":
        yield model
        return
    from repro.agent.gateway.scripted import load_script, scripted_provider

    with scripted_provider(load_script(Path(model.endpoint or "no script"))) as provider:
        yield model.model_copy(update={"endpoint": provider.endpoint})
