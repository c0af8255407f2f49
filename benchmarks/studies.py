"""Studies with many small cells, for measurements."""

from pathlib import Path

from repro.study.directories import find_problem

from a_study import study_toml


def write_study(directory: Path, samples: int, points: int) -> Path:
    """Write a study of `samples` programs at 1 to `points` threads, and return its path."""
    kernels = directory / "kernels"
    kernels.mkdir(exist_ok=True)
    program = find_problem("pi").program("reference", "threads").read_bytes()
    for sample in range(samples):
        (kernels / f"pi_threads_{sample}.jl").write_bytes(program)
    path = directory / "many.toml"
    text = study_toml(
        {"many": {"kernels": str(kernels), "samples": samples}},
        {"pi": [{"n": 1}]},
        shared=[f"1x1x{threads}" for threads in range(1, points + 1)],
        name="many", repetitions=1, stall_limit_s=60, memory_limit_gib=1,
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path
