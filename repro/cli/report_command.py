"""`repro report`: a dataset as web pages."""

from pathlib import Path

import click

from repro.archive.find import find
from repro.cli import options, say


@click.command()
@click.option(
    "--dataset", required=True, metavar="NAME", help="A name in the data directory, or a path."
)
@options.data
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Directory of the report; an existing report is replaced.  [default: reports/DATASET]",
)
@options.dry_run
def command(dataset: str, data: Path, out: Path | None, *, dry_run: bool) -> int:
    """Make a static web report of a dataset: outcomes, evidence, programs, sessions, claims.

    Open its index.html in a browser; it needs no server and no network. The same dataset gives
    the same bytes. If a dataset is damaged or incomplete, the report shows the rest and lists what
    is missing. Exit code 1 if a file is damaged or missing.
    """
    from repro.report import site  # pandas takes a second to import

    path = find(dataset, data)
    target = out or Path("reports") / path.absolute().name
    site.refuse_foreign(target)
    if dry_run:
        pages = ", ".join(f"{count} {name}" for name, count in site.plan(path).items())
        say.echo(f"would write {target}: {pages}")
        return 0
    written = site.write_site(path, target)
    say.echo(f"{target / 'index.html'}: {written.pages} pages, {written.size / 1e6:.1f} MB")
    if written.gaps:
        say.echo(f"{path}: {len(written.gaps)} gaps, listed in the report", err=True)
    return int(bool(written.gaps))
