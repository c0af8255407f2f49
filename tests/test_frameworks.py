"""All four frameworks as a user meets them, with and without the packages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from repro.container.julia import Julia

from conftest import skip
from trials import Trial, study_text

REPRO = Path(sys.executable).with_name("repro")


def repro(cwd: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([REPRO, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_plan_counts_every_combination_of_the_paper(tmp_path: Path) -> None:
    answer = repro(tmp_path, "plan", "--study", "paper", "--json")
    plan = json.loads(answer.stdout)
    names = plan["cells"]
    programs = {name.partition("@")[0] for name in names}
    frameworks = ("threads", "dagger", "mpi", "dagger-distributed")
    for model in ("gpt-5.5", "claude-opus-4.7", "qwen3-coder-next", "reference"):
        for problem in ("pi", "gemm", "cholesky"):
            for framework in frameworks:
                program = f"{model}/{problem}/{framework}/0"
                programs.remove(program)
                points = [
                    name.partition("@")[2] for name in names if name.startswith(f"{program}@")
                ]
                assert len(points) == (12 if framework in ("threads", "dagger") else 14)
    assert programs == {f"vendor/{problem}/threads/0" for problem in ("pi", "gemm", "cholesky")}
    assert len(names) == 12 * (12 + 12 + 14 + 14) + 3 * 12


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, julia: Julia) -> Path:
    """Where `repro run 'reference/*/*/*'` was called, on this machine's own Julia."""
    assert julia
    directory = tmp_path_factory.mktemp("frameworks")
    text = study_text("reference", distributed=["1x1x1"], repetitions=1, time_limit_s=300)
    (directory / "trial.toml").write_text(text, encoding="utf-8")
    arguments = ["run", "reference/*/*/*", "--study", "trial.toml", "--run", "run"]
    answer = repro(directory, *arguments)
    assert answer.returncode == 0, answer.stderr
    (directory / "said.txt").write_text(answer.stderr, encoding="utf-8")
    return directory


def outcomes(place: Path) -> dict[str, str]:
    """The outcome of each cell."""
    shown = json.loads(repro(place, "status", "--run", "run", "--json").stdout)
    return {cell["cell"]: cell["state"] for cell in shown["cells"]}


def test_what_is_not_installed_is_unavailable_and_the_rest_runs(place: Path, julia: Julia) -> None:
    needs = {
        "threads": (),
        "dagger": ("Dagger",),
        "mpi": ("MPI",),
        "dagger-distributed": ("Dagger",),
    }
    expected = {
        f"reference/{problem}/{framework}/0@1x1x1":
            "ok" if set(packages) <= set(julia.packages) else "unavailable"
        for problem in ("pi", "gemm", "cholesky") for framework, packages in needs.items()
    }  # fmt: skip
    assert outcomes(place) == expected


def test_it_says_what_is_missing_and_how_to_get_it(place: Path, julia: Julia) -> None:
    said = (place / "said.txt").read_text(encoding="utf-8")
    if set(julia.packages) >= {"Dagger", "MPI"}:
        assert "unavailable" not in said
        return
    assert "9 cells are `unavailable`, not installed: Dagger.jl, MPI.jl" in said
    assert "`repro doctor` says" in said
    told = repro(place, "doctor").stdout
    assert "`unavailable`" in told
    assert "is too old" in told or "repro setup" in told


def test_all_reference_programs_are_ok_with_the_packages_themselves(julia: Julia) -> None:
    """`place` has run them: with the packages, each must have come out `ok`."""
    for package in ("Dagger", "MPI"):
        if package not in julia.packages:
            skip(f"{package}.jl")


def test_unavailable_is_tried_again_once_it_can_run(
    place: Path, julia: Julia, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    if "Dagger" in julia.packages:
        return  # it was never unavailable
    cell = "reference/pi/dagger/0@1x1x1"
    answer = repro(place, "run", cell, "--study", "trial.toml", "--run", "run")
    assert answer.returncode == 0, answer.stderr
    assert outcomes(place)[cell] == "ok"
    trial = Trial(place / "run", place / "trial.toml")
    tried = [attempt.outcome().outcome for attempt in trial.attempts(cell)]
    assert tried == ["unavailable", "ok"]
