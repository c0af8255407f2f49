"""`repro status`: the state of a run."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import options, say
from repro.cli.options import default_generations
from repro.cli.status_sessions import programs, table
from repro.errors import UserError
from repro.launch.run_directory import Run, open_run
from repro.launch.status import CellState, Overview, overview, time_left, was_handed_over
from repro.measure.outcomes import OUTCOMES
from repro.records import json_of
from repro.study.filters import matcher

if TYPE_CHECKING:
    from rich.table import Table

_STATES = (*OUTCOMES, "running", "queued", "planned", "interrupted", "not attempted")
_OLDEST = 3
_NAMED = 3
"""How many running cells are named."""
_WATCH_SECONDS = 15.0


@click.command()
@options.cell_filter
@options.study
@options.site
@options.run
@click.option(
    "--generations",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Sessions that wrote programs.  [default: generations/STUDY]",
)
@options.as_json
@click.option(
    "--watch",
    type=click.FloatRange(min=1),
    is_flag=False,
    flag_value=_WATCH_SECONDS,
    metavar="[SECONDS]",
    help=f"Refresh every SECONDS ({_WATCH_SECONDS:g}) until every cell has an outcome.",
)
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    site: str,
    run_path: Path | None,
    generations: Path | None,
    watch: float | None,
    *,
    as_json: bool,
) -> None:
    """Count a run's cells by program and outcome; --json lists every cell.

    For a run on a cluster, also show what Slurm reports: what is queued and why, what is running,
    and about how long the rest takes. For programs that models wrote, also show how their sessions
    ended, and the tokens and dollars they took. Nothing is changed.
    """
    if watch and as_json:
        raise UserError("--watch and --json: give only one")
    path = run_path or options.default_run(study, site)
    wanted, unwanted = matcher(patterns, otherwise=True), matcher(exclude, otherwise=False)
    place = generations or default_generations(study)
    written = programs(place, lambda name: wanted(name) and not unwanted(name))
    if written and not path.exists():  # written, not run yet
        _show_programs(written, as_json=as_json)
        return
    run = open_run(path)

    def look() -> Overview:
        return overview(run, lambda name: wanted(name) and not unwanted(name))

    if watch:
        _watch(run, look, watch)
        return
    seen = _not_empty(run, look())
    if as_json:
        cells = [json_of(cell) for cell in seen.cells]
        told = {"run": str(run.path), "slurm_silent": seen.silent, "cells": cells}
        say.echo(json.dumps(told | {"programs": written}, indent=2))
        return
    _print(run, seen)
    if written:
        _show_programs(written, as_json=False)


def _show_programs(written: list[dict[str, Any]], *, as_json: bool) -> None:
    from repro.cli.console import Console

    if as_json:
        say.echo(json.dumps({"programs": written}, indent=2))
    else:
        Console().print(table(written))


def _not_empty(run: Run, seen: Overview) -> Overview:
    if not seen.cells:
        raise UserError(f"{run.path}: no cell matches; `repro plan` lists the cells")
    return seen


def _print(run: Run, seen: Overview) -> None:
    from repro.cli.console import Console

    console = Console()
    console.print(_by_program(run, seen))
    if was_handed_over(run):
        console.print(_by_scale_point(seen))
    for line in (*_notes(seen), *_trials(seen)):
        console.print(line, markup=False)
    for state in seen.cells:
        if state.state in OUTCOMES and state.state != "ok":
            flags = f" [{', '.join(state.flags)}]" if state.flags else ""
            console.print(f"{state.cell}: {state.state}{flags}: {state.detail}", markup=False)
    for line in _flagged(seen):
        console.print(line, markup=False)


def _flagged(seen: Overview) -> Iterator[str]:
    """The flags of cells that are ok, which are not listed one by one."""
    ok = [cell for cell in seen.cells if cell.state == "ok"]
    for flag in sorted({flag for cell in ok for flag in cell.flags}):
        cells = [cell.cell for cell in ok if flag in cell.flags]
        more = f" and {len(cells) - _NAMED} more" if len(cells) > _NAMED else ""
        yield f"ok, flagged {flag}: {', '.join(cells[:_NAMED])}{more}"


def _trials(seen: Overview) -> Iterator[str]:
    """How many attempts only tell how often a cell fails."""
    tried = [cell for cell in seen.cells if cell.more_trials]
    if tried:
        more, waiting = sum(c.more_trials for c in tried), sum(c.trial_open for c in tried)
        beside = "which do not change outcomes"
        yield f"{more} more trials of {len(tried)} of these cells, {beside}; {waiting} not over"


def _watch(run: Run, look: Callable[[], Overview], seconds: float) -> None:
    """Refresh: in place on a terminal, elsewhere by a new line whenever counts change."""
    from rich.console import Group
    from rich.live import Live

    from repro.cli.console import Console

    console = Console()
    if not console.is_terminal:
        before = ""
        for seen in _looks(run, look, seconds):
            if (line := _one_line(seen)) != before:
                say.echo(f"{time.strftime('%H:%M:%S')} {line}")
            before = line
        return
    with Live(console=console, auto_refresh=False) as live:
        for seen in _looks(run, look, seconds):
            # A terminal may be too small for all programs: what changes most comes first.
            points = [_by_scale_point(seen)] if was_handed_over(run) else []
            live.update(Group(*points, *_notes(seen), _by_program(run, seen)), refresh=True)


def _looks(run: Run, look: Callable[[], Overview], seconds: float) -> Iterator[Overview]:
    while True:
        yield (seen := _not_empty(run, look()))
        if seen.is_over:
            return
        time.sleep(seconds)


def _one_line(seen: Overview) -> str:
    counts = ", ".join(f"{seen.counts[name]} {name}" for name in _STATES if seen.counts[name])
    return f"{counts}; Slurm does not answer" if seen.silent else counts


def _by_program(run: Run, seen: Overview) -> "Table":
    columns = [name for name in _STATES if seen.counts[name]]
    title = f"Run {run.path}: study {run.study.name}, site {run.about.site}"
    table = _table(title, "program", columns)
    programs: dict[str, Counter[str]] = {}
    for state in seen.cells:
        programs.setdefault(state.cell.split("@")[0], Counter())[state.state] += 1
    attempted = {p: c for p, c in programs.items() if set(c) != {"not attempted"}}
    for program, counts in attempted.items():
        table.add_row(program, *(str(counts[name] or "") for name in columns))
    if others := len(programs) - len(attempted):
        rest = str(sum(c.total() for p, c in programs.items() if p not in attempted))
        blanks = ["" if name != "not attempted" else rest for name in columns]
        table.add_row(f"{others} other programs", *blanks)
    table.add_section()
    table.add_row(f"{len(seen.cells)} cells", *(str(seen.counts[name]) for name in columns))
    return table


def _by_scale_point(seen: Overview) -> "Table":
    from repro.study.names import ScalePoint

    columns = [name for name in _STATES if seen.counts[name]]
    table = _table(None, "scale point", columns)
    points: dict[str, Counter[str]] = {}
    for state in seen.cells:
        points.setdefault(state.scale, Counter())[state.state] += 1
    for point in sorted(points, key=ScalePoint.parse):
        table.add_row(point, *(str(points[point][name] or "") for name in columns))
    return table


def _table(title: str | None, first: str, columns: list[str]) -> "Table":
    from rich.table import Table

    table = Table(title=title)
    table.add_column(first)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _notes(seen: Overview) -> list[str]:
    """What Slurm reports beside the states, a line each."""
    if seen.silent:
        return [f"Slurm does not answer ({seen.silent}): this is the state on disk"]
    told = [cell for cell in seen.cells if cell.slurm]
    reasons = Counter(c.slurm.reason for c in told if c.slurm and c.state == "queued")
    running = [cell for cell in told if cell.state == "running"]
    oldest = sorted(running, key=_elapsed, reverse=True)[:_OLDEST]
    lines = [f"queued, {reason}: {count}" for reason, count in reasons.most_common()]
    lines += [f"running for {_length(_elapsed(cell))}: {cell.cell}" for cell in oldest]
    if len(running) > len(oldest):
        lines.append(f"running for less time: {len(running) - len(oldest)} more")
    return lines + _forecast(seen.cells)


def _forecast(cells: list[CellState]) -> list[str]:
    seconds, unknown = time_left(cells)
    if seconds is None:
        return []
    but = f", without {unknown} cells at scale points where none has ended" if unknown else ""
    return [f"about {_length(seconds)} left{but}"]


def _elapsed(cell: CellState) -> float:
    return cell.slurm.elapsed_s if cell.slurm else 0


def _length(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))
