"""`repro setup`: find or fetch Julia."""

import click

from repro.container.julia import TOOLCHAIN, find_julia
from repro.container.julia_setup import ensure_julia
from repro.container.pins import load_pins
from repro.errors import UserError


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
def command(*, dry_run: bool) -> None:
    """Find a Julia that works, or fetch one into .toolchain/.

    The first of these is taken: $JULIA, `julia` on PATH, the official tarball that
    toolchain.toml pins, Debian 11's package. Nothing outside the checkout is changed.
    """
    if dry_run:
        try:
            julia = find_julia()
        except UserError:
            click.echo(f"would fetch Julia {load_pins().julia.version} into {TOOLCHAIN}")
            return
    else:
        julia = ensure_julia(lambda message: click.echo(message, err=True))
    click.echo(f"Julia {julia.version} ({julia.origin}): {julia.path}")
