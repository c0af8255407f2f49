"""Problems and frameworks outside the package: a run and a dataset keep copies of them."""

from collections.abc import Iterator
from pathlib import Path

from repro.errors import UserError
from repro.files import reading, write_atomic
from repro.study.directories import FRAMEWORKS, PROBLEMS
from repro.study.model import Study


def files_outside(study: Study) -> dict[str, Path]:
    """The files of a study's own problems and frameworks, by where a copy has them.

    Raises:
        UserError: a directory is not there, or broken.
    """
    return {
        f"{target}/{path.relative_to(directory)}": path
        for target, directory in _directories(study)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not _is_hidden(path.relative_to(directory))
    }


def keep_outside(study: Study, place: Path) -> None:
    """Copy them to a run directory, once.

    Raises:
        UserError: a file has changed since a run first used it.
        OSError: a file cannot be written.
    """
    for name, path in files_outside(study).items():
        target = place / name
        with reading(path):
            content = path.read_bytes()
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, content)
        elif target.read_bytes() != content:
            raise UserError(f"{path}: changed since {place} began to use it; use another --run")


def _directories(study: Study) -> Iterator[tuple[str, Path]]:
    for name, problem in study.problems.items():
        if problem.directory is not None:
            yield f"{PROBLEMS.name}/{name}", study.problem_directory(name).path
    for name, framework in study.frameworks.items():
        if framework.directory is not None:
            yield f"{FRAMEWORKS.name}/{name}", study.framework_directory(name).path


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)
