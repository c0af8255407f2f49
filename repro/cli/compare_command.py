"""`repro compare`: the differences between two datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.archive import find
from repro.cli import options, say

if TYPE_CHECKING:
    from repro.analysis.compared_dataset import DatasetFacts
    from repro.analysis.dataset_comparison import Comparison

_SHOWN = 8
"""Names in a line; --json has all."""


@click.command()
@click.argument("a")
@click.argument("b")
@options.data
@click.option(
    "--factor",
    type=click.FloatRange(min=1, max=1000),
    default=1.25,
    show_default=True,
    help="Differences of times by less than this, either way, do not count.",
)
@options.as_json
def command(a: str, b: str, data: Path, factor: float, *, as_json: bool) -> int:
    """Compare two datasets, made on two machines, with two versions of Julia, or on two days.

    A and B are datasets' names, or paths with a slash. In cells of the same name, kernels, sizes,
    tiles and seeds must be identical, and outcomes the same where they are the program's. Times
    may differ by the factor: in seconds, if both machines have the same name, else as speedups
    over the reference program on one thread. A difference must be significant after correction
    for the number of cells (Benjamini and Hochberg, 5 %). Cells that only one dataset has are
    named. A verdict needs at least two repetitions; where they do not suffice, the output says how
    many might. Repetitions share a process: no interval covers what differs between runs on the
    same machine, which the factor allows for. Exit code 1: something differs, or a file of a
    dataset is damaged; 0: nothing differs, though some cells may be undecided.
    """
    from repro.analysis.dataset_comparison import (
        compare_datasets,  # pandas takes a second to import
    )

    found = compare_datasets(find.find(a, data), find.find(b, data), factor)
    if as_json:
        say.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        _print(found)
    return int(not found.agree)


def _print(found: "Comparison") -> None:
    for name, dataset in (("A", found.a), ("B", found.b)):
        _print_facts(name, dataset.facts())
    for word in ("differs", "cannot tell", "alike"):
        rows = [row for row in found.rows if row.word == word]
        if rows:
            say.echo(f"\n{word}: {len(rows)}")
        for row in rows:
            say.echo(f"  {row.cell}: {row.reason}")
    for name, cells in zip("AB", found.only, strict=True):
        if cells:
            more = f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
            say.echo(f"\nonly {name} has {len(cells)}: {', '.join(cells[:_SHOWN])}{more}")
    words = [row.word for row in found.rows]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words)))
    say.echo(f"\n{counts or 'no cell in both'}")


def _print_facts(name: str, facts: "DatasetFacts") -> None:
    say.echo(f"{name}: {facts.dataset}, {facts.cells} cells")
    lists = {"machines": facts.machines, "julia": facts.julia, "images": facts.images}
    told = {"created": facts.created, "site": facts.site}
    told |= {key: "; ".join(values) for key, values in lists.items()}
    for key, text in told.items():
        say.echo(f"   {key + ':':10} {text or 'none'}")
    for line in facts.damaged:
        say.echo(f"   damaged:   {line}")
