"""A program may be a kernel and files that it includes: read, kept, archived, run again."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from test_chain import repro
from test_user_errors import refused

from repro.container.julia import Julia
from repro.errors import UserError
from repro.launch.run_directory import Run, driving, make_run, snapshot_kernel
from repro.measure.attempts import all_attempts, attempts_of
from repro.study.directories import find_problem, known_frameworks
from repro.study.expand import Cell
from repro.study.kernels import kernel_files, program_sha256

from trials import Trial

CELL = "parts/pi/threads/0@1x1x1"
OTHER = "parts/cholesky/threads/0@1x1x1"
PARTS = {
    "pi_threads.jl": 'include("midpoint.jl")\ncompute_pi(n) = midpoint(n)\n',
    "midpoint.jl": 'include(joinpath(@__DIR__, "exact.jl"))\nmidpoint(n) = EXACT + error_of(n)\n',
    "exact.jl": "const EXACT = π\nerror_of(n) = 1 / (12 * float(n)^2)\n",
}
"""The cheapest program that is right, in three files."""


def write(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def names(kernel: Path) -> list[str]:
    return [path.name for path in kernel_files(kernel)]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('include("a.jl")', True),
        ('using X; include( "a.jl" )  # comment', True),
        ('@everywhere include("a.jl")', True),
        ('@everywhere begin\n    include("a.jl")\nend', True),
        ('include(joinpath(@__DIR__, "a.jl"))', True),
        ('Base.include(@__MODULE__, "a.jl")', True),
        ('#= off =# include("a.jl")', True),
        ("x = A' * B'; c = '\"'; d = '\\''; include(\"a.jl\")", True),
        ('s = "a \\" # $(f("#")) b"; include("a.jl")', True),
        ('c = `ls "`; include("a.jl")', True),
        ('"""text " # \\""" text"""\ninclude("a.jl")', True),
        ('\xff\ninclude("a.jl")', True),
        ('# include("a.jl")', False),
        ('x = 1 # include("a.jl")', False),
        ('#= include("a.jl")\n#= nested =# include("a.jl") =#', False),
        ('#= never closed include("a.jl")', False),
        ("c = '#'; # include(\"a.jl\")", False),
        ('"""\n    include("a.jl")\n"""\nf() = 1', False),
        ('s = "include(\'a.jl\') include(\\"a.jl\\")"', False),
        ('include("./a.jl")', False),
        ('include("../here/a.jl")', False),
        ('include(joinpath(@__DIR__, "..", "a.jl"))', False),
        ('include(joinpath(@__DIR__, "sub", "a.jl"))', False),
        ('include("a" * ".jl")', False),
        ('include("$name.jl")', False),
        ('reinclude("a.jl"); Other.include("a.jl"); @include("a.jl"); include = "a.jl"', False),
        ('include("a.JL")', False),
        ('include("sub")', False),
    ],
)
def test_what_counts_as_an_include(tmp_path: Path, text: str, *, counts: bool) -> None:
    (tmp_path / "kernel.jl").write_bytes(text.encode("latin-1", "ignore"))
    (tmp_path / "a.jl").touch()
    (tmp_path / "sub").mkdir()
    assert names(tmp_path / "kernel.jl") == ["kernel.jl", *(["a.jl"] if counts else [])]


def test_includes_of_includes_once_each_and_not_those_that_do_not_exist(tmp_path: Path) -> None:
    kernel = (
        write(
            tmp_path / "k",
            {
                "kernel.jl": "".join(f'include("{name}.jl")\n' for name in ("b", "a", "b", "lost")),
                "a.jl": 'include("c.jl")\ninclude("kernel.jl")\n',
                "b.jl": 'include("also lost.jl")\ninclude("b.jl")\n',
                "c.jl": "",
                "d.jl": "",
            },
        )
        / "kernel.jl"
    )
    assert names(kernel) == ["kernel.jl", "b.jl", "a.jl", "c.jl"]
    assert {path.parent for path in kernel_files(kernel)} == {tmp_path / "k"}


def test_the_reference_programs_have_the_siblings_that_they_say() -> None:
    shared = {"mpi": ["mpi_grid.jl"], "dagger-distributed": ["dagger_tiles.jl"]}
    for problem in ("gemm", "cholesky"):
        for framework in known_frameworks():
            kernel = find_problem(problem).program("reference", framework)
            assert names(kernel) == [kernel.name, *shared.get(framework, [])]


def test_the_sha256_of_a_program_is_what_sha256sum_makes_of_it(tmp_path: Path) -> None:
    kernel = write(tmp_path / "k", PARTS) / "pi_threads.jl"
    lines = subprocess.run(
        ["sha256sum", "pi_threads.jl", "exact.jl", "midpoint.jl"],
        cwd=kernel.parent, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert program_sha256(kernel) == sha256(lines).hexdigest()
    exact = kernel.with_name("exact.jl")
    assert program_sha256(exact) == sha256(exact.read_bytes()).hexdigest()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run directory of hand-written programs in `parts`, in which nothing was run yet."""
    trial = trial_of_parts(tmp_path)
    with driving(trial.path):
        return make_run(trial.path, trial.study, "local")


def trial_of_parts(directory: Path, **changes: Any) -> Trial:
    """The files of `PARTS`, and a study of them; `changes` as in `study_text`."""
    parts = write(directory / "parts", PARTS)
    return Trial.of(directory, parts, **{"repetitions": 1} | changes)


def cell_of(run: Run, name: str) -> Cell:
    (cell,) = [cell for cell in run.cells() if str(cell.name) == name]
    return cell


def keep(run: Run, source: Path, name: str = CELL) -> tuple[Path, str]:
    return snapshot_kernel(run.path, cell_of(run, name), source)


def why_not(run: Run, source: Path, name: str = CELL) -> str:
    before = {path: path.read_bytes() for path in (run.path / "kernels").rglob("*.jl")}
    with pytest.raises(UserError) as caught:
        keep(run, source, name)
    after = {path: path.read_bytes() for path in (run.path / "kernels").rglob("*.jl")}
    assert before == after
    return str(caught.value)


def test_a_program_is_kept_whole_under_its_own_name(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "parts" / "pi_threads.jl"
    kept, digest = keep(run, source)
    assert kept == run.path / "kernels" / "parts" / "pi_threads_0.jl"
    assert {path.name: path.read_text() for path in kept.parent.iterdir()} == {
        name.replace("pi_threads", "pi_threads_0"): text for name, text in PARTS.items()
    }
    assert digest == program_sha256(kept)
    assert keep(run, source) == (kept, digest)
    assert keep(run, kept) == (kept, digest), "as it is when it comes from a dataset"


@pytest.mark.parametrize("name", list(PARTS))
def test_a_change_of_any_file_is_refused_by_its_name(run: Run, tmp_path: Path, name: str) -> None:
    parts = tmp_path / "parts"
    keep(run, parts / "pi_threads.jl")
    with (parts / name).open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    said = why_not(run, parts / "pi_threads.jl")
    assert said.startswith(f"{parts / name}: differs from this run's copy")


def test_programs_share_a_sibling_but_not_two_of_one_name(run: Run, tmp_path: Path) -> None:
    keep(run, tmp_path / "parts" / "pi_threads.jl")
    text = 'include("exact.jl")\n'
    same = write(tmp_path / "parts", {"cholesky_threads.jl": text}) / "cholesky_threads.jl"
    assert names(keep(run, same, OTHER)[0]) == ["cholesky_threads_0.jl", "exact.jl"]
    elsewhere = write(tmp_path / "elsewhere", {"gemm_threads.jl": text, "exact.jl": ""})
    said = why_not(run, elsewhere / "gemm_threads.jl", "parts/gemm/threads/0@1x1x1")
    assert said.startswith(f"{elsewhere}/exact.jl: differs from this run's copy")


def test_what_was_kept_before_a_power_cut_is_completed(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "parts" / "pi_threads.jl"
    kept, digest = keep(run, source)
    kept.unlink()
    kept.with_name("exact.jl").rename(kept.with_name(".exact.jl.cut"))
    assert keep(run, source) == (kept, digest)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, julia: Julia) -> Path:
    """A directory with a run of `PARTS`, collected as the dataset `small`."""
    assert julia
    directory = tmp_path_factory.mktemp("parts")
    trial = trial_of_parts(directory)
    trial.run(CELL)
    command = ["collect", "--run", "run", "--dataset", "small", "--data", "data"]
    answer = repro(directory, *command)
    assert answer.returncode == 0, answer.stderr
    return directory


def test_a_program_of_several_files_runs_and_is_archived_whole(place: Path) -> None:
    (attempt,) = all_attempts(place / "run")
    assert attempt.outcome().outcome == "ok"
    answer = repro(place, "verify", "--data", "data")
    assert answer.returncode == 0, answer.stdout
    manifest = (place / "data" / "small" / "SHA256SUMS").read_text()
    for name in ("pi_threads_0.jl", "midpoint.jl", "exact.jl"):
        assert f"  parts/kernels/{name}\n" in manifest
    shown = json.loads(repro(place, "cell", "show", CELL, "--data", "data", "--json").stdout)
    assert names(Path(place / shown["kernel"])) == ["pi_threads_0.jl", "midpoint.jl", "exact.jl"]
    assert program_sha256(place / shown["kernel"]) == attempt.plan().kernel_sha256


def test_a_cell_is_run_again_with_the_archived_siblings(place: Path) -> None:
    exact = place / "parts" / "exact.jl"
    exact.write_text("error_of(n) = 1\n")  # what is in the checkout by now does not work
    answer = repro(place, "cell", "run", CELL, "--data", "data")
    exact.write_text(PARTS["exact.jl"])
    assert answer.stderr.count("repro:") == 0, answer.stderr
    (first,) = attempts_of(place / "run", CELL)
    (again,) = attempts_of(place / "runs" / "cell-small", CELL)
    assert again.outcome().outcome == "ok"
    assert again.plan().kernel_sha256 == first.plan().kernel_sha256


def test_a_sibling_that_changed_between_runs_ends_the_second(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = trial_of_parts(tmp_path)
    trial.run(CELL)
    grown = trial_of_parts(tmp_path, shared=["1x1x1", "1x1x2"])
    exact = tmp_path / "parts" / "exact.jl"
    exact.write_text("const EXACT = 3.14\n")
    said = refused("run", "--study", grown.study, "--run", trial.path, "--oversubscribe")
    assert f"{exact}: differs from this run's copy" in said
    assert [attempt.cell for attempt in all_attempts(trial.path)] == [CELL]


def test_a_sibling_that_is_missing_is_a_load_error(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = trial_of_parts(tmp_path)
    (tmp_path / "parts" / "exact.jl").unlink()
    trial.run(CELL)
    outcome = trial.outcome(CELL)
    assert outcome.outcome == "load-error"
    assert "exact.jl" in outcome.detail
