"""Records of sessions for tests, whole as `repro generate` writes them."""

from typing import Any

from repro.agent.gateway import Budget
from repro.agent.models import Limits, ModelSettings
from repro.agent.records import SessionRecord, UsedTools
from repro.agent.sandbox import Limits as SandboxLimits
from repro.study.names import Program

MODEL = ModelSettings(
    provider="openai", model="gpt-5.5", limits=Limits(context=32_000, output=4_000)
)


def record(program: Program, **changes: Any) -> SessionRecord:
    """The record of a session that begins; of one that has ended, if `changes` say how."""
    known: dict[str, Any] = {
        "program": program, "agent": "opencode", "docs": True, "model_name": program.model,
        "model": MODEL, "budget": Budget(seconds=10.0), "limits": SandboxLimits(), "steps": 60,
        "kernel": f"{program.problem}_{program.framework}.jl",
        "harness": f"test_{program.problem}_{program.framework}.jl", "prompts": {},
        "opencode": {}, "started": "2026-01-01T00:00:00Z",
        "tools": UsedTools(julia="1.12.6", packages=(), opencode="1.14.41", repro="0.1.0"),
    }  # fmt: skip
    return SessionRecord(**known | changes)


def asked_once(program: Program, **changes: Any) -> SessionRecord:
    """The same of a model that was asked once, without an agent."""
    tools = UsedTools(julia="1.12.6", packages=(), opencode=None, repro="0.1.0")
    once = {"agent": "single-shot", "docs": False, "opencode": None, "tools": tools}
    return record(program, **once | changes)
