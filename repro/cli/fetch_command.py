"""`repro fetch`: a published dataset comes back."""

import tempfile
from pathlib import Path

import click

from repro.cli import options
from repro.errors import UserError


@click.command()
@click.argument("source")
@click.option("--dataset", metavar="NAME", help="Name of the dataset here.  [default: its own]")
@click.option("--file", "only", metavar="NAME", help="The file, where a record has several.")
@options.data
@options.dry_run
def command(
    source: str, dataset: str | None, only: str | None, data: Path, *, dry_run: bool
) -> None:
    """Fetch a published dataset: SOURCE is a DOI, or an archive file that was downloaded.

    The archive, zip or tar, has one dataset, as it is or in a bag. It takes its place only after
    every file was compared with SHA256SUMS.
    """
    from repro.archive.collect import refuse_existing
    from repro.archive.fetch import doi_of, download, place, unpacked

    doi = doi_of(source)
    if dataset:
        refuse_existing(data / dataset)
    if not doi and not Path(source).is_file():
        raise UserError(f"{source}: neither a DOI, such as 10.5281/zenodo.N, nor a file")
    if dry_run:
        click.echo(f"would fetch {doi or source} into {data}, and verify it")
        return
    with tempfile.TemporaryDirectory(prefix="repro-fetch-") as directory:
        packed = download(doi, Path(directory), only) if doi else Path(source)
        with unpacked(packed, data) as found:
            target = place(found, dataset or found.description().name, data)
    click.echo(f"{target}: fetched and as its manifest says")
