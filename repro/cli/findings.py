"""Prints the findings of `repro doctor` and `repro image verify`."""

import click

from repro.container.findings import Finding


def print_finding(finding: Finding) -> None:
    """Print a finding with a mark, and its meaning on the next line."""
    mark = "ok " if finding.ok else "NO " if finding.needed else "-  "
    click.echo(f"{mark} {finding.what}: {finding.found}")
    if finding.meaning:
        click.echo(f"    {finding.meaning}")
