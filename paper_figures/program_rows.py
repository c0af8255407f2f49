"""Pages with a row for each program: frameworks from top to bottom, problems side by side."""

from collections.abc import Iterable

import pandas as pd

from repro.analysis.tidy import Tidy

LEFT, RIGHT, GAP = 1.46, 0.06, 0.14
TITLE, HEADER, ROW = 0.14, 0.17, 0.14
"""Inches: margins and gaps; titles, a framework's name, a row."""

LETTER = 0.058
"""Inches of a letter of a label, a little more than the average."""


def frameworks(tidy: Tidy, grid: pd.DataFrame) -> list[str]:
    """The frameworks that have cells, in the study's order."""
    present = set(grid["framework"])
    return [framework for framework in tidy.study.frameworks if framework in present]


def count(grid: pd.DataFrame, framework: str) -> int:
    """Rows of a framework's panels: its programs, of all problems."""
    return len(grid[grid["framework"] == framework].drop_duplicates(["model", "sample"]))


def last_of_kind(tidy: Tidy, grid: pd.DataFrame, framework: str) -> bool:
    """Whether the next framework has other scale points, or there is none."""
    names = frameworks(tidy, grid)
    following = names[names.index(framework) + 1 :]
    memory = {name: tidy.study.frameworks[name].memory for name in names}
    return not following or memory[following[0]] != memory[framework]


def programs(cells: pd.DataFrame) -> list[tuple[str, int]]:
    """Model and sample of each row, from the top."""
    return list(dict.fromkeys(zip(cells["model"], cells["sample"], strict=True)))


def labels(tidy: Tidy, cells: pd.DataFrame) -> list[str]:
    """The label of each row."""
    models = tidy.study.models
    return [
        models[model].title + (f" #{sample}" if models[model].samples > 1 else "")
        for model, sample in programs(cells)
    ]


def left(names: Iterable[str], least: float = LEFT) -> float:
    """Inches for the longest of some labels, and at least `least`."""
    return max([least, *(LETTER * len(name) for name in names)])


def machines(cells: pd.DataFrame) -> str:
    """Where cells ran, in words."""
    names = sorted(set(cells["machine"])) or ["none"]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004 - two fit a line
    return f"{'; '.join(names[:2])}{more}"


def main_sizes(tidy: Tidy, size: int) -> dict[str, int]:
    """The n of each problem that has a size of this number, counted from 0."""
    return {p: v.ns[size] for p, v in tidy.study.problems.items() if len(v.ns) > size}


def damage(tidy: Tidy) -> list[str]:
    """The note on a damaged dataset; without paths, which differ between machines."""
    if not tidy.damaged:
        return []
    return [f"Not drawn: what {len(tidy.damaged)} damaged or missing files of the dataset hold."]
