"""Prints the findings of `repro doctor` and `repro image verify`."""

from repro.cli import say
from repro.container.findings import Finding


def print_finding(finding: Finding) -> None:
    """Print a finding with a mark, and its meaning on the next line."""
    mark = "ok " if finding.ok else "NO " if finding.needed else "-  "
    say.echo(f"{mark} {finding.what}: {finding.found}")
    if finding.meaning:
        say.echo(f"    {finding.meaning}")
