"""`repro claims`: each claim judged by datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options
from repro.cli.datasets import datasets

if TYPE_CHECKING:
    from repro.claims.judge import Finding, Judged


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@options.as_json
def command(dataset: str | None, data: Path, *, as_json: bool) -> int:
    """Judge each claim by datasets: supported, refuted, or cannot tell.

    The claims are the paper's (studies/claims/paper.toml), and those that problems of the study
    bring (claims.toml). A verdict names its numbers and the cells that it rests on, or what is
    missing. It holds for the programs, sizes and machine of that dataset only; cells that ran on
    fewer cores than they have threads do not count. Exit code 1: a file of a dataset is damaged.
    """
    from repro.claims.judge import judge_dataset  # pandas takes a second to import

    judged = [judge_dataset(path) for path in datasets(data, dataset)]
    if as_json:
        click.echo(json.dumps([each.as_json() for each in judged], indent=2, allow_nan=False))
    else:
        for each in judged:
            _print(each)
    return int(any(each.damaged for each in judged))


def _print(judged: "Judged") -> None:
    click.echo(f"Dataset {judged.dataset}; machine: {'; '.join(judged.machines) or 'none'}")
    for line in judged.damaged:
        click.echo(f"damaged: {line}")
    for finding in judged.findings:
        _print_finding(finding)
    words = [finding.verdict.word for finding in judged.findings]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    click.echo(f"\n{judged.dataset}: {counts or 'no verdicts'}\n")


def _print_finding(finding: "Finding") -> None:
    from repro.claims.model import listed

    claim, verdict = finding.claim, finding.verdict
    click.echo(f"\n{claim.name} ({claim.source}): {verdict.word}")
    click.echo(f"  paper:   {claim.text}")
    click.echo(f"  tested:  {claim.tested}")
    click.echo(f"  found:   {verdict.reason}")
    for name, lines in (("cells", verdict.cells), ("missing", verdict.missing)):
        if lines:
            click.echo(f"  {name + ':':8} {listed(lines)}")
    if verdict.word == "cannot tell" and claim.telling:
        filters = " ".join(f"'{each}'" for each in claim.telling)
        click.echo(f"  to tell: repro run {filters} --study {claim.study}")
