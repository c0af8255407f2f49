"""`repro run`: cells to outcomes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from repro.cli import options
from repro.launch.decide import Decision, Todo, decide
from repro.launch.here import look_around
from repro.launch.local import LocalLauncher
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site import load_site
from repro.study.expand import Cell
from repro.study.filters import select
from repro.study.load import STUDIES, find_toml, load_study

_EXPLAINED = {
    Todo.NO_PROGRAM: "no program yet: its model has to generate one, or --programs has to say "
    "which dataset has it",
    Todo.TOO_LARGE: "needs more cores or nodes than the site has: --oversubscribe runs it if it "
    "is the cores",
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
    help="Dataset directory to take generated programs from; may be repeated.",
)
@options.concurrent
@options.oversubscribe
@options.dry_run
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    site: str,
    run_path: Path | None,
    programs: tuple[Path, ...],
    *,
    concurrent: bool,
    oversubscribe: bool,
    dry_run: bool,
) -> None:
    """Run cells and keep every attempt.

    The same command resumes: what is done is skipped, what failed for the infrastructure's sake
    is repeated. FILTER is a shell glob on cells' names, such as 'reference/gemm/*@*x2'.
    """
    path = run_path or options.default_run(study, site)
    study_file = find_toml(study, STUDIES, "study")
    loaded, at = load_study(study), load_site(site)
    planned = Run(path, loaded, at.name, "")
    chosen = _select(planned, patterns, exclude)
    if dry_run:
        _preview(planned, chosen, programs, len(at.cores), oversubscribe=oversubscribe)
        return
    with driving(path):
        run = make_run(path, study_file, at.name)
        run_chosen(run, chosen, site, programs, concurrent=concurrent, oversubscribe=oversubscribe)
    click.echo(f"attempts are in {path}; `repro status --run {path}` sums them up", err=True)


def run_chosen(
    run: Run,
    chosen: Sequence[Cell],
    site: str,
    programs: tuple[Path, ...],
    *,
    concurrent: bool,
    oversubscribe: bool,
) -> None:
    """Run the chosen cells of a run that the caller holds, showing progress."""
    from repro.cli import progress

    here, means = look_around(
        run, load_site(site), programs, concurrent=concurrent, oversubscribe=oversubscribe
    )
    click.echo(f"Julia {here.julia.version}, {here.environment['machine']}", err=True)
    decisions = [decide(run.path, cell, means) for cell in chosen]
    _report_not_run(decisions)
    ready = [d.cell for d in decisions if d.todo in (Todo.START, Todo.WAIT, Todo.UNAVAILABLE)]
    with progress.shown(len(ready)) as events:
        LocalLauncher(run, here, means, events).run_cells(ready)


def _select(run: Run, patterns: tuple[str, ...], exclude: tuple[str, ...]) -> list[Cell]:
    return select(run.cells(), patterns, exclude, name=lambda cell: str(cell.name))


def _preview(
    run: Run, chosen: Sequence[Cell], programs: tuple[Path, ...], cores: int, *, oversubscribe: bool
) -> None:
    from repro.container.julia import find_julia
    from repro.launch.decide import Means

    packages = find_julia().packages
    means = Means(run.study, programs, packages, cores, oversubscribe=oversubscribe)
    decisions = [decide(run.path, cell, means) for cell in chosen]
    _report_not_run(decisions)
    for decision in decisions:
        if decision.todo in (Todo.START, Todo.UNAVAILABLE):
            click.echo(f"would run {decision.cell.name} (attempt {decision.next_number})")


def _report_not_run(decisions: Sequence[Decision]) -> None:
    counts = Counter(decision.todo for decision in decisions)
    if counts[Todo.NOTHING]:
        click.echo(f"{counts[Todo.NOTHING]} cells are done", err=True)
    for todo, explanation in _EXPLAINED.items():
        if counts[todo]:
            example = next(d.cell.name for d in decisions if d.todo is todo)
            click.echo(f"{counts[todo]} cells not run, {explanation} ({example}, ...)", err=True)
