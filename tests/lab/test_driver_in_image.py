"""The driver in a real image on the login node of a real cluster, and other ways to Slurm."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from agent_place import GOOD, KERNEL
from agent_place import Place as AgentPlace

from repro import ROOT
from repro.archive.verify import verify
from repro.container.julia import Julia
from repro.container.sif import squashfs_sha256
from repro.measure.attempts import attempts_of

from .an_image import as_nobody
from .cluster import Cluster
from .machine import free_ports, wait_until
from .place import REPRO, Place
from stand_ins import STOOD_IN, USED
from trials import study_text

pytestmark = pytest.mark.timeout(900)  # the first test fetches and builds

PI = "reference/pi/threads/0@1x1x1"
LIMITS: dict[str, Any] = {"repetitions": 1, "time_limit_s": 120, "stall_limit_s": 60}


class Login:
    """A shell on the login node, in a directory of its own, after `host-env`."""

    def __init__(self, directory: Path, image: Path, environment: Mapping[str, str]) -> None:
        self.directory, self.image = directory, image
        line = f'eval "$(apptainer --silent run --userns {image} host-env)" && env -0'
        shell = subprocess.run(["sh", "-c", line], env=os.environ | environment, text=True,
                               capture_output=True, check=False, cwd=directory)  # fmt: skip
        assert "its clients now work in the image" in shell.stderr, shell.stderr
        self.environment = dict(v.split("=", 1) for v in shell.stdout.split("\0") if v)

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """`apptainer run repro.sif ...`."""
        return subprocess.run(["apptainer", "--silent", "run", self.image, *arguments],
                              cwd=self.directory, env=self.environment | environment,
                              capture_output=True, text=True, check=False)  # fmt: skip


@pytest.fixture
def login(lab: Cluster, image: Path, tmp_path: Path) -> Login:
    """Of the session's cluster; a study is there."""
    text = study_text("reference", **LIMITS)
    (tmp_path / "trial.toml").write_text(text, encoding="utf-8")
    return Login(tmp_path, image, lab.environment)


def test_all_from_a_login_node(login: Login) -> None:
    options = ("all", "--study", "trial.toml")
    nobody_to_ask = login.run(*options)
    assert nobody_to_ask.returncode == 2
    assert "site      lab: the test cluster" in nobody_to_ask.stderr
    assert "nothing was started" in nobody_to_ask.stderr
    answer = login.run(*options, "--yes")
    assert answer.returncode == 0, answer.stderr
    dataset = login.directory / "data" / "trial-lab"
    assert verify(dataset).problems == []
    described = (dataset / "dataset.toml").read_text(encoding="utf-8")
    assert f'image = "sha256:{squashfs_sha256(login.image)}"' in described
    (attempt,) = attempts_of(login.directory / "runs" / "trial-lab", PI)
    assert attempt.outcome().outcome == "ok"
    assert attempt.plan().command[0] == "/opt/julia/bin/julia", "the task is in the image"
    assert login.run(*options).returncode == 0, "the same line again resumes, and does not ask"
    assert len(attempts_of(login.directory / "runs" / "trial-lab", PI)) == 1
    outside = login.directory / "outside"
    draw: list[str | Path] = [REPRO, "figures", "--dataset", dataset, "--out", outside]
    subprocess.run(draw, check=True, capture_output=True)
    inside = login.directory / "figures" / "trial-lab"
    names = sorted(path.name for path in outside.iterdir())
    assert names == sorted(path.name for path in inside.iterdir())
    assert [n for n in names if (inside / n).read_bytes() != (outside / n).read_bytes()] == []


def test_the_published_figures_are_the_same_bytes_in_the_image(login: Login) -> None:
    answer = login.run("figures", "--check", "--dataset", "baseline")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_doctor_tries_whose_mpi_works(login: Login) -> None:
    answer = login.run("doctor", "--site", "lab", "--json")
    found = {finding["what"]: finding for finding in json.loads(answer.stdout)}
    assert found["this checkout and Python"]["ok"]
    own = found["MPI hello by srun, the image's own MPI"]["found"]
    assert own == "ranks on n1, n2, which count 2, 2 (Open MPI v5.0.7)"
    bound = found["MPI hello by srun, this cluster's MPI in the image"]["found"]
    assert bound.startswith("ranks on n1, n2, which count 2, 2 (Open MPI v4.")
    assert found["MPI for ranks in the image"]["found"] == "image"
    assert not (login.directory / "slurm").exists(), "the site's file says so already"


@pytest.mark.parametrize(
    ("mpi", "frameworks"), [("image", ("mpi", "dagger-distributed")), ("host", ("mpi",))]
)
def test_ranks_and_workers_on_two_nodes(
    mpi: str,
    frameworks: tuple[str, ...],
    login: Login,
    record_property: Callable[[str, str], None],
) -> None:
    """The driver in the image starts srun in a job; what it starts enters the image itself.

    With stand-ins for MPI.jl and Dagger.jl, real Open MPI: the image's, then the cluster's, which
    workers have nothing to do with.
    """
    record_property(USED, STOOD_IN)  # the image has no others
    text = study_text("reference", distributed=["2x2x1"], **LIMITS)
    (login.directory / "trial.toml").write_text(text, encoding="utf-8")
    site = (ROOT / "slurm" / "sites" / "lab.toml").read_text(encoding="utf-8")
    site = site.replace("[slurm]\n", f'[slurm]\nmpi = "{mpi}"\n')
    (login.directory / "lab.toml").write_text(site, encoding="utf-8")
    julia = login.directory / "julia"
    places = [f"/opt/repro/julia/test/stand_ins/{name}" for name in ("open_mpi", "dagger")]
    julia.write_text(f"#!/bin/sh\nexport JULIA_LOAD_PATH={':'.join(places)}:@:@stdlib\n"
                     'exec /opt/julia/bin/julia "$@"\n', encoding="utf-8")  # fmt: skip
    julia.chmod(0o755)
    cells = [f"reference/gemm/{name}/0@2x2x1" for name in frameworks]
    where = ("--study", "trial.toml", "--site", "lab.toml", "--run", "run", "--wait")
    answer = login.run("run", *cells, *where, APPTAINERENV_JULIA=str(julia))
    run = login.directory / "run"
    found = {cell: [a.outcome().outcome for a in attempts_of(run, cell)] for cell in cells}
    assert found == {cell: ["ok"] for cell in cells}, answer.stderr


def test_print_writes_what_a_user_submits_by_hand(lab: Cluster, tmp_path: Path) -> None:
    place = Place(tmp_path, lab, "quick")
    cell = "quick/pi/threads/0@1x1x1"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        where = ["--study", "trial.toml", "--site", "lab", "--run", str(place.run)]
        nowhere = os.environ | {"SLURM_CONF": "/nowhere"}
        return subprocess.run([REPRO, *arguments, *where], cwd=tmp_path, env=nowhere,
                              capture_output=True, text=True, check=False)  # fmt: skip

    answer = run("run", cell, "--submit-via", "print")
    (line,) = answer.stdout.splitlines()
    assert line.startswith(f"sbatch {place.run}/submissions/")
    assert run("run", cell, "--submit-via", "print").stdout.splitlines() == [line], "not twice"
    assert "submitted by hand" in run("status").stdout
    cancelled = run("cancel")
    assert cancelled.returncode == 2
    assert "scancel --name=repro-" in cancelled.stderr
    lab.run(*line.split())
    place.wait_until_over()
    assert place.outcomes(cell) == [("ok", "1 of 1 repetitions correct")]
    again = run("run", cell, "--submit-via", "print")
    assert (again.stdout, again.returncode) == ("", 0)
    waiting = run("run", cell, "--submit-via", "print", "--wait")
    assert waiting.returncode == 2
    assert "repro cannot wait for them" in waiting.stderr


def test_an_agent_works_in_the_image_and_is_replayed(
    image: Path, julia: Julia, tmp_path: Path
) -> None:
    """The image's OpenCode, Julia and sandbox; only the model is scripted."""
    agent = AgentPlace.make(tmp_path, julia)
    agent.script(GOOD)
    run = ["apptainer", "--silent", "run", "--userns", str(image)]
    what = ["--study", "study.toml", "--models", "models", "--no-docs", "--out", "generations"]
    for command in (["generate", *what], ["replay", "--from", "generations"]):
        answer = subprocess.run([*run, *command], cwd=tmp_path, capture_output=True, text=True,
                                check=False)  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
    (session,) = agent.sessions()
    assert session.ending
    assert session.ending.kind == "finished"
    assert session.kernel.read_text(encoding="utf-8") == KERNEL
    assert session.record.tools.julia == "1.5.3"


@pytest.fixture
def ssh(lab: Cluster, tmp_path: Path) -> Iterator[Path]:
    """A directory for PATH with an ssh that knows one host, `login`: a real sshd, here."""
    keys = ("-q", "-t", "ed25519", "-N", "", "-f")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", *keys, tmp_path / name], check=True)
    (tmp_path / "authorized").write_bytes((tmp_path / "user.pub").read_bytes())
    port = free_ports(1)
    Path("/run/sshd").mkdir(exist_ok=True)
    server = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/authorized\nPermitRootLogin yes\nPidFile none\n"
        f"SetEnv SLURM_CONF={lab.environment['SLURM_CONF']}\n"
    )
    client = (
        f"Host login\nHostName 127.0.0.1\nPort {port}\nIdentityFile {tmp_path}/user\n"
        f"StrictHostKeyChecking no\nUserKnownHostsFile {tmp_path}/known\n"
    )
    (tmp_path / "sshd_config").write_text(server, encoding="utf-8")
    (tmp_path / "ssh_config").write_text(client, encoding="utf-8")
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {tmp_path}/ssh_config "$@"\n')
    (directory / "ssh").chmod(0o755)
    line = ["/usr/sbin/sshd", "-D", "-e", "-f", str(tmp_path / "sshd_config")]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as process:
        try:
            probe = [str(directory / "ssh"), "login", "true"]
            wait_until(lambda: subprocess.run(probe, check=False).returncode == 0, "sshd", 20)
            yield directory
        finally:
            process.terminate()


def test_another_host_submits(ssh: Path, lab: Cluster, tmp_path: Path) -> None:
    """Slurm is not known here, only there."""
    place = Place(tmp_path, lab, "quick")
    cell = "quick/pi/threads/0@1x1x1"
    elsewhere = os.environ | {"SLURM_CONF": "/nowhere", "PATH": f"{ssh}:{os.environ['PATH']}"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        where = ["--study", "trial.toml", "--site", "lab", "--run", str(place.run)]
        return subprocess.run([REPRO, *arguments, *where], cwd=tmp_path, env=elsewhere,
                              capture_output=True, text=True, check=False)  # fmt: skip

    lost = run("run", cell, "--submit-via", "ssh:nowhere.invalid")
    assert lost.returncode == 2
    assert "does not answer (sbatch on nowhere.invalid: Could not resolve" in lost.stderr
    answer = run("run", cell, "--submit-via", "ssh:login", "--wait")
    assert answer.returncode == 0, answer.stderr
    assert place.outcomes(cell) == [("ok", "1 of 1 repetitions correct")]
    assert "1" in run("status").stdout
    assert run("cancel").returncode == 0


@pytest.fixture
def commons() -> Iterator[Path]:
    """A directory that every user sees and may write to."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="repro-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("home", ["none", "full"])
def test_two_users_rerun_a_cell_one_without_rights_home_or_room(
    home: str, image: Path, commons: Path
) -> None:
    """At the same time, with one image, where neither may write."""
    shelf, theirs, ours = (commons / name for name in ("shelf", "theirs", "ours"))
    for directory in (shelf, theirs, ours):
        directory.mkdir()
    theirs.chmod(0o777)
    shared = shelf / "repro.sif"
    shutil.copy(image, shared)
    shelf.chmod(0o555)
    words = f"--silent run --userns {shared} cell run {PI} --dataset baseline --repeat 2".split()
    apptainer = shutil.which("apptainer")
    assert apptainer
    command = as_nobody(commons, apptainer, *words)
    environment = {"PATH": os.environ["PATH"]}
    if home == "full":
        fill = "mount -t tmpfs -o size=64k,mode=777 tmpfs /mnt; head -c 1m /dev/zero >/mnt/filling"
        command = ["unshare", "--mount", "sh", "-c", f'{fill}; exec "$@"', "sh", *command]
        environment["HOME"] = "/mnt"
    both = [
        subprocess.Popen(line, cwd=place, env=variables, stderr=subprocess.PIPE, text=True)
        for line, place, variables in (
            (command, theirs, environment), ([apptainer, *words], ours, os.environ),
        )
    ]  # fmt: skip
    problems = [process.communicate()[1] for process in both]
    for place in (theirs, ours):
        (attempt,) = attempts_of(place / "runs" / "cell-baseline", PI)
        assert attempt.outcome().outcome == "ok", problems
