"""`repro metrics`: rates, speedups, scaling and cost of the programs of datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import options
from repro.cli.datasets import datasets
from repro.errors import UserError

if TYPE_CHECKING:
    from repro.analysis.metrics import Metrics

_WIDTH = 160
"""Characters of a line where output goes to a file or a pipe."""


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@options.as_json
def command(dataset: str | None, data: Path, *, as_json: bool) -> int:
    """Compute the metrics of datasets: build@k, pass@k, speedup_n@k, efficiency_n@k and others.

    Names and definitions are ParEval's. Further metrics are the largest scale at which each
    program is ok and how it fails beyond, its serial fraction (Karp-Flatt), its time over the
    vendor library's, and the cost of its generation. Cells that are `unavailable` or
    `infrastructure` are counted separately, and in no rate. Missing data are named. Exit code 1:
    a file of a dataset is damaged; what can be read is reported.
    """
    from repro.analysis.metrics import metrics  # pandas takes a second to import

    told: list[dict[str, Any]] = []
    sound = True
    for path in datasets(data, dataset):
        try:
            found = metrics(path)
        except UserError as error:
            told.append({"dataset": path.name, "damaged": [str(error)]})
            sound = False
            if not as_json:
                click.echo(f"{path.name}: no metrics: {error}")
            continue
        sound = sound and not found.damaged
        told.append(found.as_json())
        if not as_json:
            _print(found)
    if as_json:
        click.echo(json.dumps(told, indent=2, allow_nan=False))
    return int(not sound)


def _print(found: "Metrics") -> None:
    from rich.console import Console

    from repro.cli import metrics_tables

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    click.echo(f"Dataset {found.dataset}; machine: {'; '.join(found.machines) or 'none'}")
    click.echo(metrics_tables.counts(found))
    for table in metrics_tables.tables(found):
        if table.row_count:
            console.print(table)
    for line in found.damaged:
        click.echo(f"damaged, not included: {line}")
    for line in found.missing:
        click.echo(f"{found.dataset} does not have {line}")
    click.echo()
