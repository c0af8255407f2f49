"""Showing a run's progress: a bar with the time left on a terminal, a line a cell elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from repro.launch.local import Events
from repro.study.expand import Cell

STYLES = {"ok": "green", "infrastructure": "yellow", "unavailable": "yellow"}


@contextmanager
def shown(total: int) -> Iterator[Events]:
    """Events that show progress on standard error while cells run."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    begin = time.monotonic()
    done = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("cells", total=total)

        def started(cell: Cell) -> None:
            progress.update(bar, description=str(cell.name))

        def ended(cell: Cell, outcome: dict[str, Any]) -> None:
            nonlocal done
            done += 1
            style = STYLES.get(outcome["outcome"], "red")
            flags = f" [{', '.join(outcome['flags'])}]" if outcome["flags"] else ""
            elapsed = time.monotonic() - begin
            left = "" if console.is_terminal else f" ({elapsed / done * (total - done):.0f} s left)"
            progress.console.print(
                f"{done}/{total} {cell.name} ", end="", markup=False, soft_wrap=True
            )
            progress.console.print(outcome["outcome"], style=style, end="", markup=False)
            text = f" {outcome['wall_seconds']:.1f} s{flags}: {outcome['detail']}{left}"
            progress.console.print(text, markup=False, soft_wrap=True)
            progress.advance(bar)

        yield Events(started, ended)
