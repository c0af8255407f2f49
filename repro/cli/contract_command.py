"""`repro contract`: what a program must define."""

import json

import click

from repro.cli import options
from repro.study.contracts import contract


@click.command()
@click.argument("problem")
@click.argument("framework")
@options.as_json
def command(problem: str, framework: str, *, as_json: bool) -> None:
    """Print the contract of a PROBLEM (pi, gemm, cholesky) in a FRAMEWORK.

    It is what a kernel file must define to be measured. FRAMEWORK is one of threads, dagger, mpi,
    dagger-distributed.
    """
    text = contract(problem, framework)
    if as_json:
        text = json.dumps({"problem": problem, "framework": framework, "contract": text}, indent=2)
    click.echo(text.rstrip())
