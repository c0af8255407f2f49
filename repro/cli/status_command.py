"""`repro status`: what a run has come to."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from repro.cli import options
from repro.errors import UserError
from repro.launch.run_directory import Run, open_run
from repro.launch.status import cell_states
from repro.measure.outcomes import OUTCOMES
from repro.study.filters import matcher

_STATES = (*OUTCOMES, "running", "planned", "interrupted", "not attempted")


@click.command()
@options.cell_filter
@options.study
@options.site
@options.run
@options.as_json
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    site: str,
    run_path: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show how many cells came to what, by program; --json lists every cell."""
    run = open_run(run_path or options.default_run(study, site))
    wanted, unwanted = matcher(patterns, otherwise=True), matcher(exclude, otherwise=False)
    states = [
        state for state in cell_states(run) if wanted(state["cell"]) and not unwanted(state["cell"])
    ]
    if not states:
        raise UserError(f"{run.path}: no cell matches; see `repro plan` for what there is")
    if as_json:
        click.echo(json.dumps({"run": str(run.path), "cells": states}, indent=2))
    else:
        _print(run, states)


def _print(run: Run, states: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    seen = Counter(state["state"] for state in states)
    columns = [name for name in _STATES if seen[name]]
    table = Table(title=f"Run {run.path}: study {run.study.name}, site {run.site}")
    table.add_column("program")
    for name in columns:
        table.add_column(name, justify="right")
    programs: dict[str, Counter[str]] = {}
    for state in states:
        programs.setdefault(state["cell"].split("@")[0], Counter())[state["state"]] += 1
    attempted = {p: c for p, c in programs.items() if set(c) != {"not attempted"}}
    for program, counts in attempted.items():
        table.add_row(program, *(str(counts[name] or "") for name in columns))
    if others := len(programs) - len(attempted):
        rest = str(sum(c.total() for p, c in programs.items() if p not in attempted))
        blanks = ["" if name != "not attempted" else rest for name in columns]
        table.add_row(f"{others} other programs", *blanks)
    table.add_section()
    table.add_row(f"{len(states)} cells", *(str(seen[name]) for name in columns))
    console = Console()
    console.print(table)
    for state in states:
        if state["state"] in OUTCOMES and state["state"] != "ok":
            console.print(f"{state['cell']}: {state['state']}: {state['detail']}", markup=False)
