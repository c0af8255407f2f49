"""`repro run`: run cells."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from repro.cli import options
from repro.container.image import Image
from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import Site, load_site
from repro.launch.slurm_client import SlurmError, SlurmSilent
from repro.launch.start import Wishes, prepare_run, scripts
from repro.study.expand import Cell
from repro.study.filters import select
from repro.study.load import STUDIES, load_study
from repro.study.toml import find_toml

_HOW_TO_GET = (
    "`repro doctor` says what is missing and how to get it, `repro setup` installs what it can"
)
_EXPLAINED = {
    Todo.NO_PROGRAM: "no program yet: `repro generate` makes one, --programs names a dataset "
    "that has it",
    Todo.TOO_LARGE: "needs more cores or nodes than the site has; --oversubscribe runs those "
    "that lack only cores",
}


@click.command()
@options.cell_filter
@options.study
@options.site
@options.run
@click.option(
    "--programs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take generated programs from this dataset directory; may be repeated.",
)
@options.concurrent
@options.oversubscribe
@options.charged
@options.image
@click.option(
    "--wait/--no-wait",
    default=False,
    help="On a cluster: wait until every cell has an outcome; repeat what the cluster failed.",
)
@click.option(
    "--collect",
    metavar="NAME",
    help="Then collect dataset NAME; on a cluster, without --wait, a separate job does.",
)
@options.data
@options.dry_run
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    site: str,
    run_path: Path | None,
    programs: tuple[Path, ...],
    account: str | None,
    partition: str | None,
    submit_via: str | None,
    image: Path | None,
    collect: str | None,
    data: Path,
    *,
    concurrent: bool,
    oversubscribe: bool,
    wait: bool,
    dry_run: bool,
) -> None:
    """Run cells; every attempt is kept.

    The same command resumes: it skips cells that have an outcome, repeats those that the
    infrastructure failed, and leaves those alone that a cluster has queued. FILTER is a shell glob
    on the names of cells, such as 'reference/gemm/*@*x2'.
    """
    path = run_path or options.default_run(study, site)
    study_file = find_toml(study, STUDIES, "study")
    loaded = load_study(study)
    at = load_site(site).with_choices(account, partition, image, submit_via)
    if at.by_hand and (wait or collect):
        raise UserError(
            "--submit-via print: you submit the jobs, so repro cannot wait for them; leave out "
            "--wait and --collect, and run `repro collect` when the jobs have ended"
        )
    wait = wait or at.launcher == "local"
    later = (collect, data) if collect else None
    wishes = Wishes(programs, concurrent, oversubscribe, wait, later)
    planned = Run.to_make(path, loaded, at.name)
    chosen = _select(planned, patterns, exclude)
    if dry_run:
        _preview(planned, chosen, at, wishes)
        return
    with driving(path):
        run_chosen(make_run(path, study_file, at.name), chosen, at, wishes)
    if collect and wait:
        _collect(path, collect, data)
    click.echo(f"attempts are in {path}; `repro status --run {path}` summarises them", err=True)


def run_chosen(run: Run, chosen: Sequence[Cell], site: Site, wishes: Wishes) -> list[str]:
    """Run the chosen cells of a run that the caller holds, showing progress.

    Returns:
        The commands that the user has to type where Slurm is; they are printed, too.
    """
    from repro.cli import progress

    prepared = prepare_run(run, site, chosen, wishes)
    setting = prepared.here.setting
    click.echo(f"Julia {setting.tools.julia.version}, {setting.environment.machine}", err=True)
    _report_not_run(prepared.decisions)
    _report_unavailable(prepared.decisions, prepared.means)
    with progress.shown(len(prepared.ready)) as events:
        try:
            commands = prepared.start(events, wishes, lambda text: click.echo(text, err=True))
        except SlurmSilent as error:
            raise UserError(
                f"Slurm does not answer ({error}); nothing is lost: repeat the command later"
            ) from error
        except SlurmError as error:
            raise UserError(f"Slurm does not report its jobs: {error}") from error
    if commands:
        click.echo(
            "type this where Slurm is; when the jobs have ended, repeat the command:", err=True
        )
    for line in commands:
        click.echo(line)
    return commands


def _collect(run: Path, name: str, data: Path) -> None:
    from repro.archive.collect import collect, describe
    from repro.archive.source import open_source

    source = open_source(run)
    collect(source, describe(source, name, "", "CC-BY-4.0"), data, replace=True)
    click.echo(f"dataset {data / name}; `repro verify {name}` checks it", err=True)


def _select(run: Run, patterns: tuple[str, ...], exclude: tuple[str, ...]) -> list[Cell]:
    return select(run.cells(), patterns, exclude, name=lambda cell: str(cell.name))


def _preview(run: Run, chosen: Sequence[Cell], site: Site, wishes: Wishes) -> None:
    from repro.launch.here import find_tools, means_of

    tools = find_tools(site)
    over = wishes.oversubscribe
    means = means_of(run.study, wishes.programs, tools, site, oversubscribe=over)
    decisions = [decide(run.path, cell, means) for cell in chosen]
    _report_not_run(decisions)
    _report_unavailable(decisions, means)
    for decision in decisions:
        if decision.todo is Todo.START and site.launcher == "local":
            click.echo(f"would run {decision.cell.name} (attempt {decision.next_number})")
        if decision.todo is Todo.UNAVAILABLE:
            missing = ", ".join(means.missing(decision.cell))
            click.echo(f"would record {decision.cell.name} as unavailable: {missing} not installed")
    if site.launcher == "slurm":
        starting = [d.cell for d in decisions if d.todo is Todo.START]
        _write_scripts(run.path, site, starting, tools.image)


def _write_scripts(run: Path, site: Site, cells: Sequence[Cell], image: Image | None) -> None:
    """Write the scripts that would be submitted, to be read."""
    hours, longest = 0.0, 0
    directory = run / "dry-run"
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name, script, core_hours, minutes in scripts(run, site, cells, image):
            write_atomic(directory / name, script)
            click.echo(f"would submit {directory / name}: {core_hours:.1f} core-hours at most")
            hours, longest = hours + core_hours, max(longest, minutes)
    click.echo(
        f"{len(cells)} cells, {hours:.1f} core-hours at most, {longest} minutes a cell at most"
    )


def _report_not_run(decisions: Sequence[Decision]) -> None:
    counts = Counter(decision.todo for decision in decisions)
    if counts[Todo.NOTHING]:
        click.echo(f"{counts[Todo.NOTHING]} cells are done", err=True)
    for todo, explanation in _EXPLAINED.items():
        if counts[todo]:
            example = next(d.cell.name for d in decisions if d.todo is todo)
            click.echo(f"{counts[todo]} cells not run, {explanation} ({example}, ...)", err=True)


def _report_unavailable(decisions: Sequence[Decision], means: Means) -> None:
    cells = [d.cell for d in decisions if d.todo is Todo.UNAVAILABLE]
    if cells:
        missing = ", ".join(sorted({name for cell in cells for name in means.missing(cell)}))
        text = f"{len(cells)} cells are `unavailable`, not installed: {missing}"
        click.echo(f"{text}; {_HOW_TO_GET}", err=True)
