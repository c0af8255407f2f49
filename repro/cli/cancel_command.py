"""`repro cancel`: cells that a cluster has are taken back."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import click

from repro.cli import options, say
from repro.errors import UserError
from repro.launch.run_directory import driving, open_run
from repro.study.filters import select


@click.command()
@options.cell_filter
@options.study
@options.site
@options.run
@options.dry_run
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    site: str,
    run_path: Path | None,
    *,
    dry_run: bool,
) -> None:
    """Cancel cells that are queued or running on a cluster.

    Cells that have an outcome are not touched. Those that were running end as `infrastructure`;
    the next `repro run` repeats them, and submits again those that were queued. A `repro run
    --wait` that is still running would do so at once: stop it first, with Ctrl-C.
    """
    from repro.launch.cancel import cancel, cancellable

    run = open_run(run_path or options.default_run(study, site))
    names = [str(cell.name) for cell in run.cells()]
    chosen = set(select(names, patterns, exclude))
    found = cancellable(run, chosen.__contains__)
    if dry_run:
        for cell, (state, task) in found.items():
            say.echo(f"would cancel {cell}: {state}, task {task.index} of job {task.job}")
    elif found:
        with ExitStack() as stack:
            try:  # or another driver could submit them again meanwhile
                stack.enter_context(driving(run.path))
            except UserError as error:
                raise UserError(
                    f"nothing was cancelled: {error}; or stop it with Ctrl-C"
                ) from error
            cancel(run, found)
    counts = Counter(state for state, _ in found.values())
    what = "to cancel" if dry_run else "cancelled"
    say.echo(f"{what}: {counts['queued']} queued and {counts['running']} running cells")
