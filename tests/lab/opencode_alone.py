"""The real OpenCode at a gateway, with no sandbox around it: what these tests need of it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import ROOT
from repro.agent.models import ModelSettings
from repro.container.opencode import OpenCode

_PACKAGES = {"openai": "@ai-sdk/openai", "anthropic": "@ai-sdk/anthropic"}
_OFF = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "CLAUDE_CODE", "SHARE",
        "EXTERNAL_SKILLS")  # fmt: skip
LONGEST_SECONDS = 120.0
"""OpenCode that has not ended by then would not have ended by itself."""


@dataclass(frozen=True)
class Place:
    """Where OpenCode works."""

    home: Path
    workspace: Path


def events(
    opencode: OpenCode, model: ModelSettings, gateway: Path, place: Place, *, title: bool = False
) -> list[dict[str, Any]]:
    """Run OpenCode until it ends by itself; its events.

    Raises:
        subprocess.TimeoutExpired: it does not.
    """
    with _port_of(gateway) as port:
        _configure(place.home, opencode.version, model, port)
        words = [str(opencode.path), "run", "--format", "json", "--agent", "julia"]
        done = subprocess.run(
            words if title else [*words, "--title", "T"],
            input="Write hello.txt", cwd=place.workspace, env=_environment(place.home),
            capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def _environment(home: Path) -> dict[str, str]:
    homes = {f"XDG_{kind}_HOME": str(home / kind.lower())
             for kind in ("DATA", "CONFIG", "CACHE", "STATE")}  # fmt: skip
    off = {f"OPENCODE_DISABLE_{name}": "1" for name in _OFF}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **homes, **off}


def _configure(home: Path, version: str, model: ModelSettings, port: int) -> None:
    place = home / "config" / "opencode"
    (place / "node_modules").mkdir(parents=True)
    plugin = "@opencode-ai/plugin"
    lock = {"name": "opencode", "lockfileVersion": 3, "packages": {
        "": {"dependencies": {plugin: version}}, f"node_modules/{plugin}": {"version": version},
    }}  # fmt: skip
    (place / "package-lock.json").write_text(json.dumps(lock))
    provider = model.provider if model.provider in _PACKAGES else "local"
    about = {"name": model.model, "tool_call": True, "limit": {"context": 32768, "output": 4096}}
    settings = {
        "autoupdate": False, "share": "disabled", "snapshot": False, "lsp": False,
        "enabled_providers": [provider], "default_agent": "julia", "permission": "allow",
        "model": f"{provider}/{model.model}", "small_model": f"{provider}/{model.model}",
        "provider": {provider: {
            "npm": _PACKAGES.get(model.provider, "@ai-sdk/openai-compatible"), "name": provider,
            "options": {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "not-the-key"},
            "models": {model.model: about},
        }},
        "agent": {"julia": {
            "mode": "primary", "description": "Julia", "prompt": "You write files.",
            "tools": {"*": False, "write": True, "apply_patch": True, "bash": True},
        }},
    }  # fmt: skip
    (place / "opencode.json").write_text(json.dumps(settings))


@contextmanager
def _port_of(gateway: Path) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to the gateway's socket, as in a sandbox."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    code = (
        "import sys; from repro.agent.inside import forward\n"
        "forward(int(sys.argv[1]), sys.argv[2]); print('ready', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(port), str(gateway)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe) as forwarder:
        assert forwarder.stdout
        assert forwarder.stdout.readline() == b"ready\n"
        yield port
        forwarder.kill()


def fresh(directory: Path) -> Place:
    """An empty home, and an empty workspace that is always at the same path."""
    for name in ("home", "workspace"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir(parents=True)
    return Place(directory / "home", directory / "workspace")
