"""ATIF files keep to the format's rules, as Harbor's models of it have them, in our words."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from session_records import record

from repro import ROOT
from repro.agent import layout, prompting
from repro.agent.atif import write_atif
from repro.agent.endings import Ending
from repro.agent.gateway import Usage
from repro.agent.records import Session
from repro.files import read_json
from repro.study.names import Program

FILES = sorted((ROOT / "data").glob(f"*/*/transcripts/*/*/{layout.ATIF}"))
COUNTS = {"prompt_tokens": int, "completion_tokens": int, "cached_tokens": int, "cost_usd": float}
FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "trajectory": (
        {"schema_version": str, "agent": dict, "steps": list},
        {"session_id": str, "final_metrics": dict, "extra": dict},
    ),
    "agent": ({"name": str, "version": str}, {"model_name": str}),
    "step": (
        {"step_id": int, "source": str, "message": str},
        {"timestamp": str, "model_name": str, "reasoning_content": str, "tool_calls": list,
         "observation": dict, "metrics": dict},
    ),
    "tool call": ({"tool_call_id": str, "function_name": str, "arguments": dict}, {}),
    "observation": ({"results": list}, {}),
    "result": ({}, {"source_call_id": str, "content": str}),
    "metrics": ({}, COUNTS),
    "final metrics": (
        {}, {"total_steps": int, **{f"total_{name}": kind for name, kind in COUNTS.items()}}
    ),
}  # fmt: skip
"""Of each object the fields that it must have, and those used here that it may have."""
OF_AGENTS = {"model_name", "reasoning_content", "tool_calls", "metrics"}
"""What a step of anybody else must not have."""


def fields(kind: str, found: Any) -> Iterator[str]:
    """What is wrong with the fields of an object: missing, not in the format, of a wrong type."""
    if not isinstance(found, dict):
        yield f"{kind}: no object"
        return
    must, may = FIELDS[kind]
    yield from (f"{kind}: no {name}" for name in must.keys() - found.keys())
    for name, value in found.items():
        wanted: type | None = (must | may).get(name)
        fits = (int, float) if wanted is float else wanted or ()
        if isinstance(value, bool) or not isinstance(value, fits):
            yield f"{kind}: {name}"


def problems(found: Any) -> list[str]:
    """All that is wrong with a trajectory."""
    wrong = list(fields("trajectory", found))
    if wrong:
        return wrong
    wrong += fields("agent", found["agent"])
    wrong += fields("final metrics", found.get("final_metrics", {}))
    known = {f"ATIF-v1.{minor}" for minor in range(9)}
    wrong += [] if found["schema_version"] in known else ["schema_version"]
    wrong += [] if found["steps"] else ["no steps"]
    for number, step in enumerate(found["steps"], 1):
        wrong += step_problems(number, step)
    return wrong


def step_problems(number: int, step: Any) -> list[str]:
    wrong = list(fields("step", step))
    if wrong:
        return wrong
    if step["step_id"] != number:
        wrong.append(f"step {step['step_id']} is the {number}th")
    if step["source"] not in {"system", "user", "agent"}:
        wrong.append(f"a step of {step['source']}")
    if step["source"] != "agent":
        wrong += sorted(OF_AGENTS & step.keys())
    try:
        datetime.fromisoformat(step.get("timestamp", "2026-01-01"))
    except ValueError:
        wrong.append("timestamp")
    wrong += fields("metrics", step.get("metrics", {}))
    calls, observation = step.get("tool_calls", []), step.get("observation", {"results": []})
    wrong += list(fields("observation", observation)) + each("tool call", calls)
    wrong += each("result", observation.get("results", []))
    return wrong or unknown_calls(calls, observation["results"])


def each(kind: str, found: Iterable[Any]) -> list[str]:
    return [problem for one in found for problem in fields(kind, one)]


def unknown_calls(calls: list[Any], results: list[Any]) -> list[str]:
    known = {call["tool_call_id"] for call in calls}
    named = {result["source_call_id"] for result in results if "source_call_id" in result}
    return [f"{name}: a result of no call of its step" for name in named - known]


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-5:-1]))
def test_a_committed_file_keeps_to_the_format(path: Path) -> None:
    assert problems(read_json(path)) == []


def part(kind: str, **what: Any) -> dict[str, Any]:
    return {"type": kind, **what}


def tool(name: str, **state: Any) -> dict[str, Any]:
    return part("tool", callID=f"call_{name}", tool=name, state=state)


def message(role: str, *parts: dict[str, Any], **info: Any) -> dict[str, Any]:
    return {"info": {"role": role, "time": {"created": 1_790_000_000_123}, **info}, "parts": parts}


def written(place: Path) -> Any:
    """The file of a session with every kind of message that OpenCode exports."""
    tokens = {"input": 5, "output": 2, "reasoning": 1, "cache": {"read": 3, "write": 0}}
    export = [
        message("user", part("text", text="Write it.")),
        message(
            "assistant", part("step-start"), part("reasoning", text="Hm."), part("text", text="So"),
            tool("write", status="completed", input={"filePath": "a.jl"}, output="Wrote it."),
            tool("bash", status="error", input={"command": "x"}, error="no"),
            tool("read", status="pending", input={}, raw=""), tool("docs", output=[{"a": 1}]),
            modelID="some", tokens=tokens, cost=0,
        ),
        message("user", part("compaction", auto=True)),
        message("assistant", modelID="some", error={"name": "APIError"}),
    ]  # fmt: skip
    (place / layout.PROMPTS).mkdir(parents=True)
    (place / layout.PROMPTS / prompting.SYSTEM).write_text("You are")
    (place / layout.EXPORT).write_text(json.dumps({"messages": export}))
    usage, ending = Usage(2, 8, 3, 3, 0.1), Ending("gave-up", "so")
    ended = record(Program.parse("m/pi/threads/0"), usage=usage, ending=ending)
    write_atif(Session(place, ended))
    return read_json(place / layout.ATIF)


def test_every_kind_of_message_keeps_to_the_format(tmp_path: Path) -> None:
    found = written(tmp_path)
    assert problems(found) == []
    sources = [step["source"] for step in found["steps"]]
    assert sources == ["system", "user", "agent", "user", "agent"]
    results = [result["content"] for result in found["steps"][2]["observation"]["results"]]
    assert results == ["Wrote it.", "no", "", '[{"a": 1}]']


BREAKS: dict[str, Any] = {
    "no steps": lambda found: found.update(steps=[]),
    "no agent": lambda found: found.pop("agent"),
    "no version": lambda found: found["agent"].pop("version"),
    "a version without a name": lambda found: found["agent"].update(version=None),
    "a format of tomorrow": lambda found: found.update(schema_version="ATIF-v9"),
    "a field of ours": lambda found: found["steps"][1].update(cwd="/"),
    "a gap": lambda found: found["steps"].pop(0),
    "a user who called": lambda found: found["steps"][1].update(tool_calls=[]),
    "a system with a model": lambda found: found["steps"][0].update(model_name="x"),
    "somebody else": lambda found: found["steps"][1].update(source="tool"),
    "no message": lambda found: found["steps"][2].update(message=None),
    "no time": lambda found: found["steps"][2].update(timestamp="yesterday"),
    "half a token": lambda found: found["steps"][2]["metrics"].update(prompt_tokens=0.5),
    "arguments as text": lambda found: found["steps"][2]["tool_calls"][0].update(arguments="{}"),
    "a result of nothing": lambda found: found["steps"][2]["tool_calls"].pop(0),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_a_rule_is_seen(tmp_path: Path, name: str) -> None:
    found = written(tmp_path)
    BREAKS[name](found)
    assert problems(found)
