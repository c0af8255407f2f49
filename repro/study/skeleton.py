"""A new problem's directory, with everything in it that is still to be written marked TODO."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from repro.errors import UserError
from repro.files import reading, write_atomic, writing
from repro.study.names import NAME

SKELETON = Path(__file__).with_name("skeleton")
MARK = "TODO"


def new_problem(name: str, directory: Path) -> dict[Path, str]:
    """The files of a new problem and their text; `write_problem` writes them.

    Raises:
        UserError: the name cannot be a problem's, or there is something at `directory`.
    """
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name}: not a problem's name: use small letters, digits, '.' and '-'")
    if directory.exists():
        raise UserError(f"{directory}: exists; choose another name or --directory")
    words = [word for word in re.split(r"[.-]", name) if word]
    values = {
        "title": name,
        "entry": "compute_" + "_".join(words),
        "type": "".join(word.capitalize() for word in words) + "Case",
    }
    return {
        directory / path.relative_to(SKELETON): Template(path.read_text("utf-8")).substitute(values)
        for path in sorted(SKELETON.rglob("*"))
        if path.is_file()
    }


def write_problem(files: dict[Path, str]) -> None:
    """Write a new problem's files.

    Raises:
        UserError: they cannot be written.
    """
    for path, text in files.items():
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text)


def marks(directory: Path) -> Iterator[tuple[Path, int, str]]:
    """What is still to be written: file, line, and the line's text from the mark on.

    Raises:
        UserError: a file cannot be read.
    """
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.suffix in (".toml", ".jl", ".md"):
            with reading(path):
                lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, start=1):
                if MARK in line:
                    yield path, number, line[line.index(MARK) :].strip("\"'`) ")
