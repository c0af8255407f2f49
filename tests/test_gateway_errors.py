"""Everything that a provider can do wrong, and what becomes of the session."""

import socket
from pathlib import Path
from typing import Any

import pytest

from repro.agent.gateway import Budget, Gateway, recording
from repro.agent.gateway.provider import asked_wait
from repro.agent.gateway.scripted import Fault, Script, Turn, scripted_provider
from repro.agent.models import ModelSettings

from gateways import (
    DIALECT_NAMES,
    QUICK,
    SDK_ERRORS,
    STALLS_SOON,
    Agent,
    DialectName,
    agent,
    lines,
    refusal,
    settings,
)


def refused(asking: Agent, dialect: DialectName, *, stream: bool = False) -> int | None:
    """Ask, and be told no; the status, if there was one."""
    with pytest.raises(SDK_ERRORS) as said:
        asking.say(dialect, stream=stream)
    return refusal(said.value)


def ends(
    tmp_path: Path, model: ModelSettings, dialect: DialectName, *, stream: bool = False
) -> tuple[Gateway, list[dict[str, Any]]]:
    """A session whose first request ends it; every later one is refused at once."""
    record = tmp_path / "e.jsonl"
    with recording(model, record, Budget(), tmp_path / "s") as gateway, agent(gateway.socket) as a:
        refused(a, dialect, stream=stream)
        assert gateway.trouble
        assert "\n" not in gateway.trouble.detail
        assert refused(a, dialect, stream=stream) == 400
        assert refused(a, dialect) == 400
    found = lines(record)
    assert len(found) == 1, "refusals after the trouble are not written down"
    assert found[0]["trouble"]["kind"] == gateway.trouble.kind
    return gateway, found


CASES: list[tuple[Fault, str, int]] = [
    ("unauthorized", "refused", 1),
    ("no-quota", "refused", 1),
    ("unknown-model", "unknown-model", 1),
    ("bad-option", "refused", 1),
    ("too-long", "refused", 1),
    ("rate-limit", "down", 3),
    ("server-error", "down", 3),
    ("overloaded", "down", 3),
]


@pytest.mark.parametrize(
    ("dialect", "stream"),
    [("responses", True), ("messages", False), ("chat-completions", True)],
)
@pytest.mark.parametrize(("fault", "kind", "asked"), CASES)
def test_an_error_for_ever_ends_the_session(
    tmp_path: Path, fault: Fault, kind: str, asked: int, dialect: DialectName, *, stream: bool
) -> None:
    with scripted_provider(Script(turn=(Turn(fault=fault, times=99),))) as provider:
        gateway, (exchange,) = ends(tmp_path, settings(provider.endpoint), dialect, stream=stream)
        assert len(provider.requests) == asked, "asked as often as patience says, then never again"
    assert gateway.trouble
    assert gateway.trouble.kind == kind
    assert len(exchange["tries"]) == (asked if asked > 1 else 0)
    assert exchange["answered_by"] == "gateway"


@pytest.mark.parametrize("fault", ["rate-limit", "server-error", "overloaded", "late-overloaded"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_an_error_that_passes_is_not_seen_by_the_agent(
    tmp_path: Path, fault: Fault, dialect: DialectName
) -> None:
    turns = (Turn(fault=fault, times=2), Turn(text="at last"))
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        assert asking.say(dialect, stream=True) == "at last"
    (exchange,) = lines(tmp_path / "e.jsonl")
    assert len(exchange["tries"]) == 2
    assert gateway.usage.turns == 1


@pytest.mark.parametrize("fault", ["cut", "stall-midway"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_whole_answer_that_breaks_off_is_asked_for_again(
    tmp_path: Path, fault: Fault, dialect: DialectName
) -> None:
    """Nothing of it has been passed on."""
    turns = (Turn(text="0" * 4000, fault=fault), Turn(text="at last"))
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint, patience=STALLS_SOON),
            tmp_path / "e.jsonl", Budget(), tmp_path / "s",
        ) as gateway,
        agent(gateway.socket) as asking,
    ):  # fmt: skip
        assert asking.say(dialect) == "at last"
    assert gateway.trouble is None


def waits(tmp_path: Path, turn: Turn, **changes: Any) -> list[float]:
    """The seconds that the gateway has waited for a provider that says `turn` twice."""
    patience = QUICK.model_copy(update=changes)
    with (
        scripted_provider(Script(turn=(turn, turn, Turn(text="ok")))) as provider,
        recording(
            settings(provider.endpoint, patience=patience),
            tmp_path / "e.jsonl", Budget(), tmp_path / "s",
        ) as gateway,
        agent(gateway.socket) as asking,
    ):  # fmt: skip
        asking.say("chat-completions")
    return [found["waited_s"] for found in lines(tmp_path / "e.jsonl")[0]["tries"]]


def test_the_provider_says_how_long_to_wait(tmp_path: Path) -> None:
    assert waits(tmp_path, Turn(fault="rate-limit", retry_after=0.03)) == [0.03, 0.03]


def test_without_its_word_each_wait_is_twice_as_long(tmp_path: Path) -> None:
    assert waits(tmp_path, Turn(fault="rate-limit"), backoff_s=0.01) == [0.01, 0.02]


def test_the_ways_to_say_how_long() -> None:
    assert asked_wait({"retry-after": "7"}) == 7
    assert asked_wait({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    assert asked_wait({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}) == 0
    assert (asked_wait({"retry-after": "Fri, 06 Nov 2099 08:49:37 GMT"}) or 0) > 1e9
    for nonsense in ({}, {"retry-after": "soon"}, {"retry-after": "-1"}, {"retry-after": "nan"}):
        assert asked_wait(nonsense) is None


def test_a_provider_that_wants_an_hour_is_down(tmp_path: Path) -> None:
    turns = (Turn(fault="rate-limit", retry_after=3600, times=9),)
    with scripted_provider(Script(turn=turns)) as provider:
        gateway, _ = ends(tmp_path, settings(provider.endpoint), "responses")
        assert len(provider.requests) == 1
    assert gateway.trouble
    assert "asks to wait 3600 s" in gateway.trouble.detail


def test_a_refused_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gateway, (exchange,) = ends(tmp_path, settings(f"http://127.0.0.1:{port}/v1"), "messages")
    assert gateway.trouble
    assert gateway.trouble.kind == "down"
    assert f"127.0.0.1:{port}" in gateway.trouble.detail
    assert len(exchange["tries"]) == 3


def test_no_endpoint_at_all(tmp_path: Path) -> None:
    gateway, _ = ends(tmp_path, settings("ftp://nowhere"), "messages")
    assert gateway.trouble
    assert gateway.trouble.kind == "down"


@pytest.mark.parametrize("fault", ["stall", "stall-midway", "pings"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_provider_that_stalls_for_ever(
    tmp_path: Path, fault: Fault, dialect: DialectName
) -> None:
    """Signs of life count as nothing: an answer must go on."""
    turns = (Turn(text="0" * 4000, fault=fault, times=9),)
    with scripted_provider(Script(turn=turns)) as provider:
        model = settings(provider.endpoint, patience=STALLS_SOON)
        gateway, (exchange,) = ends(tmp_path, model, dialect, stream=True)
        assert len(provider.requests) == (2 if fault == "stall" else 1)
    assert gateway.trouble
    assert gateway.trouble.kind == "stalled"
    if fault != "stall":
        assert exchange["cut"] == "nothing came for 0.5 seconds"
        assert "the gateway has ended this session" in exchange["response"]["events"][-1][1]


@pytest.mark.parametrize("fault", ["cut", "early-end", "malformed"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_answers_that_break_off_reach_the_agent_as_broken(
    tmp_path: Path, fault: Fault, dialect: DialectName
) -> None:
    """It may ask again, as OpenCode does; at the third in a row the provider is down."""
    turns = (Turn(text="0" * 4000, fault=fault, times=99),)
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        for number in range(3):
            assert gateway.trouble is None, number
            with pytest.raises(Exception):  # noqa: B017, PT011 - each SDK has its own
                asking.say(dialect, stream=True)
        assert len(provider.requests) == 3
    assert gateway.trouble
    assert gateway.trouble.kind == "down"
    assert all(exchange["cut"] for exchange in lines(tmp_path / "e.jsonl"))


def test_a_good_answer_between_broken_ones(tmp_path: Path) -> None:
    turns = (Turn(text="0" * 4000, fault="cut", times=2), Turn(text="good"))
    with (
        scripted_provider(Script(turn=turns * 3)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        for _ in range(3):
            refused(asking, "chat-completions", stream=True)
            refused(asking, "chat-completions", stream=True)
            assert asking.say("chat-completions", stream=True) == "good"
    assert gateway.trouble is None


def test_a_bad_option_is_told_in_the_providers_words(tmp_path: Path) -> None:
    with scripted_provider(Script(turn=(Turn(fault="bad-option"),))) as provider:
        gateway, _ = ends(tmp_path, settings(provider.endpoint), "responses")
    assert gateway.trouble
    said = gateway.trouble.detail.partition(": ")[2]
    assert said == "400: Unsupported value: 'temperature' must be 1"


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_the_agents_fault_is_told_to_the_agent(
    tmp_path: Path, dialect: DialectName, *, stream: bool
) -> None:
    """Too long a request, once there were answers: OpenCode makes its session shorter then."""
    turns = (Turn(text="good"), Turn(fault="too-long"), Turn(text="shorter"))
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        assert asking.say(dialect, stream=stream) == "good"
        with pytest.raises(SDK_ERRORS, match="context window"):
            asking.say(dialect, stream=stream)
        assert asking.say(dialect, stream=stream) == "shorter"
        assert len(provider.requests) == 3
    assert gateway.trouble is None
