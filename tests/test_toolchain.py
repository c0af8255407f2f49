"""Finding and fetching Julia."""

import hashlib
import http.server
import io
import re
import shutil
import stat
import tarfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repro import ROOT
from repro.container.doctor import findings
from repro.container.julia import PROJECT, Julia, Package, find_julia, probe
from repro.container.julia_setup import fetch_debian, fetch_julia, fetch_tarball
from repro.container.pins import DebianJulia, JuliaPins, Tarball, load_pins
from repro.errors import UserError
from repro.launch.environment import blas_core_type

from conftest import IN_CI, skip


def quiet(_message: str) -> None:
    pass


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """A directory on a loopback web server."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(directory))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def tarball_of(julia: Julia, directory: Path) -> str:
    """A tarball laid out as the official one, whose Julia is the one that is here; its hash."""
    text = f'#!/bin/sh\nexec {julia.path} "$@"\n'.encode()
    with tarfile.open(directory / "julia.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("julia-1.12.6/bin/julia")
        entry.size, entry.mode = len(text), 0o755
        tar.addfile(entry, io.BytesIO(text))
    return hashlib.sha256((directory / "julia.tar.gz").read_bytes()).hexdigest()


def test_the_lock_files_are_those_that_are_pinned() -> None:
    pins = load_pins().locks
    assert set(pins) == {"julia/Manifest.toml", "requirements.lock"}
    for path, digest in pins.items():
        found = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        assert found == digest, f"{path} has changed: write its hash into toolchain.toml"


def test_the_tarball_is_fetched_checked_and_unpacked(tmp_path: Path, julia: Julia) -> None:
    sha256 = tarball_of(julia, tmp_path)
    with served(tmp_path) as url:
        found = fetch_tarball(Tarball(url=f"{url}/julia.tar.gz", sha256=sha256),
                              tmp_path / "julia-1.12.6", quiet)  # fmt: skip
    assert found.path == tmp_path / "julia-1.12.6" / "bin" / "julia"
    assert found.version == julia.version
    assert not list(tmp_path.glob(".julia-*"))


def test_a_tarball_with_another_hash_is_refused(tmp_path: Path, julia: Julia) -> None:
    tarball_of(julia, tmp_path)
    with served(tmp_path) as url, pytest.raises(UserError, match="its sha256 differs"):
        fetch_tarball(Tarball(url=f"{url}/julia.tar.gz", sha256="0" * 64), tmp_path / "j", quiet)
    assert not (tmp_path / "j").exists()


def test_debian_serves_where_the_tarball_cannot_be_had(tmp_path: Path) -> None:
    """For real: 64 MB from this machine's Debian mirror, unpacked without root's help."""
    if not shutil.which("apt-get") or not IN_CI:
        skip("CI, on Debian: it downloads 64 MB")
    pins = JuliaPins(
        version="1.12.6",
        tarball={m: Tarball(url="http://127.0.0.1:9/julia.tar.gz", sha256="0" * 64)
                 for m in ("x86_64", "aarch64")},
        debian=load_pins().julia.debian,
    )  # fmt: skip
    said: list[str] = []
    found = fetch_julia(pins, tmp_path, said.append)
    assert found.version == pins.debian.version
    assert any("cannot be reached" in message for message in said)


def test_off_debian_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pin = DebianJulia(suite="bullseye", version="1.5.3", packages=("julia",))
    with pytest.raises(UserError, match=r"install Julia 1\.12 and set JULIA"):
        fetch_debian(pin, tmp_path / "j", quiet)


def test_julia_is_looked_for_in_the_order_that_is_promised(
    tmp_path: Path, julia: Julia, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = f'exec {julia.path} "$@"'
    on_path, chosen = (script(tmp_path / name / "julia", wrapper) for name in ("a", "b"))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    monkeypatch.delenv("JULIA", raising=False)
    assert (find_julia().path, find_julia().origin) == (on_path, "PATH")
    monkeypatch.setenv("JULIA", str(chosen))
    assert (find_julia().path, find_julia().origin) == (chosen, "$JULIA")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kill -SEGV $$", "crashes at start (SIGSEGV)"),
        ("echo broken >&2; exit 3", "fails at start (broken)"),
        ("exit 0", "fails at start"),
    ],
)
def test_a_broken_julia_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        probe(script(tmp_path / "julia", text), "PATH")
    assert said in str(caught.value)


def test_a_julia_that_cannot_throw_is_not_taken(tmp_path: Path, julia: Julia) -> None:
    """Debian 11's Julia with Debian 12's libunwind computes, and dies at the first exception."""
    text = (PROJECT / "probe.jl").read_text(encoding="utf-8")
    assert "thrower(-1)" in text
    dies = f"""case "$*" in *probe.jl*) kill -SEGV $$ ;; *) exec {julia.path} "$@" ;; esac"""
    with pytest.raises(UserError, match="crashes"):
        probe(script(tmp_path / "julia", dies), "PATH")


def test_the_probe_tells_who_made_a_julia(julia: Julia) -> None:
    if ".toolchain/julia-debian-" in str(julia.path):
        assert (julia.build, julia.commit) == ("distribution", "")
    else:
        assert julia.build in {"official", "distribution", "from source", "unknown"}
        assert re.fullmatch("[0-9a-f]{7,40}|", julia.commit)


def test_the_core_of_openblas_is_found_whatever_its_functions_are_called(julia: Julia) -> None:
    assert julia.blas_core != "unknown"


def test_packages_are_told_with_the_version_and_the_tree_that_are_loaded(
    julia_with_stand_ins: Path, julia: Julia
) -> None:
    found = probe(julia_with_stand_ins, "$JULIA")
    assert found.packages == ("Dagger", "MPI")
    if julia_with_stand_ins != julia.path:  # what Pkg did not install has no hash
        assert found.details == (Package("Dagger"), Package("MPI"))
        return
    pinned = tomllib.loads((PROJECT / "Manifest.toml").read_text(encoding="utf-8"))["deps"]
    entries = [(name, pinned[name][0]) for name in found.packages]
    assert found.details == tuple(
        Package(name, entry["version"], entry["git-tree-sha1"]) for name, entry in entries
    )


def test_doctor_says_which_julia_and_what_that_means(julia: Julia) -> None:
    found = {finding.what: finding for finding in findings()}
    assert julia.version in found["Julia"].found
    if julia.version == "1.5.3":
        assert "not the study's 1.12.6" in found["Julia"].meaning
        assert "too old" in found["Dagger.jl"].meaning
        assert "too old" in found["MPI.jl"].meaning


def test_an_old_blas_is_told_which_kernels_a_new_cpu_has(julia: Julia) -> None:
    def forced(core: str, flags: str) -> str | None:
        known = {**vars(julia), "blas_core": core}
        return blas_core_type(Julia(**known), flags)

    avx512 = "avx2 avx512f avx512bw avx512dq avx512vl"
    assert forced("Prescott", avx512) == "SkylakeX"
    assert forced("Prescott", "sse2 avx2") == "Haswell"
    assert forced("Prescott", "sse2") is None
    assert forced("Barcelona", avx512) == "SkylakeX"
    assert forced("Zen", avx512) is None
