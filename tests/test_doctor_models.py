"""`repro doctor --models`: every way a model can answer, or not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from repro.agent.gateway.scripted import Fault, Script, Turn, scripted_provider

REPRO = Path(sys.executable).with_name("repro")
NAME = "REPRO_TEST_KEY"
PLANTED = "sk-planted/+0123456789abcdef"


def model_file(directory: Path, provider: str, endpoint: str) -> Path:
    path = directory / f"{provider}.toml"
    path.write_text(
        f'provider = "{provider}"\nmodel = "a-model"\nendpoint = "{endpoint}"\nkey = "{NAME}"\n'
        "limits = { context = 1000, output = 100 }\n"
    )
    return path


def doctor(*words: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code and what was said."""
    inherited = {name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")}
    done = subprocess.run(
        [REPRO, "doctor", "--models", *words], capture_output=True, text=True, check=False,
        env=inherited | environment,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def found(*words: str | Path, **environment: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one finding."""
    code, said, _ = doctor(*words, "--json", **environment)
    (finding,) = json.loads(said)
    return code, finding


@pytest.mark.parametrize("provider", ["openai", "anthropic", "openai-compatible"])
def test_a_model_that_answers(tmp_path: Path, provider: str) -> None:
    with scripted_provider(Script(turn=(Turn(text="Hi"),))) as scripted:
        file = model_file(tmp_path, provider, scripted.endpoint)
        code, finding = found(file, **{NAME: PLANTED})
    assert (code, finding["found"], finding["ok"]) == (0, "answers", True)
    assert finding["meaning"].endswith("calls itself a-model")
    (request,) = scripted.requests
    tokens = {"openai": ("max_output_tokens", 16)}.get(provider, ("max_tokens", 1))
    assert request.body[tokens[0]] == tokens[1]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("unauthorized", f"wrong key in {NAME}"),
        ("no-quota", "refused"),
        ("bad-option", "refused"),
        ("unknown-model", "knows no a-model"),
        ("overloaded", "unreachable"),
    ],
)
def test_a_model_that_does_not(tmp_path: Path, fault: Fault, said: str) -> None:
    with scripted_provider(Script(turn=(Turn(fault=fault, times=9),))) as scripted:
        file = model_file(tmp_path, "anthropic", scripted.endpoint)
        code, finding = found(file, **{NAME: PLANTED})
        assert len(scripted.requests) == 1
    assert code == 1
    assert said in finding["found"]
    assert PLANTED not in str(finding)


def test_no_key_is_no_failure(tmp_path: Path) -> None:
    code, said, _ = doctor("gpt-5.5", "claude-opus-4.7", XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert code == 0
    assert "-   gpt-5.5: no key" in said
    assert "set OPENAI_API_KEY" in said
    assert "set ANTHROPIC_API_KEY" in said
    assert str(tmp_path / "config" / "repro" / "keys.toml") in said


def test_a_server_that_is_not_up(tmp_path: Path) -> None:
    """Named, it is a failure."""
    file = model_file(tmp_path, "openai-compatible", "http://127.0.0.1:9/v1")
    code, finding = found(file, **{NAME: PLANTED})
    assert (code, finding["found"]) == (1, "unreachable")
    assert "127.0.0.1:9" in finding["meaning"]


def test_dry_run_asks_nobody(tmp_path: Path) -> None:
    with scripted_provider(Script(turn=())) as scripted:
        file = model_file(tmp_path, "openai", scripted.endpoint)
        code, said, _ = doctor(file, "--dry-run")
    assert code == 0
    assert f"would ask a-model at {scripted.endpoint}" in said
    assert scripted.requests == []


def test_a_name_that_is_no_models() -> None:
    code, _, said = doctor("gpt-6")
    assert code == 2
    assert said.startswith("repro: gpt-6: no such model; there are claude-opus-4.7, gpt-5.5")
    done = subprocess.run([REPRO, "doctor", "gpt-5.5"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"add --models" in done.stderr
