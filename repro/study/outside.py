"""Problems and frameworks outside the package: runs and datasets keep copies of them."""

from collections.abc import Iterator
from pathlib import Path

from repro.errors import UserError
from repro.files import reading, write_atomic
from repro.study.directories import FRAMEWORKS, PROBLEMS
from repro.study.model import Study


def files_outside(study: Study) -> dict[str, Path]:
    """Return the files of the study's own problems and frameworks, by their path in a copy.

    Raises:
        UserError: a directory is missing or damaged.
    """
    return {
        f"{target}/{path.relative_to(directory)}": path
        for target, directory in _directories(study)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not _is_hidden(path.relative_to(directory))
    }


def keep_outside(study: Study, place: Path) -> None:
    """Copy those files to a run directory, unless it has them.

    Raises:
        UserError: a file differs from the copy.
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
            raise UserError(f"{path}: differs from the copy in {place}; use another --run")


def _directories(study: Study) -> Iterator[tuple[str, Path]]:
    for name, problem in study.problems.items():
        if problem.directory is not None:
            yield f"{PROBLEMS.name}/{name}", study.problem_directory(name).path
    for name, framework in study.frameworks.items():
        if framework.directory is not None:
            yield f"{FRAMEWORKS.name}/{name}", study.framework_directory(name).path


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)
