"""`repro replay`: recorded sessions are repeated offline."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options, say
from repro.errors import UserError
from repro.study.filters import matcher

if TYPE_CHECKING:
    from repro.agent.records import Session
    from repro.agent.replay import Verdict
    from repro.agent.view import Tools


@click.command()
@options.program_filter
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME",
    help="Only sessions of this dataset. Repeatable.  [default: all in data/]",
)
@click.option(
    "--from",
    "place",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Sessions in this directory of `repro generate`, instead of a dataset's.",
)
@options.data
@click.option("--diffs", is_flag=True, help="Show all differences, including those allowed.")
@options.as_json
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    datasets: tuple[str, ...],
    place: Path | None,
    data: Path,
    *,
    diffs: bool,
    as_json: bool,
) -> int:
    """Let the agent repeat recorded sessions, and compare.

    No key or network is needed: each request of OpenCode gets the recorded answer; all else is
    real. FILTER is a shell glob on names of programs. Each difference in a request, in the ending,
    or in a file that the agent wrote is named, and the exit code is then 1. Outputs of tools may
    differ, since programs print times, and so may files that programs wrote.
    """
    from repro.agent.replay import as_json as to_json
    from repro.agent.replay import replay
    from repro.agent.view import Tools
    from repro.container.julia import find_julia
    from repro.container.opencode import find_opencode

    sessions = list(_chosen(_places(datasets, place, data), patterns, exclude))
    if not sessions:
        raise UserError("no recorded session matches; `repro generate` makes sessions")
    tools = Tools(find_julia(), find_opencode())
    verdicts = []
    for session in sessions:
        verdict = replay(session, tools)
        verdicts.append(verdict)
        if not as_json:
            _tell(verdict, tools, diffs=diffs)
    if as_json:
        say.echo(json.dumps([to_json(verdict) for verdict in verdicts], indent=2))
    else:
        say.echo(_sum(verdicts))
    return int(not all(verdict.same for verdict in verdicts))


def _places(datasets: tuple[str, ...], place: Path | None, data: Path) -> list[Path]:
    from repro.archive.find import find, names

    if place:
        return [place]
    return [find(name, data) for name in datasets or names(data)]


def _chosen(
    places: list[Path], patterns: tuple[str, ...], exclude: tuple[str, ...]
) -> Iterator["Session"]:
    from repro.agent.records import all_sessions

    wanted, unwanted = matcher(patterns, otherwise=True), matcher(exclude, otherwise=False)
    for place in places:
        for session in all_sessions(place):
            name = str(session.program)
            if wanted(name) and not unwanted(name):
                yield session


def _tell(verdict: "Verdict", tools: "Tools", *, diffs: bool) -> None:
    from repro.agent.replay import notes

    session = verdict.session
    name = f"{session.program} (try {session.path.name})"
    if verdict.skipped:
        say.echo(f"{name}: not replayed: {verdict.skipped}")
        return
    wrong = [one for one in verdict.divergences if not one.allowed]
    allowed = [one for one in verdict.divergences if one.allowed]
    more = f", {len(allowed)} outputs differ" if allowed else ""
    say.echo(f"{name}: {'DIFFERS' if wrong else 'the same'}{more}")
    if wrong:
        for note in notes(session, tools):
            say.echo(f"  {note}")
    for one in verdict.divergences:
        if diffs or not one.allowed:
            say.echo(f"  {one.where}:")
            say.echo("\n".join(f"    {line}" for line in one.diff.splitlines()))


def _sum(verdicts: list["Verdict"]) -> str:
    skipped = sum(bool(verdict.skipped) for verdict in verdicts)
    same = sum(verdict.same and not verdict.skipped for verdict in verdicts)
    more = f", {skipped} cannot be replayed" if skipped else ""
    return f"{same} of {len(verdicts)} sessions are the same{more}"
