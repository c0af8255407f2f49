"""The table that `repro all` ends with."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.table import Table

from repro.analysis.intervals import ratio
from repro.archive.dataset import Dataset
from repro.measure.outcomes import counting
from repro.study.names import CellName, Program, ScalePoint


def summary_table(dataset: Path) -> Table:
    """Tabulate a dataset, one row per program and one column per scale point: time or outcome."""
    opened = Dataset(dataset)
    rows: dict[tuple[Program, int, int], dict[ScalePoint, str]] = {}
    for name, (n, text) in _texts(opened).items():
        rows.setdefault((name.program, n, name.tile or 0), {})[name.scale] = text
    shown = {row: texts for row, texts in rows.items() if set(texts.values()) != {"unavailable"}}
    points = sorted({point for texts in shown.values() for point in texts})
    table = Table(title=f"Dataset {dataset.name}: seconds, or the outcome", title_justify="left")
    table.add_column("program", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for point in points:
        table.add_column(str(point), justify="right", overflow="fold")
    for (program, n, tile), texts in sorted(shown.items()):
        size = f"{n:,}, tile {tile}" if tile else f"{n:,}"
        table.add_row(str(program), size, *(texts.get(point, "") for point in points))
    if hidden := len(rows) - len(shown):
        table.caption = f"{hidden} more programs are unavailable: a package is not installed"
        table.caption_justify = "left"
    return table


def _texts(dataset: Dataset) -> dict[CellName, tuple[int, str]]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for row in dataset.runtimes():
        if row["correct"] == "true":
            seconds.setdefault((row["cell"], row["attempt"]), []).append(float(row["seconds"]))
    texts = {}
    for row in _counting(dataset.attempts()):
        times = seconds.get((row["cell"], row["attempt"]), [])
        text = f"{ratio([times]).value:.3g}" if row["outcome"] == "ok" else row["outcome"]
        mark = f" [{row['flags']}]" if row["flags"] else ""
        texts[CellName.parse(row["cell"])] = (int(row["n"]), text + mark.replace("[", "\\["))
    return texts


def _counting(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The attempt of each cell whose outcome is the cell's."""
    of_cell: dict[str, list[dict[str, str]]] = {}
    for row in rows:  # the oldest first
        of_cell.setdefault(row["cell"], []).append(row)
    for history in of_cell.values():
        index = counting([row["outcome"] for row in history])
        assert index is not None  # noqa: S101 - it has at least one attempt
        yield history[index]
