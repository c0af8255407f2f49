"""The directory of a new problem; TODO marks everything that is still missing."""

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
    """Return the files of a new problem and their text; `write_problem` writes them.

    Raises:
        UserError: `name` is not a valid name, or `directory` exists.
    """
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name}: not a valid name; use lower-case letters, digits, '.' and '-'")
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
    """Write the files of a new problem.

    Raises:
        UserError: a file cannot be written.
    """
    for path, text in files.items():
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text)


def marks(directory: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield everything that is still missing: file, line number, and text from TODO on.

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
