"""`repro logs`: the files and the output of an attempt."""

import json
import os
from pathlib import Path
from typing import Any

import click

from repro.cli import options, say
from repro.errors import UserError
from repro.files import reading
from repro.launch.run_directory import Run, open_run
from repro.launch.submissions import submissions
from repro.measure.attempts import STDERR, STDOUT, Attempt, attempts_of
from repro.study.filters import nearest

_WATCHDOG = "watchdog.txt"
_MOST_BYTES = 256 * 1024
"""Bytes that are read from the end of a file; a job's output has no limit."""


@click.command()
@click.argument("cell")
@options.study
@options.site
@options.run
@click.option(
    "--attempt", type=click.IntRange(min=1), help="Number of the attempt.  [default: the last]"
)
@click.option(
    "--lines",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Lines of each file's end.",
)
@options.as_json
def command(
    cell: str,
    study: str,
    site: str,
    run_path: Path | None,
    attempt: int | None,
    lines: int,
    *,
    as_json: bool,
) -> None:
    """Show where the files of an attempt are, and the end of its output.

    CELL is a cell's name, such as reference/gemm/threads/0@1x1x2. The output is standard error,
    standard output and, on a cluster, that of the batch job.
    """
    run = open_run(run_path or options.default_run(study, site))
    history = _attempts(run, cell)
    chosen = _choose(cell, history, attempt)
    ends = {str(path): _end(path, lines) for path in _texts(run, chosen)}
    told: dict[str, Any] = {
        "cell": cell,
        "attempt": chosen.number,
        "attempts": len(history),
        "directory": str(chosen.path),
        "files": sorted(os.listdir(chosen.path)),
        "ends": ends,
    } | _state(chosen)
    if as_json:
        say.echo(json.dumps(told, indent=2))
    else:
        _print(told)


def _attempts(run: Run, cell: str) -> list[Attempt]:
    names = [str(known.name) for known in run.cells()]
    if cell not in names:
        close = " or ".join(nearest(cell, names))
        hint = f"did you mean {close}?" if close else "`repro status --json` lists the cells"
        raise UserError(f"{run.path}: no cell {cell}; {hint}")
    if history := attempts_of(run.path, cell):
        return history
    raise UserError(f"{run.path}: {cell} was never attempted; `repro run '{cell}'` runs it")


def _choose(cell: str, history: list[Attempt], number: int | None) -> Attempt:
    if number is None:
        return history[-1]
    for attempt in history:
        if attempt.number == number:
            return attempt
    numbers = ", ".join(str(attempt.number) for attempt in history)
    raise UserError(f"{cell}: no attempt {number}; --attempt can be {numbers}")


def _state(attempt: Attempt) -> dict[str, str]:
    state = attempt.state
    if state != "done":
        return {"state": state, "detail": ""}
    outcome = attempt.outcome()
    return {"state": outcome.outcome, "detail": outcome.detail}


def _texts(run: Run, attempt: Attempt) -> list[Path]:
    """The files of output that are not empty: the program's, its watchdog's and its job's."""
    own = [attempt.path / name for name in (STDERR, STDOUT, _WATCHDOG)]
    return [
        path for path in (*own, *_outputs(run, attempt)) if path.exists() and path.stat().st_size
    ]


def _outputs(run: Run, attempt: Attempt) -> list[Path]:
    """The output of an attempt's job; after a requeue one task makes several attempts."""
    handed = [
        (made.number, submission.path / f"{index}.out")
        for submission in submissions(run.path)
        for index, made in enumerate(submission.attempts, start=1)
        if made.cell == attempt.cell and made.number <= attempt.number
    ]
    last = max((number for number, _ in handed), default=0)
    return [path for number, path in handed if number == last]


def _end(path: Path, lines: int) -> list[str]:
    with reading(path), path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _MOST_BYTES))
        text = stream.read().decode("utf-8", errors="replace")
    return text.splitlines()[-lines:]


def _print(told: dict[str, Any]) -> None:
    detail = f": {told['detail']}" if told["detail"] else ""
    say.echo(
        f"{told['cell']}, attempt {told['attempt']} of {told['attempts']}: {told['state']}{detail}"
    )
    say.echo(f"{told['directory']}: {', '.join(told['files'])}")
    for path, lines in told["ends"].items():
        say.echo(f"--- the end of {path}")
        for line in lines:
            say.echo(line)
    if not told["ends"]:
        say.echo("it printed nothing")
