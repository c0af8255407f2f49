"""`repro host-env`: shell commands that make the host's Slurm work in the image."""

import os

import click

from repro.cli import say
from repro.errors import UserError


@click.command()
def command() -> None:
    """Print shell commands that make this host's Slurm work in the image.

    On a login node, run: eval "$(apptainer run repro.sif host-env)". Then `apptainer run repro.sif
    all` can submit jobs. The commands find Slurm's clients, plugins, configuration and munge's
    socket, copy the clients and their libraries to a directory of your own in /tmp, and set
    APPTAINER_BIND and some APPTAINERENV variables in that shell. Nothing else changes.
    """
    from repro.container.image import host_env

    sif = os.environ.get("APPTAINER_CONTAINER")
    if sif is None:
        raise UserError(
            "host-env: works in an image only; outside of one, the host's Slurm needs no set-up. "
            'With your image, run: eval "$(apptainer run repro.sif host-env)"'
        )
    say.echo(host_env(sif))
