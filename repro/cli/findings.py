"""How findings of `repro doctor` and `repro image verify` are printed."""

import click

from repro.container.findings import Finding


def print_finding(finding: Finding) -> None:
    """A line with a mark, and what it means below it."""
    mark = "ok " if finding.ok else "NO " if finding.needed else "-  "
    click.echo(f"{mark} {finding.what}: {finding.found}")
    if finding.meaning:
        click.echo(f"    {finding.meaning}")
