"""The outcome matrix: rows are programs, columns are scale points."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro.report.contents import CellFound, Contents, ProgramFound
from repro.study.model import Study

LETTERS = {
    "ok": "✓", "wrong-result": "W", "load-error": "L", "runtime-error": "E", "deadlock": "D",
    "timeout": "T", "out-of-memory": "M", "crash": "C", "unavailable": "u", "infrastructure": "i",
    "": "·",
}  # fmt: skip
"""As in the figure: capitals are failures of the program; the last is a cell without attempts."""


@dataclass(frozen=True)
class Block:
    """A part of the matrix whose programs have the same scale points.

    Attributes:
        title: a description of these programs.
        points: names of the columns.
        rows: the programs, each with a cell or None per column.
    """

    title: str
    points: list[str]
    rows: list[tuple[ProgramFound, list[CellFound | None]]]


def blocks(contents: Contents) -> Iterator[Block]:
    """Yield the matrix by the memory of frameworks, without programs that have no cell."""
    having = [found for found in contents.programs if found.cells]
    memories = {found.program: _memory(contents.study, found) for found in having}
    for memory in dict.fromkeys(memories.values()):
        mine = [found for found in having if memories[found.program] == memory]
        cells = [cell for found in mine for cell in found.cells.values()]
        order = {
            cell.point: (
                (cell.name.n or 0, cell.name.tile or 0),
                (cell.name.scale.cores, cell.name.scale),
            )
            for cell in cells
        }
        points = sorted(order, key=order.__getitem__)
        rows = [(found, _row(found, points)) for found in mine]
        yield Block(memory, points, rows)


def _memory(study: Study | None, found: ProgramFound) -> str:
    framework = study.frameworks.get(found.program.framework) if study else None
    return f"{framework.memory.capitalize()} memory" if framework else "Not in the study"


def _row(found: ProgramFound, points: list[str]) -> list[CellFound | None]:
    by_point = {cell.point: cell for cell in found.cells.values()}
    return [by_point.get(point) for point in points]
