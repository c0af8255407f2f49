"""`repro figures`: draw the figures of datasets, or check them byte for byte."""

import tempfile
from pathlib import Path

import click

from repro.analysis.expected_figures import EXPECTED, check, update
from repro.cli import options, say
from repro.cli.datasets import datasets as chosen
from repro.errors import UserError
from repro.files import writing


@click.command()
@click.option("--dataset", help="Dataset: a name in the data directory, or a path.  [default: all]")
@options.data
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Directory for the figures of one dataset.  [default: figures/DATASET]",
)
@click.option("--check", "only_check", is_flag=True, help="Compare with the expected figures.")
@click.option("--update-expected", is_flag=True, help="Make these the expected figures.")
@options.dry_run
def command(
    dataset: str | None,
    data: Path,
    out: Path | None,
    *,
    only_check: bool,
    update_expected: bool,
    dry_run: bool,
) -> int:
    """Draw the figures of a dataset as PDF, SVG and PNG, with their numbers as CSV and LaTeX.

    The same dataset gives the same bytes. With --check they are drawn into a temporary directory
    and compared with paper_figures/expected/DATASET; with exit code 1, each figure that differs is
    named, and where. Datasets without published figures are checked only if named. From a damaged
    dataset the readable part is drawn, each figure says so, and the exit code is 1.
    """
    if only_check and update_expected:
        raise UserError("--check and --update-expected: give one of them")
    if out and (only_check or update_expected):
        raise UserError(f"--out {out}: --check and --update-expected draw elsewhere; leave it out")
    datasets = chosen(data, dataset)
    if out and len(datasets) > 1:
        raise UserError(f"--out {out}: takes the figures of one dataset; add --dataset")
    if only_check:
        asked = [path for path in datasets if dataset or (EXPECTED / path.name).is_dir()]
        for path in datasets:
            if path not in asked:
                say.echo(f"{path.name}: not checked; it has no published figures")
        return max([_check(path, dry_run=dry_run) for path in asked], default=0)
    sound = True
    for path in datasets:
        target = EXPECTED / path.name if update_expected else out or Path("figures") / path.name
        if dry_run:
            say.echo(f"would draw the figures of {path} into {target}")
        elif update_expected:
            _update(path, target)
        else:
            sound = _draw(path, target, only=dataset is not None) and sound
    return int(not sound)


def _render(dataset: Path, target: Path, damage: list[str] | None = None) -> list[Path]:
    from paper_figures.render import render  # matplotlib and pandas take a second to import

    with writing(target):
        return render(dataset, target, damage)


def _draw(dataset: Path, target: Path, *, only: bool) -> bool:
    """Draw, name damaged files, and return whether there are none."""
    damage: list[str] = []
    try:
        built = _render(dataset, target, damage)
    except UserError as error:
        if only:
            raise
        say.echo(f"{dataset.name}: no figures: {error}", err=True)
        return False
    for path in built:
        say.echo(path)
    for line in damage:
        say.echo(f"{dataset.name}: damaged, not drawn: {line}", err=True)
    return not damage


def _update(dataset: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="repro-figures-") as temporary:
        built = _render(dataset, Path(temporary))
        with writing(target):
            update(Path(temporary), target)
    for path in built:
        say.echo(target / path.name)


def _check(dataset: Path, *, dry_run: bool) -> int:
    """0 if every figure is the expected one, else 1."""
    expected = EXPECTED / dataset.name
    if dry_run:
        say.echo(f"would draw the figures of {dataset} and compare them with {expected}")
        return 0
    damage: list[str] = []
    with tempfile.TemporaryDirectory(prefix="repro-figures-") as temporary:
        built = _render(dataset, Path(temporary), damage)
        problems = [f"damaged: {line}" for line in damage] + check(Path(temporary), expected)
    for problem in problems:
        say.echo(f"{dataset.name}: {problem}")
    if not problems:
        say.echo(f"{dataset.name}: {len(built)} files, all as expected")
    return 1 if problems else 0
