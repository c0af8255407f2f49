"""`repro verify`: check datasets against their manifests."""

from pathlib import Path

import click

from repro.archive.verify import Report, verify_all
from repro.cli import options, say


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.data
@options.as_json
def command(names: tuple[str, ...], data: Path, *, as_json: bool) -> int:
    """Check every file of a dataset against its manifest.

    NAME is a dataset's name, or a path with a slash in it; without one, all datasets are checked.
    Exit code 1 if a file is changed, missing or extra, or if a manifest is damaged.
    """
    reports = {}
    for name, report in verify_all(names, data):
        reports[name] = report
        if not as_json:
            say.echo("\n".join(report.lines(name)))
    if as_json:
        _print_json(reports)
    return int(any(report.problems for report in reports.values()))


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
    say.echo(json.dumps(content, indent=2))
