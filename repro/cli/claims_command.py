"""`repro claims`: each claim judged by datasets."""

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options, say
from repro.cli.datasets import datasets

if TYPE_CHECKING:
    from repro.claims.judge import Finding, Judged
    from repro.claims.table import Row

_WIDTH = 79
_INDENT = 11
_INTRODUCTION = """\
The paper's claims, each judged by the dataset that tells. An indented line is
the part of a claim that programs written by hand can decide. What a number is
stands below, at "found". cores: the most that the cells behind a verdict could
use; a verdict says nothing of more.
"""


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@options.as_json
def command(dataset: str | None, data: Path, *, as_json: bool) -> int:
    """Judge each claim by datasets: supported, refuted, or cannot tell.

    The claims are the paper's (studies/claims/paper.toml), and those that problems of the study
    bring (claims.toml). First comes a table with a line for each claim: the verdict with its
    number, or what is missing. Of several datasets it takes the one that tells, and says if two
    disagree. Then each verdict is explained by its numbers and the cells that it rests on. It
    holds for the programs, sizes and machine of that dataset only; cells that ran on fewer cores
    than they have threads count only where a claim says so. Exit code 1: a file of a dataset is
    damaged.
    """
    from repro.claims.judge import judge_dataset  # pandas takes a second to import
    from repro.claims.table import as_json as to_json
    from repro.claims.table import lines, rows_of

    judged = [judge_dataset(path) for path in datasets(data, dataset)]
    rows = rows_of(judged)
    if as_json:
        say.echo(json.dumps(to_json(judged, rows), indent=2, allow_nan=False))
    else:
        say.echo(_INTRODUCTION)
        say.echo("\n".join(lines(rows)))
        for each in judged:
            _print_dataset(each)
        for row in rows:
            for name, finding in row.findings.items():
                _print_finding(name, finding, rows)
    return int(any(each.damaged for each in judged))


def _print_dataset(judged: "Judged") -> None:
    words = Counter(finding.verdict.word for finding in judged.findings)
    ordered = sorted(words, key=lambda word: (-words[word], word))
    counts = ", ".join(f"{words[word]} {word}" for word in ordered)
    say.echo(f"\n{judged.dataset}: {counts or 'no verdicts'}")
    say.echo(f"  machine: {'; '.join(judged.machines) or 'none'}")
    for line in judged.damaged:
        say.echo(f"  damaged: {line}")


def _print_finding(dataset: str, finding: "Finding", rows: Sequence["Row"]) -> None:
    from repro.claims.model import listed

    claim, verdict = finding.claim, finding.verdict
    say.echo(f"\n{claim.name} ({claim.source}): {verdict.word}")
    whole = [row.claim.text for row in rows if row.claim.name == claim.part_of]
    _print_line("paper", whole[0] if whole else claim.text)
    if whole:
        _print_line("part", claim.text)
    _print_line("tested", claim.tested)
    if verdict.cells:
        cores = f", on at most {finding.cores} cores" if finding.cores else ""
        _print_line("dataset", f"{dataset}{cores}")
        _print_line("found", verdict.reason)
        _print_line("cells", listed(verdict.cells))
    if finding.needs:
        _print_line("needs", finding.needs)
    if verdict.missing:
        _print_line("missing", listed(verdict.missing))
    if verdict.word == "cannot tell" and claim.telling:
        filters = " ".join(f"'{each}'" for each in claim.telling)
        control = " --with-control" if claim.against_control else ""
        say.echo(f"  to tell: repro run {filters}{control} --study {claim.study}")


def _print_line(name: str, text: str) -> None:
    """A line of an explanation, wrapped to a terminal's width."""
    lines = textwrap.wrap(text, _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False)
    say.echo(f"  {name + ':':{_INDENT - 2}}" + f"\n{' ' * _INDENT}".join(lines))
