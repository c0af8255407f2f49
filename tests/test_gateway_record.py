"""The record: whole lines, whatever happens to who writes them."""

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repro import ROOT
from repro.agent.gateway import Budget, recording, replaying
from repro.agent.gateway.keys import Key
from repro.agent.gateway.record import Recorder, read_exchanges
from repro.agent.gateway.script import Script, Turn
from repro.agent.gateway.scripted import Scripted, scripted_provider
from repro.agent.gateway.server import Incoming, Reply, loopback_socket, serving
from repro.errors import UserError

from gateways import agent, lines, settings

KILLED = """
import sys
from pathlib import Path
from repro.agent.gateway import Budget, recording
from repro.agent.gateway.script import Script, Turn
from repro.agent.gateway.scripted import scripted_provider
from gateways import agent, settings
there = Path(sys.argv[1])
turns = (Turn(text="x" * 5000, times=3), Turn(fault="stall-midway", text="y" * 5000))
with (
    scripted_provider(Script(turn=turns)) as provider,
    recording(settings(provider.endpoint), there / "e.jsonl", Budget(), there / "s") as gateway,
    agent(gateway.socket) as asking,
):
    for _ in range(3):
        asking.say("messages", stream=True)
    chunks = asking.openai.chat.completions.create(
        model="a-model", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    next(chunks)
    print("in the middle", flush=True)
    for _ in chunks:
        pass
"""


def test_killing_the_driver_leaves_whole_lines_that_replay(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"in the middle\n"
        process.send_signal(signal.SIGKILL)
    assert len(lines(tmp_path / "e.jsonl")) == 3
    (tmp_path / "s").unlink()
    with (
        replaying(tmp_path / "e.jsonl", tmp_path / "s") as gateway,
        agent(gateway.socket) as asking,
    ):
        for _ in range(3):
            assert asking.say("messages", stream=True) == "x" * 5000
    assert gateway.trouble is None


def test_a_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    recorder = Recorder(record, Key(None))
    recorder.append({"n": 1, "request": {}})
    recorder.append({"n": 0, "request": {}})
    whole = record.read_bytes()
    record.write_bytes(whole + b'{"n": 2, "requ')
    assert [exchange["n"] for exchange in read_exchanges(record)] == [0, 1]
    Recorder(record, Key(None)).append({"n": 3, "request": {}})
    assert record.read_bytes() == whole + b'{"n": 3, "request": {}}\n'


def test_a_damaged_record(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    for text in ("{}\n", "nonsense\n", "[]\n"):
        record.write_text(text)
        with pytest.raises(UserError, match="damaged"):
            read_exchanges(record)
    record.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        read_exchanges(record)


class _Both(Scripted):
    """Answers nothing until two requests are there."""

    def __init__(self) -> None:
        super().__init__(Script(turn=(), title="A title"))
        self._there = 0
        self._both = asyncio.Event()

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        self._there += 1
        if self._there == 2:
            self._both.set()
        await self._both.wait()
        await super().handle(incoming, reply)


def test_two_requests_at_once(tmp_path: Path) -> None:
    """As OpenCode's for a title, beside the session's first; a replay does not mind their order."""
    listener, provider = loopback_socket(), _Both()
    endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    record = tmp_path / "e.jsonl"

    def title(socket: Path) -> str | None:
        with agent(socket) as asking:
            said = asking.openai.chat.completions.create(
                model="a-model", messages=[{"role": "user", "content": "A title!"}]
            )
            return said.choices[0].message.content

    def turn(socket: Path) -> str:
        with agent(socket) as asking:
            return asking.say("chat-completions", stream=True)

    with (
        serving(provider, listener),
        recording(settings(endpoint), record, Budget(), tmp_path / "s") as gateway,
        ThreadPoolExecutor(2) as pool,
    ):
        one, other = pool.submit(title, gateway.socket), pool.submit(turn, gateway.socket)
        assert (one.result(60), other.result(60)) == ("A title", "Done.")
    assert gateway.usage.turns == 2
    first, second = read_exchanges(record)
    assert second["began_s"] <= first["ended_s"]
    for number, order in enumerate([(title, turn), (turn, title)]):
        with replaying(record, tmp_path / f"r{number}") as again:
            assert {ask(again.socket) for ask in order} == {"A title", "Done."}
        assert again.trouble is None


def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    """`/dev/full` is one that always is."""
    full = Path("/dev/full")
    with scripted_provider(Script(turn=(Turn(text="x"),))) as provider:
        model = settings(provider.endpoint)

        def session() -> None:
            with (
                recording(model, full, Budget(), tmp_path / "s") as gateway,
                agent(gateway.socket) as asking,
            ):
                asking.say("responses")

        with pytest.raises(UserError, match="No space left on device"):
            session()


def test_a_socket_that_cannot_be_made(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    with (
        pytest.raises(UserError, match="too long for a socket"),
        recording(settings("http://x"), tmp_path / "e.jsonl", Budget(), long),
    ):
        pass
