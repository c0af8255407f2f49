"""The documentation server as others' programs see it: the official inspector, and OpenCode.

The model behind OpenCode is a scripted provider; OpenCode, the server and the index are real.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.agent.gateway.scripted import Call, Script, Turn, scripted_provider
from repro.container.julia import TOOLCHAIN, Julia
from repro.container.opencode import OpenCode, ensure_opencode
from repro.errors import UserError

from conftest import skip
from once import one_at_a_time

INSPECTOR = TOOLCHAIN / "inspector"
LONGEST_SECONDS = 240.0
_OFF = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "CLAUDE_CODE", "SHARE",
        "EXTERNAL_SKILLS")  # fmt: skip


def serve(index: Path) -> list[str]:
    return [sys.executable, "-m", "repro", "docs", "serve", "--index", str(index)]


@pytest.fixture(scope="session")
def inspector() -> Path:
    """The inspector's program."""
    if not shutil.which("npm"):
        skip("npm (it installs the inspector)")
    script = ROOT / "tests" / "lab" / "install-inspector.sh"
    done = subprocess.run(["sh", script, INSPECTOR], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return INSPECTOR / "node_modules" / ".bin" / "mcp-inspector"


@pytest.fixture(scope="session")
def opencode() -> OpenCode:
    """The pinned OpenCode."""
    try:
        with one_at_a_time("opencode"):
            return ensure_opencode()
    except UserError as error:
        skip(f"OpenCode ({error})")
        raise


def inspect(inspector: Path, index: Path, place: Path, *words: str) -> Any:
    """What the inspector's command line says of the server, as JSON."""
    config = place / "inspector.json"
    command, *arguments = serve(index)
    server = {"command": command, "args": arguments}
    config.write_text(json.dumps({"mcpServers": {"docs": server}}))
    done = subprocess.run(
        [inspector, "--cli", "--config", config, "--server", "docs", "--method", *words],
        capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_official_inspector(inspector: Path, docs_index: Path, tmp_path: Path) -> None:
    tools = inspect(inspector, docs_index, tmp_path, "tools/list")["tools"]
    assert [tool["name"] for tool in tools] == ["search_docs", "get_doc", "list_names"]
    found = inspect(
        inspector, docs_index, tmp_path,
        "tools/call", "--tool-name", "search_docs", "--tool-arg", "query=atomic add", "limit=1",
    )  # fmt: skip
    assert "Base.Threads.atomic_add!" in found["content"][0]["text"]
    assert not found.get("isError")


def environment(home: Path) -> dict[str, str]:
    """OpenCode's, apart from all that the user has."""
    homes = {f"XDG_{kind}_HOME": str(home / kind.lower())
             for kind in ("DATA", "CONFIG", "CACHE", "STATE")}  # fmt: skip
    off = {f"OPENCODE_DISABLE_{name}": "1" for name in _OFF}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **homes, **off}


def configure(home: Path, version: str, endpoint: str, index: Path) -> None:
    """One scripted model, one agent, and the documentation server as its only tools."""
    place = home / "config" / "opencode"
    (place / "node_modules").mkdir(parents=True)
    plugin = "@opencode-ai/plugin"
    lock = {"name": "opencode", "lockfileVersion": 3, "packages": {
        "": {"dependencies": {plugin: version}}, f"node_modules/{plugin}": {"version": version},
    }}  # fmt: skip
    (place / "package-lock.json").write_text(json.dumps(lock))
    settings = {
        "autoupdate": False, "share": "disabled", "snapshot": False, "lsp": False,
        "enabled_providers": ["local"], "default_agent": "julia", "permission": "allow",
        "model": "local/scripted", "small_model": "local/scripted",
        "provider": {"local": {
            "npm": "@ai-sdk/openai-compatible", "name": "local",
            "options": {"baseURL": endpoint, "apiKey": "none"},
            "models": {"scripted": {
                "name": "scripted", "tool_call": True, "limit": {"context": 32768, "output": 4096},
            }},
        }},
        "agent": {"julia": {
            "mode": "primary", "description": "Julia", "prompt": "Look things up.",
            "tools": {"*": False, "docs_*": True},
        }},
        "mcp": {"docs": {
            "type": "local", "command": serve(index), "enabled": True, "timeout": 60_000,
            "environment": {"PYTHONPATH": str(ROOT)},
        }},
    }  # fmt: skip
    (place / "opencode.json").write_text(json.dumps(settings))


def ask(opencode: OpenCode, place: Path, *words: str, said: str = "") -> str:
    """OpenCode's standard output."""
    done = subprocess.run(
        [opencode.path, *words], input=said, cwd=place / "workspace", text=True,
        env=environment(place), capture_output=True, timeout=LONGEST_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(lines: list[str]) -> dict[str, str]:
    """What the tools answered, by their names."""
    events = [json.loads(line) for line in lines]
    used = [event["part"] for event in events if event["type"] == "tool_use"]
    return {part["tool"]: part["state"]["output"] for part in used}


RUN = ("run", "--format", "json", "--agent", "julia", "--title", "T")


def test_opencode_reads_about_the_packages(
    opencode: OpenCode, docs_index: Path, julia: Julia, tmp_path: Path
) -> None:
    if set(julia.packages) < {"Dagger", "MPI"}:
        skip("Dagger.jl and MPI.jl")
    (tmp_path / "workspace").mkdir()
    asked = {"query": "sum a value over all ranks", "module": "MPI"}
    script = Script(turn=(
        Turn(calls=(Call(name="docs_search_docs", arguments=asked),
                    Call(name="docs_get_doc", arguments={"name": "Dagger.spawn_datadeps"}))),
        Turn(text="MPI.Allreduce! it is."),
    ))  # fmt: skip
    with scripted_provider(script) as provider:
        configure(tmp_path, opencode.version, provider.endpoint, docs_index)
        told = answers(ask(opencode, tmp_path, *RUN, said="Sum over ranks.").splitlines())
    assert "MPI.Allreduce" in told["docs_search_docs"]
    assert "MPI 0.20.26" in told["docs_search_docs"]
    assert "Dagger 0.19.4" in told["docs_get_doc"]


def test_opencode_finds_the_server_and_calls_its_tools(
    opencode: OpenCode, docs_index: Path, tmp_path: Path
) -> None:
    (tmp_path / "workspace").mkdir()
    script = Script(turn=(
        Turn(calls=(Call(name="docs_search_docs", arguments={"query": "in-place product"}),)),
        Turn(calls=(Call(name="docs_get_doc", arguments={"name": "no such name"}),
                    Call(name="docs_list_names", arguments={"module": "Threads"}))),
        Turn(text="mul! it is."),
    ))  # fmt: skip
    with scripted_provider(script) as provider:
        configure(tmp_path, opencode.version, provider.endpoint, docs_index)
        assert "docs" in (listed := ask(opencode, tmp_path, "mcp", "list"))
        assert "connected" in listed
        lines = ask(opencode, tmp_path, *RUN, said="Multiply in place.").splitlines()
    told = answers(lines)
    assert "LinearAlgebra.mul!" in told["docs_search_docs"]
    assert "No entry is named 'no such name'" in told["docs_get_doc"]
    assert "@threads" in told["docs_list_names"]
    offered = {tool["function"]["name"] for tool in provider.requests[0].body["tools"]}
    assert offered == {"docs_search_docs", "docs_get_doc", "docs_list_names"}
    events = [json.loads(line) for line in lines]
    assert [event["part"]["reason"] for event in events if event["type"] == "step_finish"][
        -1
    ] == "stop"
