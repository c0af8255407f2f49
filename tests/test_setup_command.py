"""Installing Julia's packages, and `repro setup` and `repro doctor` as a whole.

A julia that is called scripted is a shell script; the rest is real.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_mpi_setup import HERE, this_open_mpi
from test_toolchain import quiet, script

from repro import ROOT
from repro.container import julia_packages
from repro.container.julia import Julia
from repro.container.julia_packages import ensure_packages, run_installer, to_install
from repro.container.mpi import Mpi
from repro.container.mpi_preferences import preferences_text, write_preferences
from repro.errors import UserError

from conftest import skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the Julia project."""
    (tmp_path / "julia").mkdir()
    for name in ("Project.toml", "Manifest.toml"):
        shutil.copy(ROOT / "julia" / name, tmp_path / "julia")
    return tmp_path / "julia"


def scripted(project: Path, install: str, *packages: str) -> Julia:
    """A scripted Julia 1.12: `install` stands for its package manager.

    The packages that it has are the files beside it that are named for them.
    """
    here = project.parent
    for name in packages:
        (here / name).touch()
    path = script(
        here / "scripted-julia",
        f"cd {here}\n"
        'case "$*" in *extract.jl*) echo ERROR: scripted >&2; exit 1 ;; esac\n'
        'case "$*" in *probe.jl*) ;; *) echo "$*" >>asked\n'
        f"{install}\nexit ;; esac\n"
        r"printf 'version\t1.12.6\nblas\topenblas64\nblas_core\tZen\n'"
        "\nfor name in Dagger MPI; do\n"
        r"[ -e $name ] && printf 'package %s\ttrue\n' $name; done; true",
    )
    return Julia(path, "$JULIA", "1.12.6", "openblas64", "Zen", packages)


def ensure(julia: Julia, project: Path, said: list[str], *, again: bool = False) -> str:
    return ensure_packages(julia, said.append, project, project.parent / ".toolchain", again=again)


def asked(project: Path) -> list[str]:
    log = project.parent / "asked"
    return log.read_text().splitlines() if log.exists() else []


def test_an_old_julia_is_told_from_a_new_one(project: Path, julia: Julia) -> None:
    old = replace(julia, version="1.5.3", packages=())
    assert ensure(old, project, []) == (
        "Julia 1.5.3 is too old for Dagger.jl and MPI.jl (1.12 is needed): their cells will be "
        "`unavailable`"
    )
    for version in ("1.12.0", "1.13.0-rc1", "2.0.0"):
        assert julia_packages.too_old(replace(julia, version=version), project) is None


def test_missing_packages_are_installed_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JULIA_PKG_SERVER", "a server of the user's")
    julia = scripted(project, 'echo "from $JULIA_PKG_SERVER"; touch Dagger MPI', "MPI")
    said: list[str] = []
    assert ensure(julia, project, said) == "Dagger.jl and MPI.jl: installed"
    assert "from a server of the user's" in said
    (command,) = asked(project)
    assert f"--project={project}" in command
    assert "Pkg.instantiate(; manifest=true); Pkg.precompile()" in command
    complete = replace(julia, packages=("Dagger", "MPI"))
    ensure(complete, project, said)
    assert len(asked(project)) == 1
    ensure(complete, project, said, again=True)
    assert len(asked(project)) == 2


def test_a_manifest_that_was_not_resolved_from_the_project_is_refused(project: Path) -> None:
    file = project / "Project.toml"
    file.write_text(file.read_text().replace("=0.20.26", "=0.20.25"))
    with pytest.raises(UserError, match=r"Manifest.toml: not resolved from the Project.toml"):
        ensure(scripted(project, "touch Dagger MPI", "Dagger", "MPI"), project, [])
    assert asked(project) == []


def test_pkg_agrees_that_the_manifest_is_of_the_project(project: Path, julia: Julia) -> None:
    if julia_packages.too_old(julia):
        skip("Julia 1.12")
    program = [str(julia.path), "--startup-file=no", "--depwarn=error", f"--project={project}"]
    program += ["-e", "using Pkg; print(Pkg.is_manifest_current(dirname(Base.active_project())))"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("true", "")


def test_packages_are_compiled_for_the_nodes_that_a_site_names(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = project.parent / "depot"
    old = [depot / "compiled" / "v1.12" / name for name in ("Dagger", "NotOurs")]
    for path in old:
        path.mkdir(parents=True)
    monkeypatch.setenv("JULIA_DEPOT_PATH", f"{depot}:")
    julia = scripted(project, 'echo "for $JULIA_CPU_TARGET"', "Dagger", "MPI")
    nodes, said = "generic;znver4,clone_all", list[str]()

    def again(cpu_target: str | None) -> None:
        ensure_packages(julia, said.append, project, project.parent / "t", cpu_target=cpu_target)

    again(None)
    assert asked(project) == []
    again(nodes)
    assert f"for {nodes}" in said
    assert [path.exists() for path in old] == [False, True], "Julia would take the old code"
    again(nodes)
    again(None)
    assert len(asked(project)) == 1, "they are compiled for these nodes already"


OFFLINE = r"""
printf ' Installing known registries\n\033[?25l'
echo 'ERROR: could not download the registry: connection refused' >&2
printf 'Stacktrace:\n [1] pkgerror(msg::String)\n [2] top-level scope at none:1\n' >&2
touch Dagger MPI  # the sources came, their dependencies did not
exit 1
"""


def test_without_network_one_line_says_so_and_it_is_tried_again(project: Path) -> None:
    julia, said = scripted(project, OFFLINE), list[str]()
    line = ensure(julia, project, said)
    assert line == (
        "Dagger.jl and MPI.jl could not be installed (ERROR: could not download the registry: "
        "connection refused); their cells will be `unavailable`; with network access, run "
        "`repro setup` again"
    )
    assert "Installing known registries" in said
    half = scripted(project, "true", "Dagger", "MPI")
    assert to_install(half, project.parent / ".toolchain")
    assert ensure(half, project, said) == "Dagger.jl and MPI.jl: installed"
    assert not to_install(half, project.parent / ".toolchain")


def test_success_is_not_taken_on_trust(project: Path) -> None:
    line = ensure(scripted(project, "touch MPI"), project, [])
    assert "could not be installed (Julia reports success, but Dagger.jl is missing)" in line


@pytest.mark.parametrize("ending", ["touch Dagger MPI", "echo ERROR: after that; exit 1"])
def test_a_manifest_that_julia_changes_is_put_back(ending: str, project: Path) -> None:
    manifest = project / "Manifest.toml"
    before, said = manifest.read_bytes(), list[str]()
    ensure(scripted(project, f"echo '# newer' >>{manifest}\n{ending}"), project, said)
    assert manifest.read_bytes() == before
    assert said[-1] == f"Julia changed {manifest}; restored it"


def test_an_installation_without_end_is_ended_with_its_children(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(julia_packages, "INSTALL_SECONDS", 1)
    begin = time.monotonic()
    line = ensure(scripted(project, "sleep 60 & echo $! >child; wait"), project, [])
    assert "killed, or took longer than 1 s" in line
    assert time.monotonic() - begin < 30
    child = Path("/proc") / (project.parent / "child").read_text().strip() / "stat"
    while not ended(child):  # the signal was sent; the kernel may not have acted on it yet
        assert time.monotonic() - begin < 30
        time.sleep(0.02)


def ended(stat: Path) -> bool:
    try:
        return stat.read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_command_is_one_that_julia_understands(
    tmp_path: Path, julia: Julia, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real package manager, offline: all that this project needs comes with Julia."""
    (tmp_path / "Project.toml").write_text(
        '[deps]\nUnicode = "4ec0a83e-493e-50e2-b9ac-8f72acf5a8f5"\n'
    )
    (tmp_path / "Manifest.toml").write_text(
        '[[Unicode]]\nuuid = "4ec0a83e-493e-50e2-b9ac-8f72acf5a8f5"\n'
    )
    registry = tmp_path / "depot" / "registries" / "Empty" / "Registry.toml"
    registry.parent.mkdir(parents=True)
    registry.write_text(
        'name = "Empty"\nuuid = "5ab1e0f6-9d1e-4d4c-9c1e-3f8f1f1d2c3b"\nrepo = ""\n[packages]\n'
    )
    monkeypatch.setenv("JULIA_DEPOT_PATH", f"{tmp_path / 'depot'}:")
    run_installer(julia, tmp_path, quiet)
    (tmp_path / "Manifest.toml").unlink()
    with pytest.raises(UserError, match="manifest"):
        run_installer(julia, tmp_path, quiet)


# ------------------------------------------------------------------------------ the commands


@pytest.fixture
def open_mpi(monkeypatch: pytest.MonkeyPatch) -> Mpi:
    """The Open MPI of this machine."""
    monkeypatch.delenv("MPIEXEC", raising=False)
    return this_open_mpi()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing was set up."""
    for name in ("repro", "studies", "slurm", "julia"):
        ignored = shutil.ignore_patterns("LocalPreferences.toml", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "toolchain.toml", tmp_path)
    return tmp_path


def repro(
    checkout: Path, julia: Julia, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    base = {key: value for key, value in os.environ.items() if key != "MPIEXEC"}
    own = {"PYTHONPATH": str(checkout), "JULIA": str(julia.path)}
    return subprocess.run(
        [sys.executable, "-m", "repro", *arguments],
        cwd=checkout, env=base | own | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def doctor(checkout: Path, julia: Julia, **variables: str) -> dict[str, str]:
    findings = json.loads(repro(checkout, julia, "doctor", "--json", **variables).stdout)
    (found,) = [finding for finding in findings if finding["what"] == "MPI"]
    assert isinstance(found, dict)
    return found


def without_mpi(checkout: Path) -> str:
    """A PATH on which there is what a wrapper of Julia needs, and no mpiexec."""
    directory = checkout / "bin"
    directory.mkdir()
    for name in ("sh", "dirname", "readlink", "env"):
        (directory / name).symlink_to(str(shutil.which(name)))
    return str(directory)


def test_setup_tells_julia_which_mpi_is_here(checkout: Path, julia: Julia, open_mpi: Mpi) -> None:
    julia = scripted(checkout / "julia", "touch Dagger MPI")
    file = checkout / "julia" / "LocalPreferences.toml"
    tried = repro(checkout, julia, "setup", "--dry-run")
    assert "would be written to julia/LocalPreferences.toml" in tried.stdout
    assert "Dagger.jl and MPI.jl: would be installed" in tried.stdout
    assert not file.exists()
    assert asked(checkout / "julia") == []
    done = repro(checkout, julia, "setup")
    assert done.stdout.splitlines()[:-1] == [
        f"Julia 1.12.6 ($JULIA): {julia.path}",
        f"MPI: {open_mpi}, {open_mpi.mpiexec}; written to julia/LocalPreferences.toml",
        "Dagger.jl and MPI.jl: installed",
    ]
    assert done.stdout.splitlines()[-1].startswith("no index of the documentation; agents run with")
    assert file.read_text() == preferences_text(open_mpi)
    again = repro(checkout, julia, "setup")
    assert again.returncode == 0
    assert f"MPI: {open_mpi}, {open_mpi.mpiexec}; named in" in again.stdout
    assert len(asked(checkout / "julia")) == 1
    assert again.stderr == ""


def test_packages_are_compiled_anew_for_another_mpi(
    checkout: Path, julia: Julia, open_mpi: Mpi
) -> None:
    julia = scripted(checkout / "julia", "true", "Dagger", "MPI")
    write_preferences(open_mpi, checkout / "julia")
    repro(checkout, julia, "setup")
    assert asked(checkout / "julia") == []
    file = checkout / "julia" / "LocalPreferences.toml"
    file.write_text(file.read_text().replace("libmpi.so", "libother.so"))
    repro(checkout, julia, "setup")
    assert len(asked(checkout / "julia")) == 1


def test_setup_goes_on_without_an_mpi(checkout: Path, julia: Julia) -> None:
    done = repro(checkout, julia, "setup", PATH=without_mpi(checkout))
    assert done.returncode == 0, done.stderr
    assert (
        "no mpiexec on PATH: cells of mpi will be `unavailable`; install Open MPI (Debian: "
        "apt-get install openmpi-bin libopenmpi-dev) and run `repro setup` again\n"
    ) in done.stdout
    assert not (checkout / "julia" / "LocalPreferences.toml").exists()


def test_setup_goes_on_with_a_broken_mpi_unless_it_was_asked_for(
    checkout: Path, julia: Julia
) -> None:
    path = without_mpi(checkout)
    broken = script(checkout / "bin" / "mpiexec", "echo no licence; exit 3")
    done = repro(checkout, julia, "setup", PATH=path)
    assert done.returncode == 0, done.stderr
    assert f"{broken} (from PATH) --version fails (no licence)" in done.stdout
    assert "cells of mpi will be `unavailable`" in done.stdout
    refused = repro(checkout, julia, "setup", MPIEXEC=str(broken))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"repro: {broken} (from $MPIEXEC) --version fails")


def test_setup_goes_on_where_somebody_chose_an_mpi(
    checkout: Path, julia: Julia, open_mpi: Mpi
) -> None:
    chosen = '[MPIPreferences]\nbinary = "OpenMPI_jll"\n'
    (checkout / "julia" / "LocalPreferences.toml").write_text(chosen)
    done = repro(checkout, julia, "setup")
    assert done.returncode == 0
    assert f"MPI: {open_mpi}, " in done.stdout
    assert "were not written by `repro setup` and stay unchanged" in done.stdout
    assert "used unchanged" in doctor(checkout, julia)["meaning"]


def test_doctor_says_whether_julia_knows_the_mpi(
    checkout: Path, julia: Julia, open_mpi: Mpi
) -> None:
    found = doctor(checkout, julia)
    assert found["found"] == f"{open_mpi}, {open_mpi.mpiexec}, {open_mpi.library}"
    assert not found["ok"]
    assert "does not name it: run `repro setup`" in found["meaning"]
    write_preferences(HERE, checkout / "julia")
    found = doctor(checkout, julia)
    assert not found["ok"]
    assert "names /opt/a/bin/mpiexec: changed since set-up, run `repro setup`" in found["meaning"]
    found = doctor(checkout, julia, PATH=without_mpi(checkout))
    assert found["found"] == "no mpiexec on PATH"
    assert "at set-up it was /opt/a/bin/mpiexec: load its module, or install" in found["meaning"]
    repro(checkout, julia, "setup")
    found = doctor(checkout, julia)
    assert found["ok"]
    assert found["meaning"] == "julia/LocalPreferences.toml names it"
    found = doctor(checkout, julia, MPIEXEC="mpiexec.other")
    assert not found["ok"]
    assert "no such program" in found["found"]


def test_doctor_says_how_to_get_the_packages(checkout: Path, julia: Julia) -> None:
    assert julia

    def meanings(*packages: str) -> dict[str, str]:
        new = scripted(checkout / "julia", "exit 1", *packages)
        findings = json.loads(repro(checkout, new, "doctor", "--json").stdout)
        return {
            finding["what"]: f"{finding['found']}: {finding['meaning']}" for finding in findings
        }

    unavailable = (
        "not installed: cells of mpi will be `unavailable`; with network, run `repro setup`"
    )
    found = meanings("Dagger")
    assert (found["Dagger.jl"], found["MPI.jl"]) == ("installed: ", unavailable)
    repro(checkout, scripted(checkout / "julia", "exit 1"), "setup")
    found = meanings("Dagger", "MPI")
    assert found["MPI.jl"] == "its installation was interrupted: with network, run `repro setup`"
