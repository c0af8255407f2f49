"""The record: whole lines, whatever happens to who writes them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repro import ROOT
from repro.agent.gateway import Budget, recording, replaying
from repro.agent.gateway.agent_side import Incoming, Reply
from repro.agent.gateway.keys import Key
from repro.agent.gateway.record import (
    AGENT_LEFT,
    RecordedExchange,
    RecordedRequest,
    Recorder,
    Try,
    read_exchanges,
)
from repro.agent.gateway.scripted import Script, Scripted, Turn, scripted_provider
from repro.agent.gateway.server import loopback_socket, serving
from repro.errors import UserError

from gateways import agent, lines, settings

KILLED = """
import sys
from pathlib import Path
from repro.agent.gateway import Budget, recording
from repro.agent.gateway.scripted import Script, Turn, scripted_provider
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


def exchange(number: int) -> RecordedExchange:
    """One that was cut before an answer came."""
    request = RecordedRequest("POST", "/v1/messages", {}, {"model": "a-model"})
    tries = (Try("no first byte", 0.5),)
    return RecordedExchange(
        n=number, began_s=0.5, ended_s=1.0, dialect="messages", request=request, added={},
        tries=tries, answered_by=None, response=None, model=None, usage=None, cut=AGENT_LEFT,
        trouble=None,
    )  # fmt: skip


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    Recorder(record, Key(None)).append(exchange(0))
    assert read_exchanges(record) == [exchange(0)]


COMMITTED = sorted((ROOT / "data").glob("*/*/transcripts/*/*/exchanges.jsonl"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: "/".join(path.parts[-5:-1]))
def test_a_committed_record_would_be_written_with_the_same_bytes(
    path: Path, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "e.jsonl", Key(None))
    for found in read_exchanges(path):
        recorder.append(found)
    written = (tmp_path / "e.jsonl").read_bytes().splitlines()
    assert sorted(written) == sorted(path.read_bytes().splitlines())


def test_there_are_committed_records() -> None:
    assert COMMITTED


def test_a_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    recorder = Recorder(record, Key(None))
    recorder.append(exchange(1))
    recorder.append(exchange(0))
    whole = record.read_bytes()
    record.write_bytes(whole + b'{"n": 2, "requ')
    assert [found.n for found in read_exchanges(record)] == [0, 1]
    Recorder(record, Key(None)).append(exchange(3))
    assert record.read_bytes().startswith(whole + b'{"added": {}')
    assert [found.n for found in read_exchanges(record)] == [0, 1, 3]


def test_a_damaged_record(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    for text in ("{}\n", "nonsense\n", "[]\n", "[" * 10**5 + "\n", '{"n": "one"}\n'):
        record.write_text(text)
        with pytest.raises(UserError, match=re.escape(f"{record}:1: damaged: ")) as said:
            read_exchanges(record)
        assert "\n" not in str(said.value)
    record.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        read_exchanges(record)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('"n": 0', '"n": "none"', "n = 'none'"),
        ('"method": "POST"', '"metod": "POST"', "request.method: missing"),
        ('"waited_s": 0.5', '"waited_s": []', "tries.0.waited_s = []"),
        ('"trouble": null', '"trouble": null, "x": 1', "x: no such key"),
    ],
)
def test_the_field_that_is_damaged_is_named(
    tmp_path: Path, before: str, after: str, field: str
) -> None:
    record = tmp_path / "e.jsonl"
    Recorder(record, Key(None)).append(exchange(0))
    text = record.read_text()
    assert before in text
    record.write_text(text + text.replace(before, after))
    with pytest.raises(UserError) as said:
        read_exchanges(record)
    assert str(record) in str(said.value)
    assert f":2: damaged: {field}" in str(said.value)


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
    assert second.began_s <= first.ended_s
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
        pytest.raises(UserError, match="too long for the path of a socket"),
        recording(settings("http://x"), tmp_path / "e.jsonl", Budget(), long),
    ):
        pass
