"""A real image: what it says and runs, for whom, and that two builds are the same."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro import __version__
from repro.container.sif import labels, squashfs_sha256

from .an_image import as_nobody, build_image, skip_if_changed_since
from .place import REPRO

pytestmark = pytest.mark.timeout(900)  # the first test fetches and builds

PI = 'include("/opt/repro/problems/pi/reference/threads.jl"); print(compute_pi(10^6))'
ALONE = ("--containall", "--cleanenv", "--no-home")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A directory that does not stay: images are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def apptainer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apptainer", "--silent", *arguments], capture_output=True, text=True, check=False
    )


def said(*arguments: str | Path) -> str:
    answer = apptainer(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_alone_it_says_what_it_can_do(image: Path) -> None:
    assert "Usage: repro [OPTIONS] COMMAND" in said("run", "--userns", image)
    assert "apptainer run repro.sif COMMAND" in said("run-help", image)


def test_it_runs_a_command(image: Path) -> None:
    assert __version__ in said("run", "--userns", image, "--version")
    refused = apptainer("run", "--userns", image, "plan", "--study", "none")
    assert refused.returncode == 2
    assert "none: no such study" in refused.stderr


def test_it_passes_its_own_test(image: Path) -> None:
    assert "ok  Julia: 1.5.3 from $JULIA, /opt/julia/bin/julia" in said("test", "--userns", image)


def test_its_apps(image: Path) -> None:
    run = ("run", "--userns", "--app")
    assert said(*run, "julia", image, "-e", "print(VERSION)") == "1.5.3"
    assert said(*run, "opencode", image, "--version").strip() == "1.14.41"
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}}}  # fmt: skip
    answer = subprocess.run(
        ["apptainer", "--silent", *run, "mcp", image], input=json.dumps(hello) + "\n",
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "julia-docs" in answer.stdout, answer.stderr


def test_its_labels_say_what_it_is(image: Path) -> None:
    shown = json.loads(said("inspect", "--json", "--labels", image))
    assert shown["data"]["attributes"]["labels"] == labels(image)
    assert labels(image)["repro.julia-variant"].endswith("without Dagger.jl and MPI.jl")
    record = json.loads(image.with_name("repro.sif.json").read_text())
    assert record["digest"] == f"sha256:{squashfs_sha256(image)}"
    dumped = subprocess.run(["apptainer", "sif", "dump", "3", image], stdout=subprocess.PIPE,
                            check=True).stdout  # fmt: skip
    assert dumped[:4] == b"hsqs"


def verify(image: Path) -> tuple[int, dict[str, bool]]:
    answer = subprocess.run([REPRO, "image", "verify", image, "--json"], stdout=subprocess.PIPE,
                            text=True, check=False)  # fmt: skip
    return answer.returncode, {one["what"]: one["ok"] for one in json.loads(answer.stdout)}


def test_verify_tells_a_whole_image_from_a_changed_one(image: Path, scratch: Path) -> None:
    code, found = verify(image)
    assert (code, {what for what, ok in found.items() if not ok}) == (0, {"signature"})
    copy = scratch / "repro.sif"
    shutil.copy(image, copy)
    shutil.copy(image.with_name("repro.sif.json"), scratch)
    with copy.open("r+b") as stream:
        stream.seek(-1_000_000, os.SEEK_END)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte[0] ^ 1]))
    code, found = verify(copy)
    assert (code, found["content"]) == (1, False)
    os.truncate(copy, copy.stat().st_size // 2)
    assert subprocess.run([REPRO, "image", "verify", copy], check=False).returncode == 2


def test_verify_knows_a_signature_that_it_can_trust(
    image: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPTAINER_KEYSDIR", str(scratch / "keys"))
    (scratch / "keys").mkdir()
    whose = "--name tester --email tester@example.org --comment none --password secret"
    said("key", "newpair", "--push=false", *whose.split())
    copy = scratch / "repro.sif"
    shutil.copy(image, copy)
    shutil.copy(image.with_name("repro.sif.json"), scratch)
    subprocess.run(["apptainer", "sign", copy], input="secret\n", text=True, check=True)
    assert verify(copy) == (0, dict.fromkeys(verify(image)[1], True))
    monkeypatch.setenv("APPTAINER_KEYSDIR", str(scratch / "strangers"))
    code, found = verify(copy)
    assert (code, found["signature"]) == (1, False)


@pytest.mark.parametrize("options", [(), ALONE], ids=["usual", "alone"])
def test_it_computes_with_nothing_of_this_machine(options: tuple[str, ...], image: Path) -> None:
    """No home, no variables, no directory of the host: not even a place to write but /tmp."""
    run: tuple[str | Path, ...] = ("exec", "--userns", *options, image)
    assert said(*run, "julia", "--threads=2", "-e", PI).startswith("3.14159")
    assert "cells" in said(*run, "repro", "plan")
    read_only = apptainer(*run, "touch", "/opt/repro/file")
    assert "Read-only file system" in read_only.stderr


def test_nothing_is_compiled_at_run_time(image: Path) -> None:
    """All bytecode, the packages' and repro's own, is there and is taken."""
    look = "/opt/repro/.venv/bin/python -P -v -m repro plan 2>&1"
    talk = said("exec", "--userns", *ALONE, image, "sh", "-c", look)
    sources = [line.split()[-1] for line in talk.splitlines() if "# code object from " in line]
    assert "'/opt/repro/repro/study/__pycache__/model.cpython-313.pyc'" in sources
    assert [source for source in sources if not source.endswith(".pyc'")] == []


def test_its_mpi_is_the_studys_and_starts_two_ranks(image: Path) -> None:
    environment = ("--env", "OMPI_ALLOW_RUN_AS_ROOT=1,OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
    ranks = said("exec", "--userns", *ALONE, *environment, image,
                 "mpiexec", "-n", "2", "--oversubscribe", "sh", "-c",
                 "echo $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE")  # fmt: skip
    assert sorted(ranks.split("\n")) == ["", "0 of 2", "1 of 2"]


def test_a_user_without_rights_can_use_it(image: Path, scratch: Path) -> None:
    found = shutil.which("apptainer")
    assert found
    command = as_nobody(scratch, found, "--silent", "exec", "--userns", *ALONE, image, "julia")
    answer = subprocess.run([*command, "-e", PI], cwd="/", env={"PATH": os.environ["PATH"]},
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert answer.stdout.startswith("3.14159"), answer.stderr


def test_the_dockerfile_gives_the_same_image(image: Path, scratch: Path) -> None:
    """Built by Buildah, and turned into a SIF."""
    archive, sif = scratch / "repro.tar", scratch / "repro.sif"
    build_image(archive, "buildah")
    archive_of_docker = f"docker-archive:{archive}"
    assert apptainer("build", "--mksquashfs-args=-noD -noF", sif, archive_of_docker).returncode == 0
    code, found = verify(sif)
    assert (code, {what for what, ok in found.items() if not ok}) == (0, {"signature", "content"})
    ours = {name: value for name, value in labels(image).items() if name.startswith("repro.")}
    assert ours.items() <= labels(sif).items()
    show = (
        "env | grep -E '^(LANG|JULIA|PYTHON)'; command -v repro julia opencode python3 mpiexec rg"
    )
    # Buildah leaves a place to mount it on.
    files = "cd /; find etc opt usr -type f ! -path etc/hostname -printf '%p %m %s\\n' | sort"
    skip_if_changed_since(image)
    for command in (show, files):
        one, other = (
            said("exec", "--userns", *ALONE, sif, "sh", "-c", command).split("\n")
            for sif in (image, sif)
        )
        assert set(one) ^ set(other) == set()
    assert "Usage: repro" in said("run", "--userns", *ALONE, sif)
    assert "ok  Julia: 1.5.3" in said("run", "--userns", *ALONE, sif, "doctor")


def test_two_builds_are_the_same(image: Path, scratch: Path) -> None:
    again = scratch / "repro.sif"
    build_image(again)
    skip_if_changed_since(image)
    assert squashfs_sha256(again) == squashfs_sha256(image)
