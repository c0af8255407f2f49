"""`repro plan`: the size of a study."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from repro.cli import options, say
from repro.study.expand import Cell, cells
from repro.study.filters import select
from repro.study.load import load_study


@click.command()
@options.cell_filter
@options.study
@options.as_json
def command(
    patterns: tuple[str, ...], exclude: tuple[str, ...], study: str, *, as_json: bool
) -> None:
    """Count programs, cells and core-hours, by framework and scale point.

    The core-hours are an upper bound: every core of every cell until its time limit.
    """
    loaded = load_study(study)
    chosen = select(cells(loaded), patterns, exclude, name=lambda cell: str(cell.name))
    plan = {
        "study": loaded.name,
        "total": _count(chosen),
        "by_framework": _grouped(chosen, lambda cell: cell.program.framework),
        "by_scale_point": _grouped(chosen, lambda cell: str(cell.scale)),
    }
    if as_json:
        plan["cells"] = [str(cell.name) for cell in chosen]
        say.echo(json.dumps(plan, indent=2))
    else:
        _print(plan)


def _count(chosen: Sequence[Cell]) -> dict[str, Any]:
    return {
        "programs": len({cell.program for cell in chosen}),
        "cells": len(chosen),
        "core_hours_at_most": round(sum(cell.core_hours for cell in chosen), 3),
    }


def _grouped(chosen: Sequence[Cell], key: Callable[[Cell], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Cell]] = {}
    for cell in sorted(chosen, key=lambda cell: cell.scale):
        groups.setdefault(key(cell), []).append(cell)
    return {name: _count(members) for name, members in groups.items()}


def _print(plan: dict[str, Any]) -> None:
    from rich.table import Table

    from repro.cli.console import Console

    table = Table(title=f"Study {plan['study']}", title_justify="left")
    table.add_column("")
    for heading in ("programs", "cells", "core-hours at most"):
        table.add_column(heading, justify="right")
    for group in ("by_framework", "by_scale_point"):
        for name, count in plan[group].items():
            table.add_row(name, *_texts(count))
        table.add_section()
    table.add_row("total", *_texts(plan["total"]))
    Console().print(table)


def _texts(count: dict[str, Any]) -> list[str]:
    return [
        f"{count['programs']:,}",
        f"{count['cells']:,}",
        f"{count['core_hours_at_most']:,.1f}",
    ]
