"""`repro problem`: list problems, start a new one, and check its directory."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from repro.cli import options, say


@click.group()
def command() -> None:
    """List problems, start a new one, and check its directory; see docs/extending.md."""


@command.command("list")
@options.as_json
def list_problems(*, as_json: bool) -> None:
    """List the package's problems."""
    from repro.study.directories import find_problem, known_problems

    found = {name: find_problem(name) for name in known_problems()}
    if as_json:
        shown = [
            {"name": name, "title": room.definition.title, "summary": room.definition.summary,
             "kinds": [kind for kind, entry in room.definition.entry if entry],
             "directory": str(room.path)}
            for name, room in found.items()
        ]  # fmt: skip
        say.echo(json.dumps(shown, indent=2))
        return
    for name, room in found.items():
        say.echo(f"{name:<12} {room.definition.title:<12} {room.definition.summary}")


@command.command()
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Directory of the problem.  [default: problems/NAME]",
)
@options.dry_run
def new(name: str, directory: Path | None, *, dry_run: bool) -> None:
    """Write the skeleton of a new problem NAME; TODO marks everything that you must write."""
    from repro.study.skeleton import new_problem, write_problem

    place = directory or Path("problems") / name
    files = new_problem(name, place)
    if not dry_run:
        write_problem(files)
    for path in files:
        say.echo(f"{'would write' if dry_run else 'wrote'} {path}")
    say.echo(f"write the parts marked TODO; `repro problem check {place}` lists what is left")


@command.command()
@click.argument("problem")
@click.argument("framework")
@options.as_json
def prompts(problem: str, framework: str, *, as_json: bool) -> None:
    """Print the prompts for a PROBLEM in a FRAMEWORK."""
    from repro.agent.prompting import Means, session_prompts
    from repro.container.pins import load_pins
    from repro.launch.problem_check import problem_at, study_of
    from repro.study.directories import find_framework
    from repro.study.names import Program

    room, at = problem_at(problem), find_framework(framework)
    means = Means(load_pins().julia.version, at.definition.packages, docs=True)
    program = Program("model", room.name, at.name, 0)
    told = session_prompts(program, study_of(room, [at]), means)
    if as_json:
        say.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for name, text in told.items():
        say.echo(f"--- {name}\n{text}")


@command.command()
@click.argument("problem")
@click.argument("frameworks", nargs=-1, metavar="[FRAMEWORK]...")
@click.option("--n", "n", default=200, show_default=True, type=click.IntRange(min=1),
              help="Size at which programs run.")  # fmt: skip
@click.option("--tile", default=64, show_default=True, type=click.IntRange(min=1),
              help="Tile size.")  # fmt: skip
@options.as_json
def check(problem: str, frameworks: tuple[str, ...], n: int, tile: int, *, as_json: bool) -> None:
    """List what is missing or wrong in a PROBLEM, given by name or by directory.

    It runs the problem's own tests, then its reference and vendor programs at a small size on two
    cores, and shows that corrupted results are detected. With FRAMEWORKs, it checks only these.
    Programs that need a package that is not installed are listed and not run.

    Exit code 1 if something is missing or wrong.
    """
    from repro.launch.problem_check import check_problem, problem_at

    seen = []
    for found in check_problem(problem_at(problem), frameworks, n=n, tile=tile):
        seen.append(found)
        if not as_json:
            say.echo(f"{found.state:<9} {found.what}" + (f": {found.detail}" * bool(found.detail)))
    if as_json:
        say.echo(json.dumps([asdict(found) for found in seen], indent=2))
    if any(found.state in ("failed", "missing") for found in seen):
        raise SystemExit(1)
