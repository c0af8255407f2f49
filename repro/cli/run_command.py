"""`repro run`: run cells."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options, say
from repro.container.image import Image
from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import Site, load_site
from repro.launch.slurm_client import SlurmError, SlurmSilent
from repro.launch.start import Starter, Wishes, prepare_run, scripts
from repro.study.expand import Cell
from repro.study.filters import select
from repro.study.load import STUDIES, load_study
from repro.study.model import Study
from repro.study.toml import find_toml

if TYPE_CHECKING:
    from repro.analysis.sequential import Budget

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
@options.control
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
    control_budget: int,
    program_budget: int,
    *,
    concurrent: bool,
    oversubscribe: bool,
    wait: bool,
    with_control: bool,
    dry_run: bool,
) -> None:
    """Run cells; every attempt is kept.

    The same command resumes: it skips cells that have an outcome, repeats those that the
    infrastructure failed, and leaves those alone that a cluster has queued. FILTER is a shell glob
    on the names of cells, such as 'reference/gemm/*@*x2'.

    --with-control then asks whose fault each failure of the chosen cells is. It tries the failed
    cell again, and the same problem, size, framework and scale point of the model that the study
    names as its control, until the failure is the program's, the framework's, or can no longer be
    attributed within the budget. Of cells that are ok the controls of one in ten are tried. On a
    cluster without --wait, each such command submits one trial of each cell that needs one.
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
    budget = _budget(loaded, control_budget, program_budget) if with_control else None
    wishes = Wishes(programs, concurrent, oversubscribe, wait, later, budget)
    planned = Run.to_make(path, loaded, at.name)
    chosen = _select(planned, patterns, exclude)
    if dry_run:
        _preview(planned, chosen, at, wishes)
        return
    with driving(path):
        run_chosen(make_run(path, study_file, at.name), chosen, at, wishes)
    if collect and wait:
        _collect(path, collect, data)
    say.echo(f"attempts are in {path}; `repro status --run {path}` summarises them", err=True)


def run_chosen(run: Run, chosen: Sequence[Cell], site: Site, wishes: Wishes) -> list[str]:
    """Run the chosen cells of a run that the caller holds, showing progress.

    Returns:
        The commands that the user has to type where Slurm is; they are printed, too.
    """
    from repro.cli import progress

    prepared = prepare_run(run, site, chosen, wishes)
    setting = prepared.here.setting
    say.echo(f"Julia {setting.tools.julia.version}, {setting.environment.machine}", err=True)
    _report_not_run(prepared.decisions)
    _report_unavailable(prepared.decisions, prepared.means)
    starter = prepared.starter(wishes, _say)
    with _slurm_refusals():
        with progress.shown(len(prepared.ready)) as events:
            starter.start(prepared.ready, events)
        if wishes.control:
            _run_trials(run, chosen, starter, wishes.control)
        commands = starter.finish()
    if commands:
        say.echo(
            "type this where Slurm is; when the jobs have ended, repeat the command:", err=True
        )
    for line in commands:
        say.echo(line)
    return commands


def _say(text: str) -> None:
    say.echo(text, err=True)


@contextmanager
def _slurm_refusals() -> Iterator[None]:
    """Turn what Slurm does not answer into one line for the user."""
    try:
        yield
    except SlurmSilent as error:
        raise UserError(
            f"Slurm does not answer ({error}); nothing is lost: repeat the command later"
        ) from error
    except SlurmError as error:
        raise UserError(f"Slurm does not report its jobs: {error}") from error


def _budget(study: Study, control: int, program: int) -> "Budget":
    """The most trials of a cell.

    Raises:
        UserError: the study names no control.
    """
    from repro.analysis.sequential import Budget  # with pandas, which takes a while

    if study.control is None:
        raise UserError(
            f'study {study.name} names no control: add `control = "reference"`, or another model '
            "whose programs are known to be right, to its file"
        )
    return Budget(control, program)


def _run_trials(run: Run, chosen: Sequence[Cell], starter: Starter, budget: "Budget") -> None:
    """Try failed cells and their controls, one trial of each at a time, until none is needed."""
    from repro.cli import progress
    from repro.launch.control import ControlTrials

    trials = ControlTrials(run, chosen, starter.prepared.means, budget, _say)
    while wanted := trials.next_round():
        with progress.shown(len(wanted.cells), wanted.reasons) as events:
            starter.start(wanted.cells, events, again=True)
        if not starter.waits:
            _say("trials: repeat the command when these have ended, until it submits none")
            break
    for line in trials.summary():
        _say(line)


def _collect(run: Path, name: str, data: Path) -> None:
    from repro.archive.collect import collect, describe
    from repro.archive.source import open_source

    source = open_source(run)
    collect(source, describe(source, name, "", "CC-BY-4.0"), data, replace=True)
    say.echo(f"dataset {data / name}; `repro verify {name}` checks it", err=True)


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
    if wishes.control:
        _preview_trials(run, chosen, means, wishes.control)
    for decision in decisions:
        if decision.todo is Todo.START and site.launcher == "local":
            say.echo(f"would run {decision.cell.name} (attempt {decision.next_number})")
        if decision.todo is Todo.UNAVAILABLE:
            missing = ", ".join(means.missing(decision.cell))
            say.echo(f"would record {decision.cell.name} as unavailable: {missing} not installed")
    if site.launcher == "slurm":
        starting = [d.cell for d in decisions if d.todo is Todo.START]
        _write_scripts(run.path, site, starting, tools.image)


def _preview_trials(run: Run, chosen: Sequence[Cell], means: Means, budget: "Budget") -> None:
    from repro.launch.control import ControlTrials

    most = ControlTrials(run, chosen, means, budget).at_most()
    say.echo(
        f"trials of failed cells and their controls: at most {most.trials} of {most.cells} cells, "
        f"{most.core_hours:.1f} core-hours, if every cell without an outcome fails"
    )


def _write_scripts(run: Path, site: Site, cells: Sequence[Cell], image: Image | None) -> None:
    """Write the scripts that would be submitted, to be read."""
    hours, longest = 0.0, 0
    directory = run / "dry-run"
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name, script, core_hours, minutes in scripts(run, site, cells, image):
            write_atomic(directory / name, script)
            say.echo(f"would submit {directory / name}: {core_hours:.1f} core-hours at most")
            hours, longest = hours + core_hours, max(longest, minutes)
    say.echo(
        f"{len(cells)} cells, {hours:.1f} core-hours at most, {longest} minutes a cell at most"
    )


def _report_not_run(decisions: Sequence[Decision]) -> None:
    counts = Counter(decision.todo for decision in decisions)
    if counts[Todo.NOTHING]:
        say.echo(f"{counts[Todo.NOTHING]} cells are done", err=True)
    for todo, explanation in _EXPLAINED.items():
        if counts[todo]:
            example = next(d.cell.name for d in decisions if d.todo is todo)
            say.echo(f"{counts[todo]} cells not run, {explanation} ({example}, ...)", err=True)


def _report_unavailable(decisions: Sequence[Decision], means: Means) -> None:
    cells = [d.cell for d in decisions if d.todo is Todo.UNAVAILABLE]
    if cells:
        missing = ", ".join(sorted({name for cell in cells for name in means.missing(cell)}))
        text = f"{len(cells)} cells are `unavailable`, not installed: {missing}"
        say.echo(f"{text}; {_HOW_TO_GET}", err=True)
