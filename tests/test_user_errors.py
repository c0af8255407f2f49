"""What a user can get wrong is answered in one line, with exit code 2 and no traceback."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repro import ROOT
from repro.container.julia import Julia
from repro.launch.run_directory import driving, make_run
from repro.measure.attempts import all_attempts

from conftest import skip
from trials import Trial, study_text

REPRO = Path(sys.executable).with_name("repro")


def refused(*arguments: str | Path, **variables: str) -> str:
    """Run `repro`; the one line it says on standard error, having exited with 2."""
    answer = subprocess.run(
        [REPRO, *arguments], capture_output=True, text=True, check=False, env=os.environ | variables
    )
    assert answer.returncode == 2, answer
    lines = [line for line in answer.stderr.splitlines() if line.startswith("repro: ")]
    assert len(lines) == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    return lines[0]


def _fill(path: Path) -> None:
    """Write to a file until the disk is full."""
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"0" * 4096)


@contextmanager
def tmpfs(where: Path, options: str) -> Iterator[None]:
    """A file system of its own at `where`; needs root."""
    where.mkdir(exist_ok=True)
    if os.geteuid() != 0 or not shutil.which("mount"):
        skip("root, to mount a tmpfs")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", where], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", where], check=True)


def test_broken_toml(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("name = ")
    assert f"{file}: not TOML" in refused("plan", "--study", file)


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in refused("plan", "--study", tmp_path / "none.toml")


def test_an_unknown_model_gets_the_nearest_names() -> None:
    said = refused("run", "referense/gemm/threads/0@1x1x2", "--dry-run")
    assert "no cell matches" in said
    assert "did you mean reference/gemm/threads/0@1x1x2" in said


def test_a_filter_that_matches_nothing() -> None:
    assert "no cell matches zzz*" in refused("plan", "zzz*")
    assert "--exclude *" in refused("plan", "--exclude", "*")


def test_unknown_options_and_commands() -> None:
    assert "No such option" in refused("plan", "--jason")
    assert "No such command" in refused("paln")


def test_a_directory_that_is_no_run(tmp_path: Path) -> None:
    assert "not a run directory" in refused("status", "--run", tmp_path)
    assert "not a run directory" in refused("collect", "--run", tmp_path, "--dataset", "x")


def test_a_dataset_without_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "dataset.toml").write_text("")
    assert "SHA256SUMS" in refused("verify", "d", "--data", tmp_path)
    refused("figures", "--dataset", "d", "--data", tmp_path)


def test_a_csv_with_a_missing_column(tmp_path: Path) -> None:
    """What is left is drawn; the file is named, in one line."""
    copy = tmp_path / "baseline"
    shutil.copytree(Path(__file__).parent.parent / "data" / "baseline", copy)
    csv = copy / "reference" / "attempts.csv"
    csv.write_text(csv.read_text().replace("outcome", "out", 1))
    command = ["figures", "--dataset", copy.name, "--data", str(tmp_path)]
    command += ["--out", str(tmp_path / "f")]
    answer = subprocess.run([REPRO, *command], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "reference/attempts.csv: no column outcome" in answer.stderr


def test_a_full_disk(tmp_path: Path, julia: Julia) -> None:
    """What was finished before the disk was full is still there, and the command goes on."""
    assert julia
    trial = Trial.of(tmp_path, "quick", repetitions=1, shared=["1x1x1", "1x1x2"])
    disk = tmp_path / "disk"
    with tmpfs(disk, "size=512k"):
        run = disk / "run"
        command: list[str | Path] = ["run", "--study", trial.study, "--run", run]
        subprocess.run([REPRO, *command, "*@1x1x1"], check=True, capture_output=True)
        (finished,) = all_attempts(run)
        _fill(disk / "filler")
        assert "No space left" in refused(*command)
        assert finished.outcome().outcome == "ok"
        (disk / "filler").unlink()
        subprocess.run([REPRO, *command], check=True, capture_output=True)
        assert {a.outcome().outcome for a in all_attempts(run)} <= {"ok", "infrastructure"}
        assert finished.outcome().outcome == "ok"


def test_a_read_only_run_directory(tmp_path: Path) -> None:
    trial = Trial.of(tmp_path, "quick")
    disk = tmp_path / "disk"
    with tmpfs(disk, "ro,size=64k"):
        said = refused("run", "--study", trial.study, "--run", disk / "run")
    assert "Read-only file system" in said


def test_no_julia_at_all(tmp_path: Path) -> None:
    """In a checkout without set-up, on a machine without Julia."""
    for name in ("repro", "studies", "problems", "frameworks", "slurm", "julia"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "toolchain.toml", tmp_path)
    variables = {"PYTHONPATH": str(tmp_path), "PATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-m", "repro", "run", "reference/*"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert answer.stderr.startswith("repro: no Julia found; run `repro setup`")
    assert len(answer.stderr.splitlines()) == 1


def test_a_julia_that_is_not_where_it_was_said_to_be(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = Trial.of(tmp_path, "quick")
    command: list[str | Path] = ["run", "--study", trial.study, "--run", trial.path]
    assert "no such program" in refused(*command, JULIA=str(tmp_path / "julia"))


def test_a_julia_that_crashes_at_start(tmp_path: Path) -> None:
    julia = tmp_path / "julia"
    julia.write_text("#!/bin/sh\nkill -SEGV $$\n")
    julia.chmod(julia.stat().st_mode | stat.S_IXUSR)
    trial = Trial.of(tmp_path, "quick")
    said = refused("run", "--study", trial.study, "--run", trial.path, JULIA=str(julia))
    assert "crashes at start (SIGSEGV)" in said
    assert "set JULIA" in said


def test_two_drivers_on_one_run_directory(tmp_path: Path) -> None:
    trial = Trial.of(tmp_path, "quick")
    grown = tmp_path / "grown.toml"
    grown.write_text(study_text("quick", shared=["1x1x1", "1x1x2"]), encoding="utf-8")
    with driving(trial.path):
        make_run(trial.path, trial.study, "local")
        said = refused("run", "--study", grown, "--run", trial.path)
        kept = (trial.path / "study.toml").read_bytes()
    assert kept == trial.study.read_bytes(), "the second driver changed nothing"
    assert f"another driver (process {os.getpid()}) is using it" in said


def test_a_kernel_that_changed_in_mid_run(tmp_path: Path, julia: Julia) -> None:
    assert julia
    trial = Trial.of(tmp_path, "quick", repetitions=1, shared=["1x1x1", "1x1x2"])
    trial.run("*@1x1x1")
    kept = trial.path / "kernels" / "quick" / "pi_threads_0.jl"
    kept.write_text(kept.read_text() + "# changed\n")
    assert "it has changed since the run" in refused(
        "run", "--study", trial.study, "--run", trial.path
    )


def test_an_image_that_cannot_be_used(tmp_path: Path) -> None:
    image, tools = tmp_path / "repro.sif", tmp_path / "bin"
    run = ("run", "--dry-run", "--run", tmp_path / "run", "--image", image)
    assert f"{image}: no such image; make one: `repro image build --output {image}`" in refused(
        *run
    )
    image.write_text("no image")
    tools.mkdir()
    assert "apptainer: not on PATH; install it" in refused(*run, PATH=str(tools))
    apptainer = tools / "apptainer"
    apptainer.write_text("#!/bin/sh\necho 'FATAL: it will not' >&2\nexit 255\n")
    apptainer.chmod(0o755)
    assert f"{image}: not an Apptainer image" in refused(*run, PATH=str(tools))
