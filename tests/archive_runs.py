"""Made-up run directories for the tests of the archive."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repro import ROOT, __version__
from repro.files import canonical_json
from repro.launch.environment import Environment, JuliaFacts, System
from repro.measure.attempts import cell_directory
from repro.records import write_record
from repro.study.kernels import program_sha256

from trials import plan_of

KERNEL = b"function compute_pi(n)\n    return 3.0\nend\n"
HOST = "login-7"
JULIA = "/opt/apps/julia-1.12.6"
CREATED = "2026-11-20T23:59:58Z"
FIRST, SECOND = "reference/pi/threads/0@1x1x1", "reference/pi/threads/0@1x1x2"
OTHER_SIZE = "vendor/gemm/threads/0@1x1x16,n=512"
OUTCOME: dict[str, Any] = {
    "outcome": "ok", "detail": "2 of 2 repetitions correct", "flags": [], "exit_code": 0,
    "signal": None, "wall_seconds": 5.7591, "cpu_seconds": 6.2, "peak_memory_bytes": 246824960,
    "started": "2026-11-20T23:59:59Z", "ended": "2026-11-21T00:00:05Z",
}  # fmt: skip


def repetition(number: int, **changes: Any) -> dict[str, Any]:
    """A record of the harness."""
    record: dict[str, Any] = {
        "event": "repetition", "repetition": number, "n": 1000 + number, "tile": 1,
        "seed": 2**64 - number, "seconds": 0.07101321, "error": 7.3314e-09, "bound": 1.9e-07,
        "correct": True,
    }  # fmt: skip
    return record | changes


def make_run(path: Path, created: str = CREATED) -> Path:
    """A run directory without attempts."""
    (path / "environment").mkdir(parents=True)
    about = {"study": "smoke", "site": "local", "created": created}
    (path / "run.json").write_text(canonical_json(about), encoding="utf-8")
    (path / "study.toml").write_bytes((ROOT / "studies" / "smoke.toml").read_bytes())
    julia = JuliaFacts("1.12.6", "libopenblas", "Haswell", blas_core_forced=None, packages=())
    machine = Environment(
        machine="Made-up CPU, 2 cores", cpu={}, memory_gib=8.0, cores=2, julia=julia, mpi=None,
        os=System("6.1", "Made-up OS"), repro=__version__, image=None,
    )  # fmt: skip
    write_record(path / "environment" / "e1.json", machine)
    return path


def add_attempt(
    run: Path,
    cell: str,
    number: int = 1,
    outcome: dict[str, Any] | None = OUTCOME,
    records: list[dict[str, Any]] | None = None,
    siblings: Mapping[str, str] | None = None,
    **files: str | bytes,
) -> Path:
    """An attempt in a run directory; without an outcome it is planned.

    Args:
        run: the run directory.
        cell: the cell's name.
        number: the attempt's.
        outcome: what it came to.
        records: the harness's records, two repetitions if not given.
        siblings: files that the kernel includes, by their names.
        files: further files by their names without suffix, such as stdout.
    """
    model, problem, framework, rest = cell.split("/")
    kernel = run / "kernels" / model / f"{problem}_{framework}_{rest.split('@')[0]}.jl"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    includes = "".join(f'include("{name}")\n' for name in siblings or {})
    kernel.write_bytes(includes.encode() + KERNEL)
    for name, text in (siblings or {}).items():
        kernel.with_name(name).write_text(text, encoding="utf-8")
    path = cell_directory(run, cell) / str(number)
    path.mkdir(parents=True)
    plan = plan_of(
        cell, number, kernel_sha256=program_sha256(kernel),
        command=(
            f"{JULIA}/bin/julia", f"-L{ROOT}/lib", f"{ROOT}/julia/run_cell.jl",
            "--kernel", str(kernel), "--result", str(path / "result.raw"),
        ),
        env={"HOME": f"{path}/scratch", "JULIA_DEPOT_PATH": "/scratch/depot:", "LC_ALL": "C"},
    )  # fmt: skip
    write_record(path / "attempt.json", plan)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (path / f"{name}.txt").write_bytes(data)
    if outcome is None:
        return path
    (path / "started").touch()
    (path / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    kept = [repetition(1), repetition(2)] if records is None else records
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
    (path / "result.jsonl").write_text(lines, encoding="utf-8")
    (path / "samples.csv").write_text("seconds,phase\n0.05,load\n", encoding="utf-8")
    return path


def full_run(path: Path) -> Path:
    """A run with two models, several attempts, and every kind of file."""
    run = make_run(path)
    failed = OUTCOME | {"outcome": "infrastructure", "flags": ["tampered", "oversubscribed"]}
    add_attempt(run, FIRST, 1, failed | {"detail": f"lost {run}/x,\non a node"}, records=[])
    add_attempt(run, FIRST, 2, stdout=f"{ROOT}/julia {run}/cells {JULIA}/share\n", stderr="")
    add_attempt(run, SECOND, 1, stdout=b"a\r\nb\xff\xc3\xa9\n")
    wrong = [repetition(1, correct=False, error=None)]
    add_attempt(run, OTHER_SIZE, 1, OUTCOME | {"outcome": "wrong-result"}, records=wrong)
    return run
