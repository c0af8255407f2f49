"""`repro host-env`: a line for the host's shell, so that its Slurm works in the image."""

import os

import click

from repro.errors import UserError


@click.command()
def command() -> None:
    """Print what a shell of the host has to evaluate so that its Slurm works in this image.

    On a login node: eval "$(apptainer run repro.sif host-env)"; then `apptainer run repro.sif all`
    submits jobs. It finds Slurm's clients, plugins, configuration and munge's socket, puts copies
    of the clients and their libraries into a directory of yours in /tmp, and sets APPTAINER_BIND
    and some APPTAINERENV variables of that shell. Nothing else is changed.
    """
    from repro.container.image import host_env

    sif = os.environ.get("APPTAINER_CONTAINER")
    if sif is None:
        raise UserError(
            "host-env: only an image needs it: outside, the host's Slurm is there already; say "
            'eval "$(apptainer run repro.sif host-env)" with your image'
        )
    click.echo(host_env(sif))
