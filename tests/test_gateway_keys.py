"""A key is only ever in the request that goes out."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from repro.agent.gateway import Budget, recording
from repro.agent.gateway.dialects import DIALECTS
from repro.agent.gateway.events import PIECE, Event, event_with
from repro.agent.gateway.keys import (
    Key,
    NoKeyError,
    SplitKeyError,
    key_file,
    key_of,
    without_key,
)
from repro.agent.gateway.scripted import Script, Turn, scripted_provider
from repro.errors import UserError

from gateways import DIALECT_NAMES, MODEL, SDK_ERRORS, DialectName, agent, settings

NAME = "REPRO_TEST_KEY"
PLANTED = "sk-planted/+0123456789abcdef"


@pytest.fixture(autouse=True)
def no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's file of keys nor its environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(NAME, raising=False)


def write_key(text: str = f'{NAME} = "{PLANTED}"\n', mode: int = 0o600) -> Path:
    path = key_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("place", ["environment", "file"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_planted_key_reaches_the_provider_and_nothing_else(
    tmp_path: Path, dialect: DialectName, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the provider repeats it, in errors and in answers, and the agent asks with it."""
    if place == "file":
        write_key()
    else:
        monkeypatch.setenv(NAME, PLANTED)
    archive = tmp_path / "archive"
    archive.mkdir()
    turns = (
        Turn(text=f"your key is {PLANTED}, is it not"),
        Turn(text=f"your key is {PLANTED}, is it not"),
        Turn(fault="unauthorized"),
    )
    heard = []
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint, key=NAME), archive / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        heard += [asking.say(dialect, prompt=PLANTED, stream=True), asking.say(dialect)]
        with pytest.raises(SDK_ERRORS) as said:
            asking.say(dialect)
        heard.append(f"{said.value}")
        headers = [request.headers for request in provider.requests]
    assert heard[:2] == ["your key is [key removed], is it not"] * 2
    assert gateway.trouble
    assert gateway.trouble.detail.endswith("Incorrect API key provided: [key removed]")
    name = "x-api-key" if dialect == "messages" else "authorization"
    assert [sent[name].removeprefix("Bearer ") for sent in headers] == [PLANTED] * 3
    kept = [path.read_bytes() for path in archive.rglob("*") if path.is_file()]
    assert b"[key removed]" in b"".join(kept)
    for text in (*kept, *(h.encode() for h in heard), repr(gateway).encode()):
        assert PLANTED.encode() not in text
        assert b"not-the-key" not in text, "what the agent shows is not kept either"


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_key_that_comes_in_pieces_ends_the_session(
    tmp_path: Path, dialect: DialectName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the agent nor the record gets enough of it to put it together."""
    monkeypatch.setenv(NAME, PLANTED)
    path = next(one.path for one in DIALECTS if one.name == dialect)
    text = "." * (PIECE - 9) + PLANTED + "!"
    with (
        scripted_provider(Script(turn=(Turn(text=text),))) as provider,
        recording(
            settings(provider.endpoint, key=NAME), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        body = {"model": MODEL, "stream": True}
        heard = asking.http.post(f"http://gateway{path}", json=body).text
    assert gateway.trouble
    assert gateway.trouble.kind == "refused"
    assert gateway.trouble.detail == "the answer has the key in it, in pieces"
    kept = (tmp_path / "e.jsonl").read_text()
    for text in (kept, heard):
        assert "the gateway has ended this session (refused)" in text
        assert PLANTED[:6] not in text
        assert PLANTED[-6:] not in text


def passed(key: Key, pieces: list[bytes]) -> list[bytes]:
    """What of a stream is passed on."""

    async def stream() -> AsyncIterator[Event]:
        for piece in pieces:
            yield Event(piece)

    async def all_of_it() -> list[bytes]:
        return [event.raw async for event in without_key(stream(), key)]

    return asyncio.run(all_of_it())


def chat(**delta: Any) -> bytes:
    return event_with({"choices": [{"index": 0, "delta": delta}]})


def calling(arguments: str) -> bytes:
    function = {"name": "write", "arguments": arguments}
    return chat(tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}])


@pytest.mark.parametrize("length", [1, 3, 7, len(PLANTED) - 1])
@pytest.mark.parametrize("escaped", [False, True])
def test_pieces_of_any_length_and_place(length: int, *, escaped: bool) -> None:
    text = "a " + (PLANTED.replace("/", "\\/") if escaped else PLANTED)
    pieces = [text[start : start + length] for start in range(0, len(text), length)]
    streams = (
        [chat(content=piece) for piece in pieces],
        [calling(piece) for piece in pieces],
        [event_with({"type": "x.delta", "delta": piece}) for piece in pieces],
        [event_with({"delta": {"type": "input_json_delta", "partial_json": p}}) for p in pieces],
    )
    for stream in streams:
        with pytest.raises(SplitKeyError):
            passed(Key(PLANTED), stream)


def test_what_only_begins_like_a_key_passes_as_it_came() -> None:
    """Also at the end, and with events between that say nothing."""
    said = ["sk-", "plan", "ted", ", says he: ", PLANTED[:-1], "", "no ", PLANTED[:9]]
    stream = [chat(role="assistant"), *(chat(content=text) for text in said), b": alive\n\n"]
    assert passed(Key(PLANTED), stream) == stream
    assert passed(Key(None), stream) == stream


def test_a_key_is_not_in_what_python_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, PLANTED)
    key = key_of(settings("http://x", key=NAME))
    assert key.text == PLANTED
    assert PLANTED not in f"{key} {key!r}"


def test_a_key_is_found_however_json_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = 'sk-a"b\\c/d'
    monkeypatch.setenv(NAME, odd)
    key = key_of(settings("http://x", key=NAME))
    for text in (odd, json.dumps(odd), json.dumps(odd).replace("/", "\\/")):
        assert key.clean(text).strip('"') == "[key removed]"
        assert key.clean_bytes(text.encode()).strip(b'"') == b"[key removed]"


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    write_key()
    assert key_of(settings("http://x", key=NAME)).text == PLANTED
    monkeypatch.setenv(NAME, "sk-another-key")
    assert key_of(settings("http://x", key=NAME)).text == "sk-another-key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read(mode: int) -> None:
    path = write_key(mode=mode)
    with pytest.raises(UserError) as said:
        key_of(settings("http://x", key=NAME))
    assert str(said.value) == f"{path}: other users can read it; run chmod 600 {path}"


def test_a_damaged_file_is_not_shown() -> None:
    path = write_key(f"{NAME} = {PLANTED}\n")
    with pytest.raises(UserError) as said:
        key_of(settings("http://x", key=NAME))
    assert str(path) in str(said.value)
    assert PLANTED not in str(said.value)


@pytest.mark.parametrize("text", ["s-1", "two words of it", "schlüssel-12345", "line\nbreak-12345"])
def test_what_is_no_key(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(UserError) as said:
        key_of(settings("http://x", key=NAME))
    assert text not in str(said.value)


def test_no_key(tmp_path: Path) -> None:
    record = tmp_path / "e.jsonl"
    model = settings("http://x", key=NAME)
    with pytest.raises(NoKeyError) as said, recording(model, record, Budget(), tmp_path / "s"):
        pass
    assert NAME in str(said.value)
    assert str(key_file()) in str(said.value)
    assert os.listdir(tmp_path) == []


def test_a_model_that_wants_no_key() -> None:
    assert key_of(settings("http://x")).text is None
