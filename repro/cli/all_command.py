"""`repro all`: the whole chain, from the archive to the figures of a new dataset."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from repro.cli import options, say
from repro.cli.all_writing import Writing
from repro.errors import UserError
from repro.launch.run_directory import RUN, Run, driving, make_run
from repro.launch.site.settings import SITES, Site, load_site
from repro.launch.start import Wishes
from repro.study.load import STUDIES, load_study
from repro.study.model import Study
from repro.study.toml import find_toml, known_toml


@click.command()
@click.option("--study", help="Study.  [default: paper on a cluster, smoke on one machine]")
@click.option("--site", help="Site.  [default: the cluster whose Slurm answers, else local]")
@options.run
@options.data
@options.concurrent
@options.oversubscribe
@options.charged
@options.image
@click.option(
    "--budget-dollars",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    help="Most dollars for each program that a model writes; without its key it writes none.",
)
@click.option("--yes", is_flag=True, help="Start without asking.")
@options.dry_run
def command(
    study: str | None,
    site: str | None,
    run_path: Path | None,
    data: Path,
    account: str | None,
    partition: str | None,
    submit_via: str | None,
    image: Path | None,
    budget_dollars: float,
    *,
    concurrent: bool,
    oversubscribe: bool,
    yes: bool,
    dry_run: bool,
) -> int:
    """Verify the archive, run every cell that can run here, collect, draw figures, summarise.

    It first finds out where it is, says what it will do and the most that it can cost, and asks
    once. The same command resumes. The new dataset has the name of the run directory, such as
    smoke-local, and is replaced each time the run has progressed.
    """
    at = _site(site, submit_via).with_choices(account, partition, image, submit_via)
    study = study or ("paper" if at.slurm else "smoke")
    path = run_path or options.default_run(study, at.name)
    planned = Run.to_make(path, load_study(study), at.name)
    writing = Writing(study, load_study(study), budget_dollars)
    wishes = Wishes(_programs(planned.study, data), concurrent, oversubscribe)
    _say_what_is_ahead(planned, at, wishes, writing)
    if dry_run:
        return 0
    if not (yes or (path / RUN).exists()):
        _ask()
    if at.slurm and at.name not in known_toml(SITES) and site is None:
        from repro.launch.site.detect import write_site

        say.echo(
            f"{write_site(at)}: written from what Slurm reports; correct what is wrong",
            err=True,
        )
    if not _verified(data, but=path.name):
        return 1
    writing.write(data)
    wishes = replace(wishes, programs=_programs(planned.study, data))
    with driving(path):
        from repro.cli.run_command import run_chosen

        run = make_run(path, find_toml(study, STUDIES, "study"), at.name)
        say.echo(f"2. running study {run.study.name} in {path}", err=True)
        if run_chosen(run, run.cells(), at, wishes):
            return 0
    dataset, figures = data / path.name, Path("figures") / path.name
    _collect(path, data)
    drawn = _draw(dataset, figures)
    _summarise(path, dataset, figures, drawn)
    return 0


def _site(name: str | None, submit_via: str | None) -> Site:
    from repro.launch.site.detect import detect_site

    return load_site(name) if name else detect_site(submit_via)


def _programs(study: Study, data: Path) -> tuple[Path, ...]:
    """The datasets with programs of the study's LLMs."""
    from repro.archive import find

    generated = [name for name, model in study.models.items() if model.kernels is None]
    datasets = [find.find(name, data) for name in find.names(data)]
    return tuple(d for d in datasets if any((d / name / "kernels").is_dir() for name in generated))


def _say_what_is_ahead(run: Run, site: Site, wishes: Wishes, writing: Writing) -> None:
    from repro.launch.outlook import look_ahead

    ahead = look_ahead(run, site, wishes)
    core_hours = ahead.pop("at most")
    ahead |= {"models": writing.said(), "at most": f"{core_hours}, {writing.dollars:,.2f} dollars"}
    for key, text in ahead.items():
        say.echo(f"{key:9} {text}", err=True)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UserError(
            "all: nothing was started, because there is no terminal to ask on; add --yes"
        )
    click.confirm("start?", abort=True, err=True)


def _verified(data: Path, but: str) -> bool:
    """Check the archive, except the dataset that is about to be replaced."""
    from repro.archive import find
    from repro.archive.verify import verify

    say.echo(f"1. verifying the archive in {data}", err=True)
    sound = True
    for name in find.names(data):
        report = verify(find.find(name, data))
        if report.problems and name != but:
            sound = False
            first = report.problems[0]
            count = len(report.problems)
            say.echo(f"{name}: {count} problems, {first.kind}: {first.path}; see `repro verify`")
    return sound


def _collect(run_path: Path, data: Path) -> None:
    from repro.archive.collect import collect, describe
    from repro.archive.source import open_source

    say.echo(f"3. collecting dataset {data / run_path.name}", err=True)
    source = open_source(run_path)
    collect(source, describe(source, run_path.name, "", "CC-BY-4.0"), data, replace=True)


def _draw(dataset: Path, figures: Path) -> list[Path]:
    from paper_figures.render import render
    from repro.files import writing

    say.echo(f"4. drawing figures in {figures}", err=True)
    with writing(figures):
        return render(dataset, figures)


def _summarise(run: Path, dataset: Path, figures: Path, drawn: list[Path]) -> None:
    """Print a table of programs by scale points, and where everything is."""
    from repro.cli.console import Console
    from repro.cli.summary import summary_table

    console = Console(highlight=False)
    console.print(summary_table(dataset))
    places = {
        "attempts": f"{run}  (repro status --run {run})",
        "dataset": f"{dataset}  (repro verify {dataset.name})",
        "figures": f"{figures}  ({len(drawn)} files: PDF, SVG, PNG, CSV and LaTeX)",
    }
    for what, where in places.items():
        console.print(f"{what:9} {where}", markup=False, soft_wrap=True)
