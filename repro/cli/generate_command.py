"""`repro generate`: models write programs."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options, say
from repro.errors import UserError
from repro.study.filters import select
from repro.study.load import load_study

if TYPE_CHECKING:
    from repro.agent.generate import Todo, Wishes
    from repro.agent.records import Agent
    from repro.study.names import Program


@click.command()
@options.program_filter
@options.study
@click.option("--samples", type=click.IntRange(min=1), help="Programs of each model, problem and "
              "framework, instead of the study's number.")  # fmt: skip
@click.option(
    "--agent",
    type=click.Choice(["opencode", "single-shot"]),
    default="opencode",
    show_default=True,
    help="A session with tools, or a single completion without.",
)
@click.option("--no-docs", is_flag=True, help="Leave out the documentation server.")
@click.option("--budget-seconds", type=click.FloatRange(min=1), default=3600, show_default=True,
              help="Maximum seconds of a session.")  # fmt: skip
@click.option("--budget-turns", type=click.IntRange(min=1), default=100, show_default=True,
              help="Maximum model calls of a session.")  # fmt: skip
@click.option("--budget-tokens", type=click.IntRange(min=1), help="Maximum tokens of a session.")
@click.option("--budget-dollars", type=click.FloatRange(min=0),
              help="Maximum dollars of a session, by the model's price.")  # fmt: skip
@options.generations
@click.option(
    "--models",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Directory of the models' settings.  [default: studies/models]",
)
@click.option("--collect", metavar="NAME", help="Then make the dataset NAME of all sessions.")
@options.data
@options.dry_run
def command(
    patterns: tuple[str, ...],
    exclude: tuple[str, ...],
    study: str,
    samples: int | None,
    agent: "Agent",
    budget_seconds: float,
    budget_turns: int,
    budget_tokens: int | None,
    budget_dollars: float | None,
    out: Path | None,
    models: Path | None,
    collect: str | None,
    data: Path,
    *,
    no_docs: bool,
    dry_run: bool,
) -> int:
    """Let models write programs, each in its own recorded session.

    FILTER is a shell glob on names of programs, such as 'qwen*/pi/threads/0'. The same command
    resumes: sessions that the model finished or gave up are kept; those that its provider or this
    machine cut off are repeated; those that used up their budget are repeated if it is larger now.
    The exit code is 1 if a session was cut off.

    Programs made with --agent single-shot or --no-docs belong to a model of their own, whose name
    ends in -single-shot or -no-docs.
    """
    from repro.agent.gateway import Budget
    from repro.agent.generate import Wishes, look, wanted

    budget = Budget(budget_tokens, budget_dollars, budget_seconds, budget_turns)
    wishes = Wishes(agent, not no_docs, budget)
    loaded = load_study(study)
    programs = wanted(loaded, samples, wishes)
    if not programs:
        raise UserError(
            f"{study}: no model there writes programs; all programs are written by hand"
        )
    chosen = {
        one: programs[one] for one in select(list(programs), patterns, exclude, what="program")
    }
    path = out or options.default_generations(study)
    if dry_run:
        _show(look(path, chosen, wishes))
        return 0
    broken_off = make_programs(study, path, models, chosen, wishes)
    if collect:
        collect_sessions(path, study, data, collect)
    return int(broken_off)


def _show(todos: Iterable["Todo"]) -> None:
    for todo in todos:
        if todo.done and todo.done.ending:
            say.echo(f"{todo.program}: {todo.done.ending.kind}, kept")
        else:
            say.echo(f"would generate {todo.program}")


def make_programs(
    study: str, path: Path, models: Path | None, chosen: "dict[Program, str]", wishes: "Wishes"
) -> bool:
    """Let models write programs, and show progress; returns whether a session was cut off."""
    from repro.agent.endings import REPEATED
    from repro.agent.generate import Factory
    from repro.agent.models import MODELS
    from repro.agent.view import DOCS, Tools
    from repro.cli.generate_progress import shown
    from repro.container.julia import find_julia
    from repro.container.opencode import find_opencode

    if wishes.agent == "opencode" and wishes.docs and not DOCS.is_dir():
        raise UserError(
            f"{DOCS}: no index of Julia's documentation; run `repro docs build`, or use --no-docs"
        )
    tools = Tools(find_julia(), find_opencode())
    with shown(len(chosen)) as events:
        factory = Factory(load_study(study), path, tools, wishes, models or MODELS, events)
        made = factory.make(chosen)
    say.echo(f"sessions are in {path}", err=True)
    endings = [session.ending for session in made]
    return len(made) < len(chosen) or any(end is None or end.kind in REPEATED for end in endings)


def collect_sessions(path: Path, study: str, data: Path, name: str) -> None:
    """Make the dataset `name` of all sessions that have ended; it replaces an older one."""
    from repro.agent.to_dataset import collect_generations

    collect_generations(path, study, data, name, "", "CC-BY-4.0", replace=True)
    say.echo(f"dataset {data / name}; check it with `repro verify {name}`", err=True)
