"""The real OpenCode at the gateway: after trouble it ends by itself, and a record replays."""

from pathlib import Path
from typing import Any

import pytest

from repro.agent.gateway import Budget, Gateway, recording, replaying
from repro.agent.gateway.record import read_exchanges
from repro.agent.gateway.scripted import Call, Fault, Script, Turn, scripted_provider
from repro.agent.models import Limits, ModelSettings, Patience, Provider
from repro.container.julia import Julia
from repro.container.opencode import OpenCode

from agent_tools import agent_tools
from lab.opencode_alone import events, fresh

PROVIDERS: tuple[Provider, ...] = ("openai", "anthropic", "openai-compatible")
SOON = Patience(connect_s=5, first_byte_s=0.5, chunk_s=0.5, tries=2, backoff_s=0.01)
HELLO = "Grüße\n"
PATCH = f"*** Begin Patch\n*** Add File: hello.txt\n+{HELLO}*** End Patch"
DATE = Call(name="bash", arguments={"command": "date +%s%N", "description": "time"})


@pytest.fixture(scope="session")
def opencode(julia: Julia) -> OpenCode:
    return agent_tools(julia).opencode


def model_at(endpoint: str, provider: Provider) -> ModelSettings:
    """GPT gets `apply_patch` where others get `write`: by its name."""
    name = "gpt-5.5" if provider == "openai" else "a-model"
    limits = Limits(context=32_000, output=4_000)
    return ModelSettings(
        provider=provider, model=name, endpoint=endpoint, limits=limits, patience=SOON
    )


def errors(found: list[dict[str, Any]]) -> list[str]:
    return [str(event["error"]) for event in found if event["type"] == "error"]


@pytest.mark.parametrize(
    ("provider", "fault", "kind", "asked"),
    [
        ("openai", "unauthorized", "refused", 1),
        ("openai", "unknown-model", "unknown-model", 1),
        ("anthropic", "overloaded", "down", 2),
        ("anthropic", "stall-midway", "stalled", 1),
        ("openai-compatible", "rate-limit", "down", 2),
        ("openai-compatible", "stall", "stalled", 2),
        ("openai-compatible", "cut", "down", 3),
    ],
)
def test_after_trouble_it_ends_by_itself(
    tmp_path: Path, opencode: OpenCode, provider: Provider, fault: Fault, kind: str, asked: int
) -> None:
    """Without the gateway it would ask for ever, of most of these without a word."""
    place = fresh(tmp_path / "p")
    turns = (Turn(text="0" * 4000, fault=fault, times=99),)
    with scripted_provider(Script(turn=turns)) as scripted:
        model = model_at(scripted.endpoint, provider)
        with recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s") as gateway:
            found = events(opencode, model, gateway.socket, place)
        assert len(scripted.requests) == asked
    assert gateway.trouble
    assert gateway.trouble.kind == kind
    # OpenCode often ends before it tells of an error that comes in a stream, right after a text.
    assert errors(found) or fault == "cut"
    assert all(f"the gateway has ended this session ({kind})" in said for said in errors(found))


def test_a_used_up_budget_ends_it(tmp_path: Path, opencode: OpenCode) -> None:
    place = fresh(tmp_path / "p")
    with scripted_provider(Script(turn=(Turn(calls=(DATE,), times=99),))) as scripted:
        model = model_at(scripted.endpoint, "openai-compatible")
        with recording(model, tmp_path / "e.jsonl", Budget(turns=3), tmp_path / "s") as gateway:
            found = events(opencode, model, gateway.socket, place)
        assert len(scripted.requests) == 3
    assert gateway.trouble
    assert gateway.trouble.kind == "budget"
    assert "the gateway has ended this session (budget)" in errors(found)[-1]


def session(provider: Provider) -> Script:
    """A tool that does not exist, a file, two calls at once whose output is never the same."""
    write = Call(name="write", arguments={"filePath": "hello.txt", "content": HELLO})
    patch = Call(name="apply_patch", arguments={"patchText": PATCH})
    return Script(
        title="A greeting",
        turn=(
            Turn(text="Let me see.", calls=(Call(name="teleport"),)),
            Turn(calls=(patch if provider == "openai" else write,)),
            Turn(calls=(DATE, DATE)),
            Turn(text="Done."),
        ),
    )


def requests(gateway: Gateway) -> set[str]:
    return {found.where.split(" ")[0] for found in gateway.differences}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_record_replays(tmp_path: Path, opencode: OpenCode, provider: Provider) -> None:
    """The second time without a provider: the same requests, the same file."""
    record, place = tmp_path / "e.jsonl", fresh(tmp_path / "p")
    with scripted_provider(session(provider)) as scripted:
        model = model_at(scripted.endpoint, provider)
        with recording(model, record, Budget(), tmp_path / "s") as gateway:
            events(opencode, model, gateway.socket, place, title=True)
    assert gateway.trouble is None
    exchanges = read_exchanges(record)
    assert len(exchanges) == len(scripted.requests) == 5
    assert len([e for e in exchanges if not e.request.body.get("tools")]) == 1, "the title's"
    first = (place.workspace / "hello.txt").read_bytes()
    assert first == HELLO.encode()

    place = fresh(tmp_path / "p")
    with replaying(record, tmp_path / "r") as again:
        found = events(opencode, model, again.socket, place, title=True)
    assert again.trouble is None
    assert errors(found) == []
    assert requests(again) == {"output"}, "only the two dates differ"
    assert len(again.differences) == 2
    assert again.usage == gateway.usage
    assert (place.workspace / "hello.txt").read_bytes() == first


def test_a_replay_of_another_prompt_diverges(tmp_path: Path, opencode: OpenCode) -> None:
    record, place = tmp_path / "e.jsonl", fresh(tmp_path / "p")
    with scripted_provider(Script(turn=())) as scripted:
        model = model_at(scripted.endpoint, "anthropic")
        with recording(model, record, Budget(), tmp_path / "s") as gateway:
            events(opencode, model, gateway.socket, place)
    record.write_text(record.read_text().replace("Write hello.txt", "Write hallo.txt"))
    with replaying(record, tmp_path / "r") as again:
        found = events(opencode, model, again.socket, fresh(tmp_path / "p"))
    assert again.trouble
    assert again.trouble.kind == "diverged"
    assert "Write hallo.txt" in again.trouble.detail
    assert "the gateway has ended this session (diverged)" in errors(found)[-1]
