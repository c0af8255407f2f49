"""Where the files of a session are."""

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
"""The answer of a model that was asked once, without an agent."""


def program_path(generations: Path, program: Program) -> Path:
    """The directory of all sessions of a program."""
    return generations / program.model / program.stem


def tries(directory: Path) -> list[Path]:
    """The directories of the sessions that were begun, in order."""
    if not directory.is_dir():
        return []
    found = [path for path in directory.iterdir() if path.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))
