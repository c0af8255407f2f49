"""`repro metrics`: rates, speedups, scaling and cost of the programs of datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import options, say
from repro.cli.datasets import datasets
from repro.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from repro.analysis.metrics import Metrics

_WIDTH = 160
"""Characters of a line where output goes to a file or a pipe."""

TABLES = (
    "rates", "envelope", "serial_fraction", "vendor", "attribution", "repeated", "costs", "endings",
)  # fmt: skip
"""The tables of `Metrics`, by name."""


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@click.option(
    "--csv", "table", type=click.Choice(TABLES), help="Print this one table as CSV, all columns."
)
@options.as_json
def command(dataset: str | None, data: Path, table: str | None, *, as_json: bool) -> int:
    """Compute the metrics of datasets: build@k, pass@k, speedup_n@k, efficiency_n@k and others.

    Names and definitions are ParEval's. Further metrics are the largest scale at which each
    program is ok and how it fails beyond, its serial fraction (Karp-Flatt), its time over the
    vendor library's, and the cost of its generation. A failed cell is compared with the trials
    of the study's control: it is the program's, the framework's or undecided. Cells that are
    `unavailable` or `infrastructure` are counted separately, and in no rate. Missing data are
    named. Exit code 1: a file of a dataset is damaged; what can be read is reported.
    """
    if table and as_json:
        raise UserError("--csv and --json: choose one of them")
    from repro.analysis.metrics import metrics  # pandas takes a second to import

    told: list[dict[str, Any]] = []
    tables: list[pd.DataFrame] = []
    sound = True
    for path in datasets(data, dataset):
        try:
            found = metrics(path)
        except UserError as error:
            told.append({"dataset": path.name, "damaged": [str(error)]})
            sound = False
            if not as_json:
                say.echo(f"{path.name}: no metrics: {error}", err=bool(table))
            continue
        sound = sound and not found.damaged
        told.append(found.as_json())
        if table:
            tables.append(getattr(found, table).assign(dataset=found.dataset))
        elif not as_json:
            _print(found)
    if table:
        _print_csv(tables)
    if as_json:
        say.echo(json.dumps(told, indent=2, allow_nan=False))
    return int(not sound)


def _print_csv(tables: "list[pd.DataFrame]") -> None:
    """The same table of several datasets as one; a number that is not known is empty."""
    import pandas as pd

    if tables:
        whole = pd.concat(tables, ignore_index=True)
        whole.insert(0, "dataset", whole.pop("dataset"))
        say.echo(whole.to_csv(index=False, lineterminator="\n"), nl=False)


def _print(found: "Metrics") -> None:
    from repro.cli import metrics_tables
    from repro.cli.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    say.echo(f"Dataset {found.dataset}; machine: {'; '.join(found.machines) or 'none'}")
    say.echo(metrics_tables.counts(found))
    for table in metrics_tables.tables(found):
        if table.row_count:
            console.print(table)
    for line in found.damaged:
        say.echo(f"damaged, not included: {line}")
    for line in found.missing:
        say.echo(f"{found.dataset} does not have {line}")
    say.echo()
