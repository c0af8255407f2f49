"""`repro claims`: what datasets say to each claim of the paper."""

import json
from pathlib import Path
from typing import Any

import click

from repro.cli import options
from repro.cli.datasets import datasets
from repro.errors import UserError

_SHOWN = 4
"""Names in a line of the table; --json has all."""


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@options.as_json
def command(dataset: str | None, data: Path, *, as_json: bool) -> int:
    """Hold each claim of the paper against datasets: supported, refuted, or cannot tell.

    A verdict names its numbers and the cells that it rests on, or what is missing. It is about
    the programs, sizes and machine of that dataset, no others; cells that ran on fewer cores than
    they have threads say nothing. Exit code 1, if a file of a dataset
    is damaged.
    """
    from repro.analysis.claims import judge_all  # pandas takes a second to import
    from repro.analysis.claims_study import CLAIMS
    from repro.analysis.tidy import load

    told: list[dict[str, Any]] = []
    for path in datasets(data, dataset):
        damaged: list[str] = []
        found: list[dict[str, Any]] = []
        machines: list[str] = []
        try:
            tidy = load(path, damaged)
        except UserError as error:
            damaged.append(str(error))
        else:
            found = judge_all(CLAIMS, tidy, damaged)
            machines = sorted(set(tidy.cells["machine"]))
        told.append(
            {"dataset": path.name, "machines": machines, "damaged": damaged, "claims": found}
        )
    if as_json:
        click.echo(json.dumps(told, indent=2, allow_nan=False))
    else:
        for of_dataset in told:
            _print(of_dataset)
    return int(any(of_dataset["damaged"] for of_dataset in told))


def _print(told: dict[str, Any]) -> None:
    machines = "; ".join(told["machines"]) or "none"
    click.echo(f"Dataset {told['dataset']}; machine: {machines}")
    for line in told["damaged"]:
        click.echo(f"damaged: {line}")
    for claim in told["claims"]:
        click.echo(f"\n{claim['name']} ({claim['source']}): {claim['verdict']}")
        click.echo(f"  paper:   {claim['text']}")
        click.echo(f"  tested:  {claim['test']}")
        click.echo(f"  found:   {claim['reason']}")
        for name, key in (("cells", "cells"), ("missing", "missing")):
            if claim[key]:
                click.echo(f"  {name + ':':8} {_listed(claim[key])}")
        if claim["verdict"] == "cannot tell" and claim["telling"]:
            filters = " ".join(f"'{name}'" for name in claim["telling"])
            click.echo(f"  to tell: repro run {filters} --study paper")
    words = [claim["verdict"] for claim in told["claims"]]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    click.echo(f"\n{told['dataset']}: {counts or 'no verdicts'}\n")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
