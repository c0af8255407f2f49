"""`repro doctor`: what this machine has, and what that means."""

import json
from typing import Any

import click

from repro.cli import options
from repro.container.doctor import findings


@click.command()
@options.as_json
def command(*, as_json: bool) -> None:
    """Say which Julia is used, what else is there, and what that means for the study.

    Exits with 1 if no cell could run.
    """
    found = findings()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for finding in found:
            _print(finding)
    if not all(finding["ok"] for finding in found if finding["needed"]):
        raise SystemExit(1)


def _print(finding: dict[str, Any]) -> None:
    mark = "ok " if finding["ok"] else "NO " if finding["needed"] else "-  "
    click.echo(f"{mark} {finding['what']}: {finding['found']}")
    if finding["meaning"]:
        click.echo(f"    {finding['meaning']}")
