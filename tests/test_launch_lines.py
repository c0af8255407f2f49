"""Scale points become command lines: each kind as a golden file, and what must hold of all."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from repro import ROOT
from repro.container.image import Image, host_client
from repro.container.julia import Julia
from repro.container.mpi import Mpi
from repro.launch import on_node
from repro.launch.command import Tools, command_line, variables
from repro.measure.attempts import attempts_of
from repro.study.expand import Cell, cells
from repro.study.load import load_study

from archive_runs import FIRST, add_attempt, make_run

JULIA = Julia(
    Path("/opt/julia/bin/julia"), "PATH", "1.12.6", "openblas64", "Zen", ("Dagger", "MPI")
)
OPEN_MPI_4 = Mpi(
    Path("/usr/bin/mpiexec"), "Open MPI", "4.1.4", Path("/usr/lib/libmpi.so"), "OpenMPI"
)
OPEN_MPI_5 = replace(OPEN_MPI_4, version="5.0.7")
IMAGE = Image(Path("/images/repro.sif"), "sha256:0", Path("/usr/bin/apptainer"), ("--userns",))
ENTERED = replace(IMAGE, entered=True)
INSIDE = Path("/opt/repro/julia")
TOOLS = {
    "local": Tools(JULIA, OPEN_MPI_4),
    "local-open-mpi-5": Tools(JULIA, OPEN_MPI_5),
    "slurm": Tools(JULIA, None, placer="slurm", pin_threads=True),
    "local-image": Tools(JULIA, OPEN_MPI_5, image=IMAGE, project=INSIDE),
    "slurm-image": Tools(JULIA, OPEN_MPI_5, placer="slurm", image=IMAGE, project=INSIDE),
    "in-image": Tools(JULIA, OPEN_MPI_5, image=ENTERED, project=INSIDE),
    "slurm-in-image": Tools(JULIA, OPEN_MPI_5, placer="slurm", image=ENTERED, project=INSIDE),
}
PAPER = {str(cell.name): cell for cell in cells(load_study("paper"))}
CELLS = [
    "reference/gemm/threads/0@1x1x24",
    "vendor/cholesky/threads/0@1x1x192",
    "reference/cholesky/dagger/0@1x1x32",
    "reference/gemm/mpi/0@1x96x1",
    "reference/gemm/mpi/0@2x384x1",
    "reference/cholesky/dagger-distributed/0@1x24x1",
    "reference/cholesky/dagger-distributed/0@2x384x1",
]


def line(cell: Cell, tools: Tools, *, oversubscribed: bool = False) -> list[str]:
    kernel, attempt = Path("/run/kernels/kernel.jl"), Path("/run/cells/cell/1")
    words = command_line(cell, tools, kernel, attempt, oversubscribed=oversubscribed)
    named = {str(ROOT): "<repro>", str(host_client("srun")): "<srun in the image>"}
    for path, name in named.items():
        words = [word.replace(path, name) for word in words]
    return words


def for_a_reader(words: list[str]) -> str:
    """One option a line, with its value."""
    text = words[0]
    for word in words[1:]:
        text += f"\n  {word}" if word.startswith("-") else f" {word}"
    return text


def as_root(variables: dict[str, str]) -> dict[str, str]:
    """Without what is only said to Open MPI if root runs it."""
    return {name: value for name, value in variables.items() if "ROOT" not in name}


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has set for MPI would appear in the golden files."""
    for name in ("OMPI_MCA_btl", "UCX_ERROR_SIGNALS"):
        monkeypatch.delenv(name, raising=False)


LINES = [(name, tools) for name in CELLS for tools in TOOLS]


@pytest.mark.parametrize(("name", "tools"), LINES)
def test_launch_lines(name: str, tools: str, snapshot: SnapshotAssertion) -> None:
    cell, with_tools = PAPER[name], TOOLS[tools]
    found = as_root(variables(cell, with_tools))
    settings = "".join(f"{key}={found[key]}\n" for key in sorted(found))
    assert settings + for_a_reader(line(cell, with_tools)) == snapshot


def test_a_cell_with_fewer_cores_than_ranks_gives_them_up(snapshot: SnapshotAssertion) -> None:
    words = line(PAPER["reference/pi/mpi/0@1x4x1"], TOOLS["local"], oversubscribed=True)
    assert for_a_reader(words) == snapshot


@pytest.mark.parametrize("tools", list(TOOLS.values()), ids=list(TOOLS))
def test_every_scale_point_reaches_its_line(tools: Tools) -> None:
    for cell in PAPER.values():
        check_line(cell, tools)


def check_line(cell: Cell, tools: Tools) -> None:
    words, scale = line(cell, tools), cell.scale
    where = "--worker-command" if "--worker-command" in words else None
    computing = words[words.index(where) :] if where else words
    assert computing[computing.index("-t") + 1] == f"{scale.threads},0"
    found = variables(cell, tools)
    assert found["JULIA_NUM_THREADS"] == str(scale.threads)
    assert found["OPENBLAS_NUM_THREADS"] == found["OMP_NUM_THREADS"] == "1"
    pinned = tools.pin_threads and scale.ranks == 1 and not cell.baseline
    assert ("JULIA_EXCLUSIVE" in found) == pinned
    if tools.placer == "slurm" and cell.program.framework in ("mpi", "dagger-distributed"):
        assert {f"--nodes={scale.nodes}", f"--ntasks={scale.ranks}"} < set(words)
        assert f"--cpus-per-task={scale.threads}" in words
    elif tools.placer == "slurm":
        assert "srun" not in words
    elif cell.program.framework == "mpi":
        assert words[words.index("-n") + 1] == str(scale.ranks)
    elif cell.program.framework == "dagger-distributed":
        assert words[words.index("--ranks") + 1] == words[words.index("--copies") + 1]
        assert words[words.index("--ranks") + 1] == str(scale.ranks)


VERSIONS = [("1.5.3", "24"), ("1.11.7", "24"), ("1.12.0", "24,0"), ("1.13.0-DEV", "24,0")]


@pytest.mark.parametrize(("version", "asked"), VERSIONS)
def test_a_julia_that_adds_an_interactive_thread_is_told_not_to(version: str, asked: str) -> None:
    words = line(PAPER[CELLS[0]], Tools(replace(JULIA, version=version)))
    assert words[words.index("-t") + 1] == asked


def test_a_container_sees_a_problem_outside_the_package(tmp_path: Path) -> None:
    cell = PAPER["reference/gemm/threads/0@1x1x24"]
    own = replace(cell, problem=replace(cell.problem, path=tmp_path))
    words = line(own, TOOLS["local-image"])
    assert ["--bind", str(tmp_path)] in [words[i : i + 2] for i in range(len(words))]
    assert words[words.index("--problem") + 1] == str(tmp_path)
    assert str(tmp_path) not in line(cell, TOOLS["local-image"])


def test_root_may_start_ranks() -> None:
    found = variables(PAPER["reference/pi/mpi/0@1x2x1"], TOOLS["local"])
    assert ("OMPI_ALLOW_RUN_AS_ROOT" in found) == (os.geteuid() == 0)
    assert "OMPI_ALLOW_RUN_AS_ROOT" not in variables(PAPER[CELLS[0]], TOOLS["local"])


def test_ranks_use_shared_memory_on_one_node_unless_the_user_chose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = PAPER["reference/pi/mpi/0@1x2x1"], PAPER["reference/pi/mpi/0@2x384x1"]
    assert variables(one, TOOLS["slurm"])["OMPI_MCA_btl"] == "self,vader"
    assert "OMPI_MCA_btl" not in variables(two, TOOLS["slurm"])
    assert variables(two, TOOLS["slurm"])["UCX_ERROR_SIGNALS"] == "SIGILL,SIGBUS,SIGFPE"
    assert not {"OMPI_MCA_btl", "UCX_ERROR_SIGNALS"} & set(
        variables(PAPER[CELLS[0]], TOOLS["local"])
    )
    monkeypatch.setenv("OMPI_MCA_btl", "self,tcp")
    monkeypatch.setenv("UCX_ERROR_SIGNALS", "")
    found = variables(one, TOOLS["local"])
    assert (found["OMPI_MCA_btl"], found["UCX_ERROR_SIGNALS"]) == ("self,tcp", "")


def test_a_node_has_one_name_however_much_of_it_a_job_gets(tmp_path: Path) -> None:
    """Else times at two scale points would be of two machines, and no speedup be known."""
    run, names = make_run(tmp_path / "run"), set()
    for number, cores in enumerate((1, 24), 1):
        path = add_attempt(run, FIRST, number)
        plan = json.loads((path / "attempt.json").read_text()) | {"allotted_cores": cores}
        (path / "attempt.json").write_text(json.dumps(plan))
        on_node._note_node(run, attempts_of(run, FIRST)[-1])  # noqa: SLF001 - Slurm's own is slow
        identity = json.loads((path / "node.json").read_text())["environment"]
        names.add(json.loads((run / "environment" / f"{identity}.json").read_text())["machine"])
    assert len(names) == 1
