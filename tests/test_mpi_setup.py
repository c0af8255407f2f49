"""Finding the MPI of this machine, and telling Julia of it.

An mpiexec that is called scripted is a shell script; the rest is real.
"""

import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from test_toolchain import script

from repro.container import mpi
from repro.container.mpi import Mpi, find_mpi
from repro.container.mpi_preferences import agreement, preferences_text, write_preferences
from repro.errors import UserError

from conftest import skip

HERE = Mpi(
    mpiexec=Path("/opt/a/bin/mpiexec"),
    family="Open MPI",
    version="5.0.7",
    library=Path("/opt/a/lib/libmpi.so.40"),
    abi="OpenMPI",
)
WRITTEN = """\
[MPIPreferences]
__clear__ = ["preloads_env_switch"]
_format = "1.0"
abi = "OpenMPI"
binary = "system"
cclibs = []
libmpi = "/opt/a/lib/libmpi.so.40"
mpiexec = "/opt/a/bin/mpiexec"
preloads = []
"""
OPEN_MPI_5 = "echo 'mpiexec (Open MPI) 5.0.7'"
HYDRA = r"printf 'HYDRA build details:\n    Version:                                 4.2.1\n'"


@pytest.fixture
def open_mpi(monkeypatch: pytest.MonkeyPatch) -> Mpi:
    """The Open MPI of this machine."""
    monkeypatch.delenv("MPIEXEC", raising=False)
    return this_open_mpi()


def this_open_mpi() -> Mpi:
    """The Open MPI of this machine; without one the test is skipped, and in CI fails."""
    found = find_mpi()
    if found is None or found.family != "Open MPI":
        skip("Open MPI")
    assert found
    return found


# ------------------------------------------------------------------------------ finding the MPI


def test_the_mpi_of_this_machine_is_found(open_mpi: Mpi) -> None:
    said = subprocess.check_output([open_mpi.mpiexec, "--version"], text=True)
    assert said.splitlines()[0].endswith(f" {open_mpi.version}")
    assert open_mpi.mpiexec.is_absolute()
    assert open_mpi.library.name.startswith("libmpi.so")
    assert open_mpi.library.is_file()
    assert open_mpi.abi == "OpenMPI"


def test_the_mpiexec_that_is_asked_for_is_taken(
    open_mpi: Mpi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "my-mpiexec"
    link.symlink_to(open_mpi.mpiexec)
    monkeypatch.setenv("MPIEXEC", str(link))
    assert find_mpi() == replace(open_mpi, mpiexec=link)


def test_no_mpiexec_is_none_unless_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MPIEXEC", raising=False)
    assert find_mpi() is None
    monkeypatch.setenv("MPIEXEC", "mpiexec.other")
    with pytest.raises(UserError, match=r"^MPIEXEC=mpiexec.other: no such program"):
        find_mpi()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo no licence >&2; exit 3", "fails (no licence)"),
        ("kill -SEGV $$", "fails (no output)"),
        ("echo mpiexec 0.1", "is not of a known MPI (mpiexec 0.1)"),
        ("exec sleep 60", "does not answer in 1 s"),
    ],
)
def test_a_broken_mpiexec_is_named(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = script(tmp_path / "mpiexec", text)
    monkeypatch.setenv("MPIEXEC", str(scripted))
    if "sleep" in text:
        monkeypatch.setattr(mpi, "ANSWER_SECONDS", 1)
    with pytest.raises(UserError) as caught:
        find_mpi()
    assert f"{scripted} (from $MPIEXEC) --version {said}" in str(caught.value)


@pytest.mark.parametrize(("text", "its"), [(HYDRA, "MPICH 4.2.1"), (OPEN_MPI_5, "Open MPI 5.0.7")])
def test_an_mpiexec_of_another_mpi_than_the_library_is_refused(
    text: str, its: str, open_mpi: Mpi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if str(open_mpi) == its:
        skip("another Open MPI than the scripted one")
    monkeypatch.setenv("MPIEXEC", str(script(tmp_path / "mpiexec", text)))
    with pytest.raises(UserError) as caught:
        find_mpi()
    assert f"{tmp_path}/mpiexec is {its}, but the MPI library " in str(caught.value)
    assert f" is {open_mpi}: ranks would not find each other" in str(caught.value)


def test_a_launcher_of_any_mpi_leaves_it_to_the_library(
    open_mpi: Mpi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = script(tmp_path / "srun", "echo slurm 24.11.1")
    monkeypatch.setenv("MPIEXEC", str(scripted))
    found = find_mpi()
    assert found
    assert (found.mpiexec, str(found), found.abi) == (scripted, str(open_mpi), "OpenMPI")


@pytest.mark.parametrize(
    ("launcher", "library", "found"),
    [
        (HYDRA, "MPICH Version:\\t4.2.1\\nMPICH CC:\\tgcc by eve@host\\n", "MPICH 4.2.1 MPICH"),
        (HYDRA, "MVAPICH2 Version      :\\t2.3.7\\n", "MVAPICH 2.3.7 MPICH"),
        (
            "echo 'Intel(R) MPI Library for Linux* OS, Version 2021 Update 08 Build 2 (id: e38)'",
            "Intel(R) MPI Library 2021 Update 8 for Linux* OS\\n",
            "Intel MPI 2021 Update 8 MPICH",
        ),
        (
            OPEN_MPI_5,
            "Open MPI v5.0.7, package: Open MPI eve@host Distribution, ident: 5.0.7",
            "Open MPI 5.0.7 OpenMPI",
        ),
    ],
)
def test_the_library_beside_mpiexec_is_asked_what_it_is(
    launcher: str, library: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library of one function, which answers as the real ones do, under a prefix of its own."""
    monkeypatch.setenv("MPIEXEC", str(script(tmp_path / "bin" / "mpiexec", launcher)))
    built = _library(tmp_path / "lib" / "libmpi.so.12", library)
    asked = find_mpi()
    assert asked
    assert f"{asked} {asked.abi}" == found
    assert asked.library == built
    assert "eve" not in repr(asked)


def _library(path: Path, says: str) -> Path:
    names = ["cc", "gcc", "clang", *(f"gcc-{number}" for number in range(20, 9, -1))]
    compiler = next(filter(None, map(shutil.which, names)), None)
    if compiler is None:
        skip("a C compiler")
    path.parent.mkdir()
    source = path.with_suffix(".c")
    source.write_text(
        "#include <string.h>\nint MPI_Get_library_version(char *text, int *length)\n"
        f'{{ strcpy(text, "{says}"); *length = strlen(text); return 0; }}\n'
    )
    subprocess.run([str(compiler), "-shared", "-fPIC", "-o", path, source], check=True)
    return path


def test_libraries_that_cannot_be_loaded_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPIEXEC", str(script(tmp_path / "bin" / "mpiexec", OPEN_MPI_5)))
    (tmp_path / "lib").mkdir()
    for name in ("libmpi.so.40", "libmpi.so.12", "libmpich.so.12", "libmpi.so", "libmpich.so"):
        (tmp_path / "lib" / name).write_text("not a library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "lib"))
    with pytest.raises(
        UserError, match=r"is Open MPI 5\.0\.7, but there is no MPI library next to it"
    ):
        find_mpi()


# ------------------------------------------------------------------------------ telling Julia


def test_preferences_are_written_as_mpipreferences_writes_them_and_once(tmp_path: Path) -> None:
    assert write_preferences(HERE, tmp_path)
    file = tmp_path / "LocalPreferences.toml"
    assert file.read_text() == WRITTEN == preferences_text(HERE)
    before = file.stat()
    assert not write_preferences(HERE, tmp_path)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_paths_are_quoted_as_toml_wants_them(tmp_path: Path) -> None:
    odd = replace(HERE, mpiexec=Path('/opt/a "b"\\c/müsli/mpiexec'))
    table = tomllib.loads(preferences_text(odd))["MPIPreferences"]
    assert table["mpiexec"] == str(odd.mpiexec)
    assert write_preferences(odd, tmp_path)
    assert agreement(odd, tmp_path) == "same"
    assert agreement(HERE, tmp_path) == "changed"


def test_another_mpi_is_written_and_other_tables_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "LocalPreferences.toml"
    other = '# mine\n[FFTW]\nprovider = "mkl"\n'
    file.write_text(other)
    assert agreement(HERE, tmp_path) == "missing"
    assert write_preferences(HERE, tmp_path)
    assert file.read_text() == f"{other}\n{WRITTEN}"
    file.write_text(f"{WRITTEN}\n{other}")
    there = replace(HERE, mpiexec=Path("/opt/b/mpiexec"), abi="MPICH")
    assert agreement(there, tmp_path) == "changed"
    assert write_preferences(there, tmp_path)
    assert file.read_text() == f"{preferences_text(there)}\n{other}"


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN.replace("preloads = []", 'preloads = ["libmpi_gtl.so"]'),
        WRITTEN.replace('mpiexec = "/opt/a/bin/mpiexec"', 'mpiexec = ["srun", "--mpi=pmix"]'),
        WRITTEN.replace("/opt/a/lib/libmpi.so.40", "libmpi"),
        '[MPIPreferences]\n_format = "1.0"\nbinary = "OpenMPI_jll"\n',
        "MPIPreferences = { binary = 'system' }\n",
    ],
)
def test_what_somebody_chose_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "LocalPreferences.toml"
    file.write_text(text)
    assert agreement(HERE, tmp_path) == "somebody's"
    with pytest.raises(UserError, match=r"not written by `repro setup`.*libmpi = '/opt/a/lib/"):
        write_preferences(HERE, tmp_path)
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[MPIPreferences", "not TOML"),
        (WRITTEN.replace("/opt/a/bin", "/opt/b").replace("[]", "[\n]"), "stay unchanged"),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_not_changed(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "LocalPreferences.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        write_preferences(HERE, tmp_path)
    assert file.read_text() == text
