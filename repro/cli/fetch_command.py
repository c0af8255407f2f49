"""`repro fetch`: download and unpack a published dataset."""

import tempfile
from pathlib import Path

import click

from repro.cli import options, say
from repro.errors import UserError


@click.command()
@click.argument("source")
@click.option("--dataset", metavar="NAME", help="Local name of the dataset.  [default: its own]")
@click.option("--file", "only", metavar="NAME", help="The file to take if a record has several.")
@options.data
@options.dry_run
def command(
    source: str, dataset: str | None, only: str | None, data: Path, *, dry_run: bool
) -> None:
    """Fetch a published dataset: SOURCE is a DOI, or a downloaded archive file.

    The archive is a zip or tar file with one dataset, with or without a bag around it. The dataset
    is installed only if every file matches SHA256SUMS.
    """
    from repro.archive.collect import refuse_existing
    from repro.archive.fetch import doi_of, download, place, unpacked

    doi = doi_of(source)
    if dataset:
        refuse_existing(data / dataset)
    if not doi and not Path(source).is_file():
        raise UserError(f"{source}: neither a DOI, such as 10.5281/zenodo.N, nor a file")
    if dry_run:
        say.echo(f"would fetch {doi or source} into {data} and verify it")
        return
    with tempfile.TemporaryDirectory(prefix="repro-fetch-") as directory:
        packed = download(doi, Path(directory), only) if doi else Path(source)
        with unpacked(packed, data) as found:
            target = place(found, dataset or found.description().name, data)
    say.echo(f"{target}: fetched and verified")
