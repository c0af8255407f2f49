"""The command line as one page: each command's own `--help`."""

from collections.abc import Iterator

import click

from repro.cli.main import COMMANDS, cli

WIDTH = 78
"""Width of a line: click's own where there is no terminal."""

Shown = tuple[str, str]
"""A command as the user types it, and its help."""


def sections() -> Iterator[tuple[Shown, list[Shown]]]:
    """Yield every command, in the order of `repro --help`, with its subcommands."""
    with _context(cli, "repro") as root:
        for name in COMMANDS:
            command = cli.get_command(root, name)
            if command is None:
                raise LookupError(name)
            typed = f"repro {name}"
            inner = command.commands if isinstance(command, click.Group) else {}
            below = [_shown(sub, f"{typed} {word}") for word, sub in inner.items()]
            yield _shown(command, typed), below


def _shown(command: click.Command, typed: str) -> Shown:
    with _context(command, typed) as context:
        return typed, command.get_help(context)


def _context(command: click.Command, typed: str) -> click.Context:
    names = cli.context_settings["help_option_names"]
    return click.Context(command, info_name=typed, terminal_width=WIDTH, help_option_names=names)
