"""The one place where a cell becomes a command line."""

from pathlib import Path

from repro.container.julia import PROJECT, Julia
from repro.measure.attempts import RAW
from repro.study.expand import Cell


def command_line(cell: Cell, julia: Julia, kernel: Path, attempt: Path) -> list[str]:
    """What starts a cell's program under the harness."""
    project = [f"--project={PROJECT}"] if cell.packages else []
    options: dict[str, str | int | Path] = {
        "kernel": kernel,
        "problem": cell.program.problem,
        "framework": cell.program.framework,
        "n": cell.n,
        "tile": cell.tile,
        "check-n": cell.check_n,
        "check-tile": cell.check_tile,
        "repetitions": cell.repetitions,
        "seed": cell.seed,
        "result": attempt / RAW,
    }
    arguments = [text for key, value in options.items() for text in (f"--{key}", str(value))]
    tune = ["--tune"] if cell.baseline else []
    start = [str(julia.path), "--startup-file=no", "-t", str(cell.scale.threads)]
    return [*start, *project, str(PROJECT / "run_cell.jl"), *arguments, *tune]
