"""A replay answers as it was answered, and names everything that is not as it was."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from repro.agent.gateway import Budget, Gateway, recording, replaying
from repro.agent.gateway.scripted import Script, Turn, scripted_provider

from gateways import (
    DIALECT_NAMES,
    MODEL,
    QUICK,
    SDK_ERRORS,
    STALLS_SOON,
    Agent,
    DialectName,
    agent,
    refusal,
    settings,
)

ENVIRONMENT = """You write Julia.
<env>
  Working directory: {cwd}
  Today's date: {date}
</env>"""


@contextmanager
def recorded(tmp_path: Path, *turns: Turn, budget: Budget | None = None) -> Iterator[Agent]:
    """An agent whose session is recorded."""
    with scripted_provider(Script(turn=turns)) as provider:
        stalls = any(turn.fault == "stall-midway" for turn in turns)
        model = settings(provider.endpoint, patience=STALLS_SOON if stalls else QUICK)
        record = tmp_path / "e.jsonl"
        with (
            recording(model, record, budget or Budget(), tmp_path / "s") as gateway,
            agent(gateway.socket) as asking,
        ):
            yield asking


@contextmanager
def replayed(tmp_path: Path) -> Iterator[tuple[Gateway, Agent]]:
    """An agent of the replay."""
    with (
        replaying(tmp_path / "e.jsonl", tmp_path / "r") as gateway,
        agent(gateway.socket) as asking,
    ):
        yield gateway, asking


def post(asking: Agent, body: dict[str, Any], path: str = "chat/completions") -> bytes:
    """The bytes that come back."""
    return asking.http.post(f"http://gateway/v1/{path}", json={"model": MODEL, **body}).content


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_the_same_requests_get_the_same_answers(
    tmp_path: Path, dialect: DialectName, *, stream: bool
) -> None:
    with recorded(tmp_path, Turn(text="one"), Turn(fault="overloaded"), Turn(text="two")) as asking:
        before = [asking.say(dialect, prompt, stream=stream) for prompt in ("1", "2")]
    with replayed(tmp_path) as (gateway, asking):
        assert [asking.say(dialect, prompt, stream=stream) for prompt in ("1", "2")] == before
    assert gateway.trouble is None
    assert gateway.differences == []
    assert (gateway.usage.turns, gateway.usage.input_tokens) == (2, 200)


def test_the_same_bytes_come_back(tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": "ü"}], "stream": True}
    with recorded(tmp_path, Turn(text="ü" * 3000)) as asking:
        before = post(asking, body)
    with replayed(tmp_path) as (_, asking):
        assert post(asking, body) == before


def test_a_replay_of_a_replay_is_one(tmp_path: Path) -> None:
    """Any number of times: the record is read, never written."""
    with recorded(tmp_path, Turn(text="one")) as asking:
        asking.say("messages")
    before = (tmp_path / "e.jsonl").read_bytes()
    for _ in range(2):
        with replayed(tmp_path) as (gateway, asking):
            asking.say("messages")
        assert gateway.trouble is None
        (tmp_path / "r").unlink(missing_ok=True)
    assert (tmp_path / "e.jsonl").read_bytes() == before


def test_what_may_differ(tmp_path: Path) -> None:
    def body(cwd: str, date: str, key: str) -> dict[str, Any]:
        system = ENVIRONMENT.format(cwd=cwd, date=date)
        return {"instructions": system, "input": f"as {key} said", "prompt_cache_key": key}

    one, two = "ses_2c7f3a9bXffe1234567890abcd", "ses_1a5d2e8cQffe0987654321dcba"
    with recorded(tmp_path, Turn(text="ok")) as asking:
        post(asking, body("/workspace", "Thu Nov 26 2026", one), "responses")
    with replayed(tmp_path) as (gateway, asking):
        post(asking, body("/elsewhere", "Mon Jan 05 2032", two), "responses")
    assert gateway.trouble is None
    assert gateway.differences == []


def test_a_request_that_differs_is_shown_as_a_diff(tmp_path: Path) -> None:
    def body(prompt: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": prompt}]}

    with recorded(tmp_path, Turn(text="one"), Turn(text="two")) as asking:
        post(asking, body("a"))
        post(asking, body("first line\nwrite pi\nlast line"))
    with replayed(tmp_path) as (gateway, asking):
        post(asking, body("a"))
        with pytest.raises(SDK_ERRORS) as said:
            asking.openai.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "first line\nwrite gemm\nlast line"}],
            )
        assert refusal(said.value) == 400
        assert b"session_over" in post(asking, body("a"))
    assert gateway.trouble
    assert gateway.trouble.kind == "diverged"
    assert gateway.trouble.detail == "request 1 is not the recorded one: -write pi\\n"
    (difference,) = gateway.differences
    assert (difference.exchange, difference.where) == (1, "request")
    changed = [line for line in difference.diff.splitlines()[2:] if line[0] in "+-"]
    assert changed == ["-write pi\\n", "+write gemm\\n"]


def test_another_path_differs(tmp_path: Path) -> None:
    with recorded(tmp_path, Turn(text="one")) as asking:
        post(asking, {"input": "x"}, "responses")
    with replayed(tmp_path) as (gateway, asking):
        post(asking, {"input": "x"}, "chat/completions")
    assert gateway.trouble
    assert '"path": "/v1/responses"' in gateway.differences[0].diff


TOOL_RESULTS: dict[str, Any] = {
    "responses": lambda text: {
        "input": [{"type": "function_call_output", "call_id": "call_1", "output": text}]
    },
    "chat/completions": lambda text: {
        "messages": [{"role": "tool", "tool_call_id": "call_1", "content": text}]
    },
    "messages": lambda text: {
        "messages": [{
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": [
                {"type": "text", "text": text}
            ]}],
        }]
    },
}  # fmt: skip


@pytest.mark.parametrize("path", TOOL_RESULTS)
def test_what_a_tool_gave_may_differ_and_is_told_once(tmp_path: Path, path: str) -> None:
    """A program that prints its time prints another one now; later requests repeat it."""
    result = TOOL_RESULTS[path]
    with recorded(tmp_path, Turn(text="one"), Turn(text="two")) as asking:
        answers = [post(asking, result("took 1.25 s"), path) for _ in range(2)]
    with replayed(tmp_path) as (gateway, asking):
        assert [post(asking, result("took 1.31 s"), path) for _ in range(2)] == answers
    assert gateway.trouble is None
    (difference,) = gateway.differences
    assert difference.where == "output of call_1"
    assert "-" in difference.diff
    assert "took 1.25 s" in difference.diff
    assert "took 1.31 s" in difference.diff


def test_a_request_too_many(tmp_path: Path) -> None:
    with recorded(tmp_path, Turn(text="one")) as asking:
        asking.say("responses")
    with replayed(tmp_path) as (gateway, asking):
        asking.say("responses")
        with pytest.raises(SDK_ERRORS):
            asking.say("responses")
    assert gateway.trouble
    assert gateway.trouble.detail == "request 1: one more than the 1 that were recorded"


def test_requests_too_few(tmp_path: Path) -> None:
    with recorded(tmp_path) as asking:
        for prompt in "123":
            asking.say("responses", prompt)
    with replayed(tmp_path) as (gateway, asking):
        asking.say("responses", "1")
    assert gateway.trouble
    assert gateway.trouble.detail == (
        "2 of 3 recorded requests did not come, the first of them number 1"
    )


def test_a_cut_stream_is_cut_again(tmp_path: Path) -> None:
    body = {"messages": [], "stream": True}
    turns = (Turn(text="0" * 4000, fault="cut"), Turn(text="whole"))

    def half(asking: Agent) -> bytes:
        said: list[bytes] = []
        url = "http://gateway/v1/chat/completions"
        with asking.http.stream("POST", url, json={"model": MODEL, **body}) as answer:
            chunks = answer.iter_raw()
            with pytest.raises(SDK_ERRORS):
                said.extend(chunks)
        return b"".join(said)

    with recorded(tmp_path, *turns) as asking:
        before = half(asking), post(asking, body)
    with replayed(tmp_path) as (gateway, asking):
        assert (half(asking), post(asking, body)) == before
    assert before[0].count(b'"0') > 2
    assert gateway.trouble is None


def test_a_replay_counts_as_the_session_did(tmp_path: Path) -> None:
    """An error that the agent was told of is no turn."""
    turns = (Turn(text="good"), Turn(fault="too-long"), Turn(text="shorter", cached_tokens=7))
    with scripted_provider(Script(turn=turns)) as provider:
        model = settings(provider.endpoint)
        with (
            recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s") as session,
            agent(session.socket) as asking,
        ):
            before = [post(asking, {"messages": [], "n": number}) for number in range(3)]
    with replayed(tmp_path) as (gateway, asking):
        assert [post(asking, {"messages": [], "n": number}) for number in range(3)] == before
    assert b"context window" in before[1]
    assert gateway.usage == session.usage
    assert (gateway.usage.turns, gateway.usage.cached_tokens) == (2, 7)


@pytest.mark.parametrize(
    ("turn", "budget", "kind"),
    [
        (Turn(fault="unauthorized"), Budget(), "refused"),
        (Turn(fault="stall-midway", text="0" * 4000), Budget(), "stalled"),
        (Turn(text="x"), Budget(turns=0), "budget"),
    ],
)
def test_trouble_comes_again(tmp_path: Path, turn: Turn, budget: Budget, kind: str) -> None:
    body = {"messages": [], "stream": True}
    with recorded(tmp_path, turn, budget=budget) as asking:
        before = [post(asking, body) for _ in range(2)]
    with replayed(tmp_path) as (gateway, asking):
        assert [post(asking, body) for _ in range(2)] == before
    assert gateway.trouble
    assert gateway.trouble.kind == kind
    line = json.loads((tmp_path / "e.jsonl").read_text())
    assert line["trouble"] == {"kind": kind, "detail": gateway.trouble.detail}
