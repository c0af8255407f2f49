"""OpenCode in a session: its configuration, its commands, and what its events say.

Its exit code means nothing; only the event stream counts. tests/lab/test_session.py shows how it
can end.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.agent.models import ModelSettings
from repro.agent.sandbox import HOME, PORT, PYTHON
from repro.agent.view import LIBRARIES, OPENCODE, PACKAGE
from repro.files import canonical_json

PROGRAM = f"{OPENCODE}/opencode"
AGENT = "julia"
TITLE = "Julia program"
"""Given, so that OpenCode does not ask the model for a title."""

STEPS = 60
"""Model calls of a stage at most; then OpenCode takes the tools away and asks for a last word."""

_SETTINGS = f"{HOME}/config/opencode"
_PACKAGES = {
    "openai": "@ai-sdk/openai",
    "anthropic": "@ai-sdk/anthropic",
}
_PLUGIN = "@opencode-ai/plugin"
_TOOLS = ("bash", "read", "write", "edit", "apply_patch")
_REQUEST_MS = 3_600_000
"""Long enough for a slow local model; the session's own time limit comes first."""


def configuration(model: ModelSettings, *, docs: bool, steps: int = STEPS) -> dict[str, Any]:
    """`opencode.json`, without keys: only the gateway has them."""
    provider = model.provider if model.provider in _PACKAGES else "gateway"
    name = f"{provider}/{model.model}"
    about: dict[str, Any] = {"name": model.model, "tool_call": True, "temperature": True}
    about["limit"] = {"context": model.limits.context, "output": model.limits.output}
    agent: dict[str, Any] = {
        "mode": "primary",
        "description": "Julia and HPC",
        "steps": steps,
        "prompt": "{file:./system.md}",
        "tools": {"*": False} | dict.fromkeys(_TOOLS, True) | ({"docs_*": True} if docs else {}),
        "permission": {"external_directory": "allow"},  # which "*" above has forbidden
    }
    found: dict[str, Any] = {
        "autoupdate": False,
        "share": "disabled",
        "snapshot": False,
        "lsp": False,
        "formatter": False,
        "enabled_providers": [provider],
        "model": name,
        "small_model": name,
        "default_agent": AGENT,
        "provider": {
            provider: {
                "npm": _PACKAGES.get(provider, "@ai-sdk/openai-compatible"),
                "name": provider,
                "options": {
                    "baseURL": f"http://127.0.0.1:{PORT}/v1",
                    "apiKey": "the-gateway-has-it",
                    "timeout": _REQUEST_MS,
                    "chunkTimeout": _REQUEST_MS,
                },
                "models": {model.model: about},
            }
        },
        "agent": {AGENT: agent, "title": {"disable": True}},
        "permission": "allow",
    }
    if docs:
        found["mcp"] = {"docs": _docs_server()}
    return found


def _docs_server() -> dict[str, Any]:
    return {
        "type": "local",
        "command": [PYTHON, "-P", "-m", "repro", "docs", "serve"],
        "environment": {"PYTHONPATH": f"{PACKAGE}:{LIBRARIES}", "PYTHONDONTWRITEBYTECODE": "1"},
        "enabled": True,
        "timeout": 60_000,
    }


def files(settings: Mapping[str, Any], system: str, version: str) -> dict[str, str]:
    """The files in OpenCode's home: settings, and what keeps it from asking npm for a plugin."""
    lock = {
        "name": "opencode",
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {_PLUGIN: version}},
            f"node_modules/{_PLUGIN}": {"version": version},
        },
    }
    return {
        f"{_SETTINGS}/opencode.json": canonical_json(settings),
        f"{_SETTINGS}/system.md": system,
        f"{_SETTINGS}/package.json": canonical_json({"dependencies": {_PLUGIN: version}}),
        f"{_SETTINGS}/package-lock.json": canonical_json(lock),
        f"{_SETTINGS}/node_modules/.keep": "",
    }


def run_command(session: str | None) -> list[str]:
    """The command that gives the prompt on standard input to a session; None: to a new one."""
    words = [PROGRAM, "run", "--format", "json", "--agent", AGENT]
    return [*words, "--session", session] if session else [*words, "--title", TITLE]


def export_command(session: str) -> list[str]:
    """The command that prints a whole session."""
    return [PROGRAM, "export", session]


@dataclass(frozen=True)
class Told:
    """What the events of one stage say."""

    session: str | None
    """OpenCode's name for the session."""

    reason: str | None
    """Why the last model call ended: `stop`, `tool-calls`, `length`, ...; None: no call did."""

    steps: int
    """Model calls that were begun."""

    errors: tuple[tuple[str, str], ...]
    """Name and message of each error."""


def events_of(path: Path, start: int = 0) -> Iterator[dict[str, Any]]:
    """The events in a file from a byte on, without lines that are not events, such as a cut one."""
    with path.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("type"), str):
                yield event


def told_by(path: Path, start: int) -> Told:
    """What the events in a file say, from a byte on."""
    session = reason = None
    steps, errors = 0, []
    for event in events_of(path, start):
        session = event.get("sessionID") or session
        part = event.get("part") or {}
        if event["type"] == "step_start":
            steps += 1
        if event["type"] == "step_finish":
            reason = part.get("reason")
        if event["type"] == "error":
            errors.append(_error(event.get("error")))
    return Told(session, reason, steps, tuple(errors))


def _error(found: Any) -> tuple[str, str]:
    """The name and message of an error, however deep they are."""
    if not isinstance(found, dict):
        return "error", str(found)
    data = found.get("data")
    message = data.get("message") if isinstance(data, dict) else found.get("message")
    return str(found.get("name", "error")), " ".join(str(message or found).split())
