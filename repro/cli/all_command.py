"""`repro all`: the whole chain, from the archive that is there to the figures of a new dataset."""

from pathlib import Path

import click

from repro.cli import options


@click.command()
@options.study
@options.site
@options.run
@options.data
@options.concurrent
@options.oversubscribe
@options.charged
@options.image
@options.dry_run
def command(
    study: str,
    site: str,
    run_path: Path | None,
    data: Path,
    account: str | None,
    partition: str | None,
    image: Path | None,
    *,
    concurrent: bool,
    oversubscribe: bool,
    dry_run: bool,
) -> int:
    """Verify the archive, run every cell that can run here, collect, draw, and sum up.

    The same command resumes. The new dataset is named after the run directory, such as
    smoke-local, and follows it: it is replaced when the run has gone on.
    """
    from repro.launch.run_directory import driving, make_run
    from repro.launch.site import load_site
    from repro.study.load import STUDIES, find_toml

    path = run_path or options.default_run(study, site)
    dataset, figures = data / path.name, Path("figures") / path.name
    at = load_site(site).with_choices(account, partition, image)
    if dry_run:
        click.echo(f"would verify {data}, run study {study} in {path} (`repro run --dry-run` lists")
        click.echo(f"the cells), collect {dataset}, and draw {figures}")
        return 0
    if not _verified(data, but=path.name):
        return 1
    study_file = find_toml(study, STUDIES, "study")
    with driving(path):
        run = make_run(path, study_file, at.name)
        from repro.cli.run_command import run_chosen
        from repro.launch.start import Wishes

        click.echo(f"2. running study {run.study.name} in {path}", err=True)
        run_chosen(run, run.cells(), at, Wishes((), concurrent, oversubscribe))
    _collect(path, data)
    drawn = _draw(dataset, figures)
    _summarise(path, dataset, figures, drawn)
    return 0


def _verified(data: Path, but: str) -> bool:
    """Check the archive, without the dataset that is about to be made anew."""
    from repro.archive import find
    from repro.archive.verify import verify

    click.echo(f"1. verifying the archive in {data}", err=True)
    sound = True
    for name in find.names(data):
        report = verify(find.find(name, data))
        if report.problems and name != but:
            sound = False
            first = report.problems[0]
            count = len(report.problems)
            click.echo(f"{name}: {count} problems, {first.kind}: {first.path}; see `repro verify`")
    return sound


def _collect(run_path: Path, data: Path) -> None:
    from repro.archive.collect import collect, describe
    from repro.archive.source import open_source

    click.echo(f"3. collecting dataset {data / run_path.name}", err=True)
    source = open_source(run_path)
    collect(source, describe(source, run_path.name, "", "CC-BY-4.0"), data, replace=True)


def _draw(dataset: Path, figures: Path) -> list[Path]:
    from paper_figures.render import render
    from repro.files import writing

    click.echo(f"4. drawing figures in {figures}", err=True)
    with writing(figures):
        return render(dataset, figures)


def _summarise(run: Path, dataset: Path, figures: Path, drawn: list[Path]) -> None:
    """A row a program, a column a scale point, and where everything is."""
    from rich.console import Console

    from repro.cli.summary import summary_table

    console = Console(highlight=False)
    console.print(summary_table(dataset))
    places = {
        "attempts": f"{run}  (repro status --run {run})",
        "dataset": f"{dataset}  (repro verify {dataset.name})",
        "figures": f"{figures}  ({len(drawn)} files: PDF, SVG and PNG)",
    }
    for what, where in places.items():
        console.print(f"{what:9} {where}", markup=False, soft_wrap=True)
