"""The contracts are in one place, and programs and harness keep to them."""

import re
from pathlib import Path

import pytest

from repro import ROOT
from repro.errors import UserError
from repro.study.contracts import contract

PROBLEMS = ("pi", "gemm", "cholesky")
FRAMEWORKS = ("threads", "dagger", "mpi", "dagger-distributed")
ALL = [(problem, framework) for problem in PROBLEMS for framework in FRAMEWORKS]


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


@pytest.mark.parametrize(("problem", "framework"), ALL)
def test_there_is_one_for_each_and_the_reference_program_keeps_it(
    problem: str, framework: str
) -> None:
    name, parameters = promised(contract(problem, framework))
    kernel = ROOT / "julia" / "reference" / f"{problem}_{framework}.jl"
    assert defined(kernel, name) == [parameters]


@pytest.mark.parametrize(("problem", "framework"), ALL)
def test_the_harness_asks_for_the_function_that_the_contract_names(
    problem: str, framework: str
) -> None:
    shared = framework in ("threads", "dagger")
    others = {"mpi": "mpi.jl", "dagger-distributed": "dagger_workers.jl"}
    file = "shared_memory.jl" if shared else others[framework]
    text = (ROOT / "julia" / "frameworks" / file).read_text(encoding="utf-8")
    asked = re.findall(rf"kernel_name\(::\w+, ::{problem.capitalize()}\) = :([\w!]+)", text)
    assert asked == [promised(contract(problem, framework))[0]]


def test_a_contract_is_the_task_and_only_its_own_frameworks_part() -> None:
    text = contract("gemm", "mpi")
    assert text.startswith("Compute the matrix product C = A*B")
    assert "No rank may" in text
    assert not {"gemm!(C, A, B, tile)", "Dagger", "#"} & set(text.split("`") + text.split())


@pytest.mark.parametrize(("problem", "framework"), [("fft", "mpi"), ("inputs", "mpi"), ("pi", "x")])
def test_what_does_not_exist_is_named_with_what_does(problem: str, framework: str) -> None:
    with pytest.raises(UserError, match=r"there are .*(cholesky, gemm, pi|dagger, dagger-dist)"):
        contract(problem, framework)
