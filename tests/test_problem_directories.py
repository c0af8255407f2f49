"""A problem and a framework are a directory each; programs and harness keep to what they say."""

import re
import shutil
from pathlib import Path

import pytest

from repro.container.julia import Julia
from repro.errors import UserError
from repro.launch.problem_check import check_problem
from repro.study.directories import (
    PROBLEMS,
    find_framework,
    find_problem,
    known_frameworks,
    known_problems,
)

ALL = [(problem, framework) for problem in known_problems() for framework in known_frameworks()]


def promised(text: str) -> tuple[str, list[str]]:
    """The function that a contract says to define, and its parameters."""
    found = re.search(r"Define `([\w!]+)\((.*?)\)`", text)
    assert found
    return found[1], found[2].split(", ")


def defined(kernel: Path, name: str) -> list[list[str]]:
    """The parameters of each method of a function that a file defines."""
    pattern = rf"^(?:function )?{re.escape(name)}\(([^)]*)\)(?: =|$)"
    heads = re.findall(pattern, kernel.read_text(encoding="utf-8"), re.MULTILINE)
    return [[re.sub(r"::\w+", "", part) for part in head.split(", ")] for head in heads]


def test_the_study_s_problems_and_frameworks_are_there() -> None:
    assert known_problems() == ("cholesky", "empty", "gemm", "pi")
    assert known_frameworks() == ("dagger", "dagger-distributed", "mpi", "threads")


@pytest.mark.parametrize(("problem", "framework"), ALL)
def test_contract_entry_and_reference_program_agree(problem: str, framework: str) -> None:
    kind = find_framework(framework).definition.programs
    room = find_problem(problem)
    name, parameters = promised(room.contract(kind))
    assert name == room.entry(kind)
    assert defined(room.program("reference", framework), name) == [parameters]


def test_a_contract_is_the_task_and_only_its_own_kind_s_part() -> None:
    text = find_problem("gemm").contract("ranks")
    assert text.startswith("Compute the matrix product C = A*B")
    assert "No rank may" in text
    assert not {"gemm!(C, A, B, tile)", "Dagger", "#"} & set(text.split("`") + text.split())


def test_what_does_not_exist_is_named_with_what_does() -> None:
    with pytest.raises(
        UserError, match="fft: no such problem; there are cholesky, empty, gemm, pi"
    ):
        find_problem("fft")
    with pytest.raises(UserError, match="x: no such framework; there are dagger, dagger-distr"):
        find_framework("x")


def test_a_kind_of_program_without_a_contract_is_named(tmp_path: Path) -> None:
    text = (PROBLEMS / "pi" / "problem.toml").read_text(encoding="utf-8")
    text = re.sub(r"\nworkers = '''.*?'''\n", "\n", text, flags=re.DOTALL)
    (tmp_path / "problem.toml").write_text(text, encoding="utf-8")
    room = find_problem("shared-only", tmp_path, ".")
    assert room.contract("ranks")
    with pytest.raises(UserError, match=r"problem.toml: contract.workers: missing; add it"):
        room.contract("workers")


def test_a_program_that_hangs_is_ended_and_named(tmp_path: Path, julia: Julia) -> None:
    assert julia
    shutil.copytree(PROBLEMS / "pi", tmp_path / "pi")
    hangs = "compute_pi(n) = (sleep(600); 3.0)\n"
    (tmp_path / "pi" / "reference" / "threads.jl").write_text(hangs, encoding="utf-8")
    (tmp_path / "pi" / "vendor" / "threads.jl").unlink()
    (tmp_path / "pi" / "test.jl").write_text("@test true\n", encoding="utf-8")
    problem = find_problem("pi", tmp_path, "pi")
    tests, flagged, program = check_problem(problem, ["threads"], seconds=20)
    assert flagged.detail == "flagged no-parallel-construct"
    assert (tests.state, tests.detail) == ("ok", "1 passed")
    assert program.state == "failed"
    assert "not finished after 20 s" in program.detail


def test_a_copy_comes_first_only_in_a_run_or_a_dataset(tmp_path: Path) -> None:
    for place in ("own", "problems"):
        shutil.copytree(PROBLEMS / "pi", tmp_path / place / "pi")
    assert find_problem("pi", tmp_path, "own/pi").path == tmp_path / "own" / "pi"
    (tmp_path / "run.json").touch()
    assert find_problem("pi", tmp_path, "own/pi").path == tmp_path / "problems" / "pi"


def test_work_is_a_power_of_n() -> None:
    assert find_problem("gemm").definition.work.at(10) == 2000
    assert find_problem("pi").definition.work.at(10) == 60
