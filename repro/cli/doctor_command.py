"""`repro doctor`: what this machine or a cluster has, and what that means."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from repro.cli import options
from repro.cli.findings import print_finding
from repro.container import doctor
from repro.container.findings import Finding
from repro.launch.site.settings import Site, load_site
from repro.records import json_of


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--models",
    is_flag=True,
    help="Ask each model of studies/models/, or those NAMEs, for one word, and say what came.",
)
@options.site
@options.run
@options.charged
@options.image
@click.option(
    "--patience",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="On a cluster: seconds that the job which looks at nodes may wait for them.",
)
@options.as_json
@options.dry_run
def command(
    names: tuple[str, ...],
    site: str,
    run_path: Path | None,
    account: str | None,
    partition: str | None,
    submit_via: str | None,
    image: Path | None,
    patience: float,
    *,
    models: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Say which Julia is used, what else is there, and what that means for the study.

    Of a cluster it says what its login node finds, and in one small job what two nodes find; that
    job's script is all that is shown of it with --dry-run. For cells in an image it tries whose MPI
    works between two nodes, and writes that down in the site's file.

    With --models it says which models answer. A key is looked for in the environment and in
    ~/.config/repro/keys.toml (mode 600); a model without one is left out, which is no failure.

    Exits with 1 if no cell could run, or a model's key or name is wrong.
    """
    if names and not models:
        raise click.UsageError(f"{names[0]}: NAMEs are of models; add --models")
    if models:
        from repro.agent.model_doctor import model_findings

        _fail_if_needed(_show(model_findings(names, dry_run=dry_run), as_json=as_json))
        return
    at = load_site(site).with_choices(account, partition, image, submit_via)
    run = run_path or options.default_run("smoke", site)
    seen = _show(_findings(at, run, patience, dry_run=dry_run), as_json=as_json)
    if not dry_run:
        _note_mpi(site, seen)
    _fail_if_needed(seen)


def _show(findings: Iterator[Finding], *, as_json: bool) -> list[Finding]:
    """Print each as it is found."""
    seen = []
    for finding in findings:
        seen.append(finding)
        if not as_json:
            print_finding(finding)
    if as_json:
        click.echo(json.dumps([json_of(finding) for finding in seen], indent=2))
    return seen


def _fail_if_needed(seen: list[Finding]) -> None:
    """Exit with 1 if something is not as it must be."""
    if any(finding.blocks for finding in seen):
        raise SystemExit(1)


def _note_mpi(site: str, seen: list[Finding]) -> None:
    from repro.launch.site.doctor import MPI_OF_RANKS
    from repro.launch.site.file import note_mpi

    for finding in seen:
        if finding.what == MPI_OF_RANKS and (path := note_mpi(site, finding.found)):
            click.echo(f"{path}: says now whose MPI works: {finding.found}", err=True)


def _findings(site: Site, run: Path, patience: float, *, dry_run: bool) -> Iterator[Finding]:
    if site.slurm is None:
        return iter(doctor.findings())
    from repro.launch.site.doctor import site_findings
    from repro.launch.site.job import Visit

    def show(script: str) -> None:
        click.echo(script, err=True)

    visit = Visit(site, site.slurm, run, patience)
    return site_findings(visit, show if dry_run else None)
