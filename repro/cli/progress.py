"""Shows a run's progress: a bar with the time left on a terminal, otherwise one line per cell."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from repro.cli.console import Console
from repro.launch.local import Events
from repro.measure.outcomes import Outcome
from repro.study.expand import Cell

_STYLES = {"ok": "green", "infrastructure": "yellow", "unavailable": "yellow"}


@contextmanager
def shown(total: int, reasons: Mapping[str, str] | None = None) -> Iterator[Events]:
    """Provide the events that show progress on standard error while cells run.

    Args:
        total: how many cells are run.
        reasons: what each of them is run for, by its name, where that needs saying.
    """
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    begin = time.monotonic()
    done = 0

    def named(cell: Cell) -> str:
        reason = (reasons or {}).get(str(cell.name))
        return f"{cell.name} ({reason})" if reason else str(cell.name)

    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("cells", total=total, left="")

        def started(cell: Cell) -> None:
            progress.update(bar, description=named(cell))

        def ended(cell: Cell, outcome: Outcome) -> None:
            nonlocal done
            done += 1
            seconds = (time.monotonic() - begin) / done * (total - done)
            left = f"{timedelta(seconds=round(seconds))} left"
            line = _line(f"{done}/{total} {named(cell)} ", outcome)
            if not console.is_terminal:
                line.append(f" ({left})")
            progress.console.print(line, soft_wrap=True)
            progress.update(bar, advance=1, left=left)

        yield Events(started, ended)


def _line(beginning: str, outcome: Outcome) -> Text:
    flags = f" [{', '.join(outcome.flags)}]" if outcome.flags else ""
    return Text.assemble(
        beginning,
        (outcome.outcome, _STYLES.get(outcome.outcome, "red")),
        f" {outcome.wall_seconds or 0:.1f} s{flags}: {outcome.detail}",
    )
