"""Where a session keeps what."""

from pathlib import Path

from repro.archive import layout as archived
from repro.study.names import Program

SESSION = archived.SESSION
EXCHANGES = "exchanges.jsonl"
EVENTS = "events.jsonl"
EXPORT = "export.json"
ATIF = "atif.json"
PROMPTS = archived.PROMPTS
WORKSPACE = archived.WORKSPACE
STDERR = "stderr.txt"
COMPLETION = "completion.md"
"""The answer of a model that was asked once."""


def program_path(generations: Path, program: Program) -> Path:
    """The directory with all tries of a program."""
    return generations / program.model / program.stem


def tries(directory: Path) -> list[Path]:
    """The tries that were begun, in their order."""
    if not directory.is_dir():
        return []
    found = [path for path in directory.iterdir() if path.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))
