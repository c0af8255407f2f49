"""`repro collect`: make a dataset of a run."""

from pathlib import Path

import click

from repro.archive.collect import Draft, Filling, collect, describe, refuse_existing
from repro.archive.source import Source, open_source
from repro.cli import options, say


@click.command()
@options.study
@options.site
@options.run
@click.option("--dataset", required=True, metavar="NAME", help="Name of the new dataset.")
@options.data
@click.option(
    "--creator", default="", metavar="TEXT", help="Who ran it; goes into the dataset's metadata."
)
@click.option(
    "--licence",
    default="CC-BY-4.0",
    show_default=True,
    metavar="SPDX",
    help="Licence of the data, by its SPDX identifier.",
)
@click.option(
    "--about",
    default="",
    metavar="TEXT",
    help="What readers must know of it, in a few sentences; the report and the metadata show it.",
)
@click.option(
    "--generations",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Add the programs' transcripts, from here: sessions of `repro generate`, or a dataset.",
)
@click.option("--replace", is_flag=True, help="Replace a dataset of this name.")
@options.dry_run
def command(
    study: str,
    site: str,
    run_path: Path | None,
    dataset: str,
    data: Path,
    creator: str,
    licence: str,
    about: str,
    generations: Path | None,
    *,
    replace: bool,
    dry_run: bool,
) -> None:
    """Make a dataset of a run.

    It holds every attempt that has ended, in canonical form, without the paths and host names of
    the machine. Collecting the same run again gives the same bytes.
    """
    source = open_source(run_path or options.default_run(study, site))
    description = describe(source, dataset, creator, licence, about)
    target = data / description.name
    if dry_run:
        if not replace:
            refuse_existing(target)
        say.echo(f"would make {target}: {_sum(source)}")
        return
    more = _transcripts(generations) if generations else _nothing
    draft = collect(source, description, data, replace=replace, more=more)
    size = sum(draft.sizes.values())
    say.echo(f"{target}: {_sum(source)}; {len(draft.sizes)} files, {size} bytes")


def _nothing(_draft: Draft) -> None:
    """Add nothing."""


def _transcripts(place: Path) -> Filling:
    from repro.agent.to_dataset import add_sessions, ended

    sessions = ended(place)
    return lambda draft: add_sessions(draft, sessions, place)


def _sum(source: Source) -> str:
    cells = len({trial.cell for trial in source.trials})
    left_out = f" ({source.left_out} never started: left out)" if source.left_out else ""
    return f"{len(source.trials)} attempts of {cells} cells{left_out}"
