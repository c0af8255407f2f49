"""Writes the report of a dataset, all pages at once; the same dataset gives the same bytes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import __version__
from repro.analysis.attribution_words import told
from repro.analysis.damaged_data import Damage, recorded
from repro.archive.dataset import Dataset
from repro.archive.verify import verify
from repro.directories import replacing_directory
from repro.errors import UserError
from repro.files import canonical_json, writing
from repro.report import pages
from repro.report.contents import Contents, ProgramFound
from repro.report.evidence import CellShown, cell_shown, sources
from repro.report.glance import VERDICTS, glance
from repro.report.matrix import blocks
from repro.report.overview import analysis
from repro.report.transcript import Transcript, transcript

MARK = "report.json"
"""The file that identifies a report. Only a directory with this file is ever replaced."""
_LISTED = 200
"""Most gaps that are listed; of the others only the number is shown."""


@dataclass
class Written:
    """A report that was written.

    Attributes:
        pages: number of pages.
        size: bytes of all files.
        gaps: missing or damaged files and records of the dataset, one line each.
    """

    pages: int
    size: int
    gaps: Damage


def plan(dataset: Path) -> dict[str, int]:
    """Count the programs, cells, attempts and sessions that a report would show."""
    return counts(Contents(Dataset(dataset)))


def counts(contents: Contents) -> dict[str, int]:
    """Count programs, cells, attempts and sessions."""
    cells = [cell for found in contents.programs for cell in found.cells.values()]
    return {
        "programs": len(contents.programs),
        "cells": len(cells),
        "attempts": sum(len(cell.attempts) for cell in cells),
        "sessions": sum(len(found.tries) for found in contents.programs),
    }


def refuse_foreign(out: Path) -> None:
    """Refuse to replace anything but a report or an empty directory.

    Raises:
        UserError: `out` exists and is neither.
    """
    if out.is_dir() and not out.is_symlink() and ((out / MARK).is_file() or not any(out.iterdir())):
        return
    if out.exists() or out.is_symlink():
        raise UserError(f"{out}: exists and is not a report; choose another --out, or remove it")


def write_site(dataset: Path, out: Path) -> Written:
    """Make the report of a dataset, whole or not at all; one that is there is replaced.

    Args:
        dataset: its directory; what of it is missing or damaged is named in the report.
        out: the report's directory.

    Raises:
        UserError: `out` is something else, or cannot be written.
    """
    refuse_foreign(out)
    with writing(out), replacing_directory(out, durable=False) as draft:
        return _write(Contents(Dataset(dataset)), draft)


def _write(contents: Contents, root: Path) -> Written:
    written = Written(0, 0, contents.gaps)
    for name, text in _pages(contents):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode(errors="backslashreplace")
        path.write_bytes(data)
        written.pages += name.endswith(".html")
        written.size += len(data)
    return written


def _pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """Yield every file with its path; the overview last, when all gaps are known."""
    shown: list[Transcript] = []
    found_by_analysis = analysis(contents.dataset.path)
    told_of_cells = {
        "faults": told(found_by_analysis.attribution),
        "places": _places(contents),
    }
    for found in contents.programs:
        mine = [transcript(contents.shelf, found.program, number) for number in found.tries]
        for each in mine:
            each.notes = contents.local(each.notes)
            contents.gaps += each.notes
            values = {"session": each, "program": program_page(found)}
            yield session_page(each), _page(contents, "session.html", values)
        shown += mine
        yield program_page(found), _program(contents, found, mine, told_of_cells)
    about: dict[str, Any] = {
        "blocks": list(blocks(contents)),
        "sessions": shown,
        "analysis": found_by_analysis,
        "environments": contents.environments,
        "description": contents.description,
        "totals": counts(contents),
        "cells": [cell for found in contents.programs for cell in found.cells.values()],
        "endings": Counter(each.ending for each in shown),
    }
    about["came_to"] = Counter(cell.outcome for cell in about["cells"])
    about |= _verified(contents)
    every = [*about.pop("problems"), *contents.gaps, *found_by_analysis.damaged]
    contents.gaps[:] = dict.fromkeys(contents.local(every))
    for claim in found_by_analysis.claims:
        claim["missing"] = contents.local(claim["missing"])
    about |= {"gaps": contents.gaps[:_LISTED], "gap_count": len(contents.gaps)}
    about["verdicts"] = VERDICTS
    about["glance"] = glance(contents, about["endings"], found_by_analysis, len(contents.gaps))
    for name in pages.VIEWS:
        yield name, _page(contents, name, {**about, **told_of_cells})
    mark = {"dataset": contents.name, "repro": __version__, "gaps": contents.gaps}
    yield MARK, canonical_json(mark | counts(contents))


def _places(contents: Contents) -> dict[str, str]:
    """Return the page of each program and cell, by name."""
    found = {str(each.program): program_page(each) for each in contents.programs}
    for each in contents.programs:
        found |= {name: cell_link(each, cell.point) for name, cell in each.cells.items()}
    return found


def _verified(contents: Contents) -> dict[str, Any]:
    """Verify the dataset; return the summary and the problems."""
    problems: Damage = []
    verified = ""
    with recorded(problems):
        checked = verify(contents.dataset.path)
        lines = checked.lines(contents.name)
        verified = lines[-1]
        problems += lines[:-1]
    return {"verified": verified, "problems": problems}


def _program(
    contents: Contents,
    found: ProgramFound,
    sessions: list[Transcript],
    told_of_cells: Mapping[str, Any],
) -> str:
    cells: list[CellShown] = [cell_shown(contents, cell) for cell in found.cells.values()]
    values = {
        "found": found,
        "cells": cells,
        "sources": list(sources(contents, found)),
        "program_by_hand": contents.has_program(found.program),
        "sessions": sessions,
        "machines": _machines(contents),
    }
    return _page(contents, "program.html", {**values, **told_of_cells})


def _machines(contents: Contents) -> dict[str, str]:
    """Return the names of machines by environment."""
    return {
        name: str(found["machine"])
        for name, found in contents.environments.items()
        if isinstance(found, dict) and found.get("machine")
    }


def _page(contents: Contents, name: str, values: Mapping[str, Any]) -> str:
    depth = "../../" if name in ("program.html", "session.html") else ""
    common = {
        "root": depth,
        "here": name,
        "dataset": contents.name,
        "description": contents.description,
        "study": contents.study,
        "program_page": program_page,
        "session_page": session_page,
        "cell_link": cell_link,
    }
    return pages.render(name, {**common, **values})


def program_page(found: ProgramFound) -> str:
    """Return the path of a program's page; names have only letters, digits, points and hyphens."""
    return f"programs/{found.program.model}/{found.program.stem}.html"


def session_page(session: Transcript) -> str:
    """Return the path of a session's page."""
    return f"sessions/{session.program.model}/{session.program.stem}-{session.number}.html"


def cell_link(found: ProgramFound, point: str) -> str:
    """Return the link to a cell on its program's page."""
    return f"{program_page(found)}#{point}"
