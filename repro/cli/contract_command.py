"""`repro contract`: print what a kernel must define."""

import json

import click

from repro.cli import options, say
from repro.launch.problem_check import problem_at
from repro.study.directories import find_framework


@click.command()
@click.argument("problem")
@click.argument("framework")
@options.as_json
def command(problem: str, framework: str, *, as_json: bool) -> None:
    """Print what a kernel must define to be measured: the contract of a PROBLEM in a FRAMEWORK.

    PROBLEM is the name of a directory in problems/, or a path. FRAMEWORK is the name of a directory
    in frameworks/.
    """
    kind = find_framework(framework).definition.programs
    text = problem_at(problem).contract(kind)
    if as_json:
        text = json.dumps({"problem": problem, "framework": framework, "contract": text}, indent=2)
    say.echo(text.rstrip())
