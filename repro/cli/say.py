"""What commands print: nothing that a program, a model or a file's name brought along acts.

A terminal obeys escape sequences, wherever they come from. The files keep them.
"""

import click

from repro.text import plain


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text, on standard error if `err`; see `click.echo`."""
    click.echo(plain(str(text)), err=err, nl=nl)  # noqa: TID251 - the one place
