"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from repro.archive.find import DATA

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
study = click.option(
    "--study", default="smoke", show_default=True, help="Study: a name in studies/, or a file."
)
site = click.option(
    "--site", default="local", show_default=True, help="Site: a name in slurm/sites/, or a file."
)
run = click.option(
    "--run",
    "run_path",
    type=click.Path(path_type=Path),
    help="Run directory.  [default: runs/STUDY-SITE]",
)
data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DATA,
    help="Directory of the datasets.  [default: data/ of the checkout; in an image ./data]",
)
dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done; do nothing.")
concurrent = click.option(
    "--concurrent",
    is_flag=True,
    help="Run as many cells at once as the cores allow; they may disturb each other's timings.",
)
oversubscribe = click.option(
    "--oversubscribe",
    is_flag=True,
    help="Also run cells that need more cores than the site has.",
)


image = click.option(
    "--image",
    type=click.Path(path_type=Path),
    metavar="SIF",
    help="Run cells in this container image instead of the site's.",
)


def charged(function: F) -> F:
    """Add the options that say which account and partition jobs use, and how they are submitted."""
    account = click.option("--account", help="Slurm account, instead of the site's.")
    partition = click.option("--partition", help="Slurm partition, instead of the site's.")
    via = click.option(
        "--submit-via",
        metavar="ssh:HOST|print",
        help="Submit on HOST by ssh, or print the commands for you to run.",
    )
    return account(partition(via(function)))


def control(function: F) -> F:
    """Add the options that try failed cells and their controls."""
    wanted = click.option(
        "--with-control",
        is_flag=True,
        help="Then try failed cells and their controls until it is clear whose fault they are.",
    )
    of_control = click.option(
        "--control-budget",
        type=click.IntRange(min=1),
        default=20,
        show_default=True,
        help="Most trials of a control's cell in all.",
    )
    of_program = click.option(
        "--program-budget",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="Most trials of a failed cell in all; the failure is the first.",
    )
    return wanted(of_control(of_program(function)))


def cell_filter(function: F) -> F:
    """Add the filter that every command on cells takes."""
    exclude = click.option(
        "--exclude", multiple=True, metavar="FILTER", help="Leave out cells that match this glob."
    )
    patterns = click.argument("patterns", nargs=-1, metavar="[FILTER]...")
    return exclude(patterns(function))


def program_filter(function: F) -> F:
    """Add the filter that every command on programs takes."""
    exclude = click.option(
        "--exclude",
        multiple=True,
        metavar="FILTER",
        help="Leave out programs that match this glob.",
    )
    patterns = click.argument("patterns", nargs=-1, metavar="[FILTER]...")
    return exclude(patterns(function))


generations = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Directory of the sessions.  [default: generations/STUDY]",
)


def default_generations(study_name: str) -> Path:
    """Return the default directory of a study's sessions."""
    return Path("generations") / Path(study_name).stem


def default_run(study_name: str, site_name: str) -> Path:
    """Return the default run directory."""
    return Path("runs") / f"{Path(study_name).stem}-{Path(site_name).stem}"
