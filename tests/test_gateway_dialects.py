"""Every dialect, streamed and not, with the official SDKs as the agent."""

import json
from pathlib import Path

import pytest

from repro.agent.gateway import Budget, recording
from repro.agent.gateway.scripted import Call, Script, Turn, scripted_provider
from repro.agent.models import load_model
from repro.errors import UserError
from repro.study.load import load_study

from gateways import DIALECT_NAMES, MODEL, SDK_ERRORS, DialectName, agent, lines, refusal, settings

CALL = Call(name="write", arguments={"path": "pi.jl", "text": 'println("π ≈ 3")\n'})
SAID = '{"path": "pi.jl", "text": "println(\\"\\u03c0 \\u2248 3\\")\\n"}'


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_an_answer_passes_and_is_written_down(
    tmp_path: Path, dialect: DialectName, *, stream: bool
) -> None:
    turns = (
        Turn(text="Ünïcode, ", calls=(CALL, CALL), input_tokens=70, cached_tokens=30),
        Turn(text="done"),
    )
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        assert asking.say(dialect, stream=stream) == f"Ünïcode, |write({SAID})|write({SAID})"
        assert asking.say(dialect, stream=stream) == "done"
    assert gateway.trouble is None
    assert (gateway.usage.turns, gateway.usage.input_tokens) == (2, 170)
    assert (gateway.usage.output_tokens, gateway.usage.cached_tokens) == (20, 30)
    first, second = lines(tmp_path / "e.jsonl")
    assert first["dialect"] == dialect
    assert first["model"] == MODEL
    assert first["request"]["body"]["model"] == MODEL
    assert ("events" in first["response"]) == stream
    assert first["began_s"] <= first["ended_s"] <= second["began_s"]
    assert first["cut"] is first["trouble"] is None


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_huge_answer_passes(tmp_path: Path, dialect: DialectName) -> None:
    huge = Turn(text="0123456789abcdef", repeat=2**16)
    with (
        scripted_provider(Script(turn=(huge, huge))) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        for stream in (False, True):
            assert asking.say(dialect, stream=stream) == huge.text * huge.repeat
    assert (tmp_path / "e.jsonl").stat().st_size > 2 * 2**20


def test_a_stream_passes_as_it_comes(tmp_path: Path) -> None:
    """The provider never ends its answer; what it has said is there nevertheless."""
    turns = (Turn(text="0" * 4000, fault="stall-midway"),)
    with (
        scripted_provider(Script(turn=turns)) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        chunks = asking.openai.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        said = [next(chunks).choices[0].delta.content or "" for _ in range(4)]
        chunks.close()
    assert set("".join(said)) == {"0"}
    (exchange,) = lines(tmp_path / "e.jsonl")
    assert exchange["cut"] == "the agent went away"
    assert len(exchange["response"]["events"]) >= 4


def test_usage_is_asked_for_where_a_stream_would_not_tell_it(tmp_path: Path) -> None:
    with (
        scripted_provider(Script(turn=())) as provider,
        recording(
            settings(provider.endpoint, options={"temperature": 0, "seed": 7}),
            tmp_path / "e.jsonl", Budget(), tmp_path / "s",
        ) as gateway,
        agent(gateway.socket) as asking,
    ):  # fmt: skip
        asking.say("chat-completions", stream=True)
    (exchange,) = lines(tmp_path / "e.jsonl")
    (came,) = provider.requests
    assert exchange["added"] == {
        "temperature": 0, "seed": 7, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert came.body == exchange["request"]["body"] | exchange["added"]


def test_nothing_else_is_served_and_no_other_model(tmp_path: Path) -> None:
    """An agent may be hostile: the key is for one model's answers, nothing else."""
    with (
        scripted_provider(Script(turn=())) as provider,
        recording(
            settings(provider.endpoint), tmp_path / "e.jsonl", Budget(), tmp_path / "s"
        ) as gateway,
        agent(gateway.socket) as asking,
    ):
        for path in ("/v1/files", "/v1/models", "/v1/responses/../files", "/"):
            assert asking.http.post(f"http://gateway{path}", json={}).status_code == 404
        assert asking.http.get("http://gateway/v1/responses").status_code == 404
        for body in (b"[]", b"{", b"\xff", b"[" * 100_000):
            answer = asking.http.post("http://gateway/v1/responses", content=body)
            assert answer.status_code == 400
        with pytest.raises(SDK_ERRORS) as refused:
            asking.openai.chat.completions.create(
                model="dearer", messages=[{"role": "user", "content": "Hi"}]
            )
    assert refusal(refused.value) == 400
    assert provider.requests == []
    assert gateway.trouble is None


def test_a_scripted_model_brings_its_provider(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text(
        '[[turn]]\ntext = "one"\n[[turn]]\nfault = "server-error"\n'
        '[[turn]]\ncalls = [{ name = "write", arguments = { path = "x" } }]\n'
    )
    model = settings(str(script), provider="scripted")
    with (
        recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s") as gateway,
        agent(gateway.socket) as asking,
    ):
        said = [asking.say(dialect) for dialect in DIALECT_NAMES]
    assert said == ["one", '|write({"path": "x"})', "Done."]
    script.write_text('[[turn]]\nfault = "tired"\n')
    with (
        pytest.raises(UserError, match=r"script\.toml: turn\.0\.fault = 'tired'"),
        recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s2"),
    ):
        pass


def test_the_models_of_the_study_are_there() -> None:
    """As the study had them; a model without a price says nothing about dollars."""
    found = {name: load_model(name) for name in ("gpt-5.5", "claude-opus-4.7", "qwen3-coder-next")}
    assert [model.provider for model in found.values()] == [
        "openai", "anthropic", "openai-compatible",
    ]  # fmt: skip
    assert [model.price is not None for model in found.values()] == [True, True, False]
    assert all(model.price.source for model in found.values() if model.price)
    assert {name for name, model in load_study("paper").models.items() if not model.kernels} == set(
        found
    )


FENCED = """I write it.
```json
{"name": "write", "arguments": {"path": "x"}}
```
"""


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_fenced_call_becomes_a_real_one(tmp_path: Path, *, stream: bool) -> None:
    """The adapter at work in the gateway; what the model said is kept."""
    turns = (Turn(text=FENCED), Turn(text="no call"))
    with scripted_provider(Script(turn=turns)) as provider:
        model = settings(provider.endpoint, adapter="fenced-tool-calls")
        with (
            recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s") as gateway,
            agent(gateway.socket) as asking,
        ):
            said = [asking.say("chat-completions", stream=stream) for _ in turns]
    assert said[0].endswith('|write({"path": "x"})')
    assert said[1] == "no call"
    assert ["tools" in came.body for came in provider.requests] == [False, False]
    first, _ = lines(tmp_path / "e.jsonl")
    assert json.loads(first["unadapted"])["choices"][0]["message"]["content"] == FENCED
    assert gateway.usage.input_tokens == 200


def test_what_is_no_completion_is_not_adapted(tmp_path: Path) -> None:
    with scripted_provider(Script(turn=(Turn(text="x" * 4000, fault="early-end"),))) as provider:
        model = settings(provider.endpoint, adapter="fenced-tool-calls")
        with (
            recording(model, tmp_path / "e.jsonl", Budget(), tmp_path / "s") as gateway,
            agent(gateway.socket) as asking,
        ):
            with pytest.raises(SDK_ERRORS):
                asking.say("chat-completions")
            assert asking.say("chat-completions") == "Done."
    assert lines(tmp_path / "e.jsonl")[0]["cut"] == "the answer is no chat completion"
