"""`repro doctor --julia`: what it says of a Julia that works, and of ones that do not."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_toolchain import script

from repro.cli.main import cli
from repro.container.julia import Julia
from repro.launch import julia_proof

WORKER, RANKS, STACKS = "a worker of Distributed", "2 MPI ranks", "stacks on SIGUSR1"


def proved(julia: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by what was tried."""
    answer = CliRunner().invoke(cli, ["doctor", "--julia", str(julia), "--json"])
    assert not answer.exception or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, {each["what"]: each for each in json.loads(answer.stdout)}


@pytest.mark.timeout(600)
def test_a_julia_with_both_packages_is_proved(julia_with_stand_ins: Path) -> None:
    code, found = proved(julia_with_stand_ins)
    assert [*found] == ["Julia", "Dagger.jl", "MPI.jl", RANKS, WORKER, STACKS]
    assert all(each["ok"] for each in found.values()), found
    assert code == 0
    assert found[RANKS]["found"].startswith("2 of 2 ranks hear each other, through ob1")
    assert all(each["found"].endswith(" s)") for each in found.values())


def test_without_packages_the_rest_is_tried(julia: Julia, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(julia_proof, "PACKAGES", ("NoSuchPackage",))
    path = julia.path
    monkeypatch.setattr(julia_proof, "probe", lambda path, origin: Julia(
        path, origin, julia.version, julia.blas, julia.blas_core, ()))  # fmt: skip
    code, found = proved(path)
    assert {what for what, each in found.items() if not each["ok"]} == {"NoSuchPackage.jl", RANKS}
    assert found[RANKS]["found"] == "not tried: MPI.jl is not installed"
    assert code == 0


BROKEN = r"""
case "$*" in
*probe.jl*) printf 'version\t1.12.6\nblas\tb\nblas_core\tZen\npackage Dagger\ttrue\t0.19.4\t\n' ;;
*"import Dagger"*) echo "ERROR: LoadError: no such file" >&2; exit 1 ;;
*worker.jl*) sleep 60 & wait ;;
*waiting.jl*) echo waiting; exec sleep 60 ;;
esac
"""


def test_a_part_that_does_not_work_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(julia_proof, "SECONDS", 1)
    code, found = proved(script(tmp_path / "julia", BROKEN))
    assert found["Dagger.jl"]["found"].startswith("ERROR: LoadError: no such file (")
    assert found[WORKER]["found"] == "no end within 1 s"
    assert found[STACKS]["found"].startswith("none printed (")
    blocking = {what for what, each in found.items() if each["needed"] and not each["ok"]}
    assert blocking == {"Dagger.jl", WORKER, STACKS}
    assert code == 1


def test_no_julia_at_all_is_one_finding(tmp_path: Path) -> None:
    code, found = proved(tmp_path / "no-julia")
    assert code == 1
    assert "does not start" in found["Julia"]["found"]


def test_it_cannot_be_combined_with_models() -> None:
    answer = CliRunner().invoke(cli, ["doctor", "--julia", "julia", "--models"])
    assert answer.exit_code == 2
    assert "--julia: cannot be combined with --models" in answer.output
