"""The paths in a dataset."""

from repro.study.names import CellName, Program

DESCRIPTION = "dataset.toml"
STUDY = "study.toml"
CRATE = "ro-crate-metadata.json"
ENVIRONMENTS = "environment"
ATTEMPTS = "attempts.csv"
"""One in the directory of each model."""
TRANSCRIPTS = "transcripts"
SESSION = "session.json"
"""A session's record; this and the next two are in the session's directory."""
PROMPTS = "prompts"
WORKSPACE = "workspace"
"""The files that the agent left."""


def kernels_path(model: str) -> str:
    """The directory of a model's kernels and of the files that they include."""
    return f"{model}/kernels"


def kernel_path(program: Program) -> str:
    """The kernel of a program."""
    return f"{kernels_path(program.model)}/{program.stem}.jl"


def test_path(program: Program) -> str:
    """The harness that the agent tested its program with: evidence only, never run here."""
    return f"{program.model}/tests/{program.stem}.jl"


def transcripts_path(program: Program) -> str:
    """The sessions that wrote a program, one directory per session."""
    return f"{program.model}/{TRANSCRIPTS}/{program.stem}"


def runtimes_path(program: Program) -> str:
    """The repetitions of all cells of a program."""
    return f"{program.model}/runtimes/{program.stem}.csv"


def log_path(cell: CellName, attempt: int) -> str:
    """The directory with the evidence of an attempt."""
    point = str(cell).partition("@")[2]
    return f"{cell.program.model}/logs/{cell.program.stem}/{point}/{attempt}"
