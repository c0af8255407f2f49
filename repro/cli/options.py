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
    help="Directory with the datasets.  [default: data/ of the checkout; in an image, data/ here]",
)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
concurrent = click.option(
    "--concurrent",
    is_flag=True,
    help="Run as many cells at once as their cores allow; timings may disturb each other.",
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
    help="Run cells in this container image, in place of the site's.",
)


def charged(function: F) -> F:
    """Who pays for jobs of a cluster, and where they go."""
    account = click.option("--account", help="Slurm account, in place of the site's.")
    partition = click.option("--partition", help="Slurm partition, in place of the site's.")
    via = click.option(
        "--submit-via",
        metavar="ssh:HOST|print",
        help="Where Slurm's clients are: on HOST, or where you type what is printed.",
    )
    return account(partition(via(function)))


def cell_filter(function: F) -> F:
    """The filter that every command on cells takes."""
    exclude = click.option(
        "--exclude", multiple=True, metavar="FILTER", help="Leave out cells that match this glob."
    )
    patterns = click.argument("patterns", nargs=-1, metavar="[FILTER]...")
    return exclude(patterns(function))


def program_filter(function: F) -> F:
    """The filter that every command on programs takes."""
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
    help="Where sessions are kept.  [default: generations/STUDY]",
)


def default_generations(study_name: str) -> Path:
    """Where sessions lie unless the user says otherwise."""
    return Path("generations") / Path(study_name).stem


def default_run(study_name: str, site_name: str) -> Path:
    """Where a run lies unless `--run` says otherwise."""
    return Path("runs") / f"{Path(study_name).stem}-{Path(site_name).stem}"
