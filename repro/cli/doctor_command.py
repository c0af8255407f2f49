"""`repro doctor`: what this machine or cluster has, and what that means for the study."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from repro.cli import options, say
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
    help="Ask each model in studies/models/, or each NAME, for one word; report the answers.",
)
@click.option(
    "--julia",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Try this Julia instead: packages, two ranks, a worker, stacks; takes about a minute.",
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
    help="On a cluster: seconds that the job which checks nodes may wait in the queue.",
)
@options.as_json
@options.dry_run
def command(
    names: tuple[str, ...],
    julia: Path | None,
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
    """Check Julia, packages, MPI and the cluster, and say what the findings mean for the study.

    On a cluster it checks the login node and, in one small job, two nodes; --dry-run shows the
    script of that job instead of submitting it. For cells in an image it tries which MPI works
    between two nodes, the image's or the cluster's, and writes the answer into the site's file.

    With --models it reports which models answer. Keys are read from the environment and from
    ~/.config/repro/keys.toml (mode 600); a model without a key is skipped, which is no failure.

    With --julia it proves one Julia on this machine, with the packages of julia/Manifest.toml and
    the MPI of $MPIEXEC or PATH: it loads the packages, lets two MPI ranks add a number, starts a
    worker of Distributed, and asks a waiting process for its stacks by SIGUSR1.

    Exits with 1 if no cell can run, if a model's key or name is wrong, or if a part of that Julia
    is there and does not work.
    """
    if julia and (names or models):
        raise click.UsageError("--julia: cannot be combined with --models")
    if names and not models:
        raise click.UsageError(f"{names[0]}: a NAME is a model's; add --models")
    if models:
        from repro.agent.model_doctor import model_findings

        _fail_if_needed(_show(model_findings(names, dry_run=dry_run), as_json=as_json))
        return
    if julia:
        from repro.launch.julia_proof import prove

        _fail_if_needed(_show(prove(julia), as_json=as_json))
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
        say.echo(json.dumps([json_of(finding) for finding in seen], indent=2))
    return seen


def _fail_if_needed(seen: list[Finding]) -> None:
    """Exit with 1 if something keeps every cell from running."""
    if any(finding.blocks for finding in seen):
        raise SystemExit(1)


def _note_mpi(site: str, seen: list[Finding]) -> None:
    from repro.launch.site.doctor import MPI_OF_RANKS
    from repro.launch.site.file import note_mpi

    for finding in seen:
        if finding.what == MPI_OF_RANKS and (path := note_mpi(site, finding.found)):
            say.echo(f"{path}: now names the MPI that works: {finding.found}", err=True)


def _findings(site: Site, run: Path, patience: float, *, dry_run: bool) -> Iterator[Finding]:
    if site.slurm is None:
        return iter(doctor.findings())
    from repro.launch.site.doctor import site_findings
    from repro.launch.site.job import Visit

    def show(script: str) -> None:
        say.echo(script, err=True)

    visit = Visit(site, site.slurm, run, patience)
    return site_findings(visit, show if dry_run else None)
