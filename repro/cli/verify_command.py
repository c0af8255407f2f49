"""`repro verify`: is a dataset what its manifest says?"""

from pathlib import Path

import click

from repro.archive.find import find
from repro.archive.find import names as all_names
from repro.archive.verify import Report, verify
from repro.cli import options
from repro.errors import UserError


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.data
@options.as_json
def command(names: tuple[str, ...], data: Path, *, as_json: bool) -> int:
    """Check every file of datasets against their manifests.

    NAME is a dataset's name, or a path with a slash in it; without one, all datasets are checked.
    Exit code 1, if a file is changed, missing or extra, or a manifest is not sound.
    """
    chosen = names or tuple(all_names(data))
    if not chosen:
        raise UserError(f"{data}: no dataset there; `repro collect` makes one of a run")
    reports = {}
    for name in chosen:
        reports[name] = verify(find(name, data))
        if not as_json:
            _print(name, reports[name])
    if as_json:
        _print_json(reports)
    return int(any(report.problems for report in reports.values()))


def _print(name: str, report: Report) -> None:
    for kind, path in report.problems:
        click.echo(f"{name}: {kind}: {_shown(path)}")
    if report.problems:
        count = len(report.problems)
        click.echo(f"{name}: NOT as its manifest says: {count} problems, {report.files} files")
    else:
        click.echo(f"{name}: {report.files} files, {report.size} bytes, as its manifest says")


def _print_json(reports: dict[str, Report]) -> None:
    import json

    content = [
        {
            "dataset": name,
            "files": report.files,
            "bytes": report.size,
            "problems": [problem._asdict() for problem in report.problems],
        }
        for name, report in reports.items()
    ]
    click.echo(json.dumps(content, indent=2))


def _shown(path: str) -> str:
    """A name as it is, unless printing it could play tricks on a terminal."""
    return path if path.isprintable() else ascii(path)
