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
    from repro.agent.gateway.budget import check_budget
    from repro.agent.gateway.keys import key_of
    from repro.agent.gateway.record import Recorder
    from repro.agent.gateway.server import serving, unix_socket
    from repro.agent.gateway.session import Session

    check_budget(model, budget)
    key = key_of(model)
    gateway = Gateway(socket)
    with _with_script(model) as asked:
        session = Session(asked, key, budget, Recorder(exchanges, key), gateway)
        with serving(session, unix_socket(socket)):
            yield gateway


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
    from repro.agent.gateway.record import read_exchanges
    from repro.agent.gateway.replay import Replay
    from repro.agent.gateway.server import serving, unix_socket

    gateway = Gateway(socket)
    replay = Replay(read_exchanges(exchanges), gateway)
    with serving(replay, unix_socket(socket)):
        yield gateway
    replay.finish()


@contextmanager
def _with_script(model: ModelSettings) -> Iterator[ModelSettings]:
    """Of a scripted model, start its provider, and say where it is."""
    if model.provider != "scripted":
        yield model
        return
    from repro.agent.gateway.script import load_script
    from repro.agent.gateway.scripted import scripted_provider

    with scripted_provider(load_script(Path(model.endpoint or "no script"))) as provider:
        yield model.model_copy(update={"endpoint": provider.endpoint})
