"""`repro export`: a dataset in the form that archives take."""

from pathlib import Path

import click

from repro.cli import options, say
from repro.errors import UserError


@click.command()
@click.argument("name")
@options.data
@click.option(
    "--bag",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a BagIt 1.0 bag to this directory.",
)
@click.option(
    "--zenodo-json",
    "zenodo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the metadata for a deposit on Zenodo to this file.",
)
@click.option(
    "--creator",
    "creators",
    multiple=True,
    metavar="NAME",
    help="Author for Zenodo, as 'Family, Given'. Repeatable.  [default: the dataset's creator]",
)
@options.dry_run
def command(
    name: str,
    data: Path,
    bag: Path | None,
    zenodo: Path | None,
    creators: tuple[str, ...],
    *,
    dry_run: bool,
) -> None:
    """Export the dataset NAME as a bag, as metadata for Zenodo, or both.

    The dataset is verified first. The same dataset gives the same bytes. Nothing is uploaded.
    """
    from repro.archive.bag import check, make_bag
    from repro.archive.dataset import Dataset
    from repro.archive.zenodo import metadata
    from repro.files import write_atomic, writing

    if not bag and not zenodo:
        raise UserError("export: nothing to do; give --bag DIR, --zenodo-json FILE, or both")
    dataset = Dataset.open(name, data)
    about = metadata(dataset, creators) if zenodo else ""
    if bag:
        check(dataset, bag)
    if dry_run:
        say.echo(f"would write {' and '.join(str(path) for path in (bag, zenodo) if path)}")
        return
    if bag:
        say.echo(f"{bag}: bag with {make_bag(dataset, bag)} files of {dataset.path.name}")
    if zenodo:
        with writing(zenodo):
            write_atomic(zenodo, about)
        say.echo(f"{zenodo}: metadata of {dataset.path.name} for Zenodo")
