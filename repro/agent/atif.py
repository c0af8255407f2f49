"""A session in ATIF, the Agent Trajectory Interchange Format (Harbor's RFC 0001, version 1.4).

Later versions only add what these sessions do not have: several agents, pictures.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from repro.agent import layout, prompting
from repro.agent.records import Session, SessionRecord
from repro.files import canonical_json, read_json, write_atomic

VERSION = "ATIF-v1.4"


def write_atif(session: Session) -> None:
    """Write the ATIF file of a session that has an export from OpenCode, or a completion."""
    steps = _steps(session)
    if steps:
        found = trajectory(session.record, steps)
        write_atomic(session.path / layout.ATIF, canonical_json(found))


def trajectory(record: SessionRecord, steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The content of the file.

    Args:
        record: the record of a session that has ended.
        steps: its steps, without numbers.
    """
    usage = record.usage
    final = {
        "total_prompt_tokens": usage and usage.input_tokens,
        "total_completion_tokens": usage and usage.output_tokens,
        "total_cached_tokens": usage and usage.cached_tokens,
        "total_cost_usd": usage and usage.dollars,
        "total_steps": len(steps),
    }
    agent = {
        "name": record.agent,
        "version": record.tools.opencode or record.tools.repro,
        "model_name": record.model.model,
    }
    return {
        "schema_version": VERSION,
        "session_id": f"{record.program}#{record.started}",
        "agent": agent,
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, 1)],
        "final_metrics": {key: value for key, value in final.items() if value is not None},
        "extra": {
            "program": str(record.program),
            "ending": asdict(record.ending) if record.ending else None,
        },
    }


def _steps(session: Session) -> list[dict[str, Any]]:
    export, completion = session.path / layout.EXPORT, session.path / layout.COMPLETION
    if completion.exists():
        asked, model = session.prompt(prompting.SINGLE), session.record.model.model
        answer = completion.read_text(encoding="utf-8")
        return [
            {"source": "user", "message": asked},
            {"source": "agent", "model_name": model, "message": answer},
        ]
    if not export.exists():
        return []
    system = session.prompt(prompting.SYSTEM)
    messages = read_json(export)["messages"]
    return [{"source": "system", "message": system}, *(_step(message) for message in messages)]


def _step(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message of OpenCode's export: a user's, or one model call with its tool calls."""
    info, parts = message["info"], message["parts"]
    step: dict[str, Any] = {
        "timestamp": _time(info["time"]["created"]),
        "source": "user" if info["role"] == "user" else "agent",
        "message": _texts(parts, "text"),
    }
    if info["role"] == "user":
        return step
    step["model_name"] = info["modelID"]
    if reasoning := _texts(parts, "reasoning"):
        step["reasoning_content"] = reasoning
    tools = [part for part in parts if part["type"] == "tool"]
    if tools:
        step["tool_calls"] = [_call(part) for part in tools]
        step["observation"] = {"results": [_result(part) for part in tools]}
    step["metrics"] = _metrics(info)
    return step


def _texts(parts: Iterable[Mapping[str, Any]], kind: str) -> str:
    return "\n".join(part["text"] for part in parts if part["type"] == kind)


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tool_call_id": part["callID"],
        "function_name": part["tool"],
        "arguments": part["state"].get("input") or {},
    }


def _result(part: Mapping[str, Any]) -> dict[str, Any]:
    state = part["state"]
    content = state.get("output", state.get("error", ""))
    text = content if isinstance(content, str) else json.dumps(content)
    return {"source_call_id": part["callID"], "content": text}


def _metrics(info: Mapping[str, Any]) -> dict[str, Any]:
    """OpenCode counts cached tokens separately, ATIF counts them as tokens of the prompt."""
    tokens = info.get("tokens", {})
    cached = tokens.get("cache", {}).get("read", 0)
    return {
        "prompt_tokens": tokens.get("input", 0) + cached,
        "completion_tokens": tokens.get("output", 0) + tokens.get("reasoning", 0),
        "cached_tokens": cached,
        "cost_usd": float(info.get("cost", 0)),
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat().replace("+00:00", "Z")
