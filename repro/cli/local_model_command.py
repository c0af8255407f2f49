"""`repro local-model`: a small open-weight model for real sessions without a key."""

import json
import os

import click

from repro.cli import options


@click.group()
def command() -> None:
    """Fetch, build and serve a small open-weight model that runs on a laptop.

    `repro generate --study local-model` then has it write programs. It is weak: its sessions are
    real, its programs mostly are not, and it never stands for a model of the study.
    """


@command.command()
@options.dry_run
def setup(*, dry_run: bool) -> None:
    """Fetch the weights (1.1 GB) and build llama.cpp's server: 10 to 30 minutes on 2 cores.

    The same command goes on where it was.
    """
    from repro.agent.local_model import LocalModel

    model = LocalModel()
    missing = model.missing()
    if dry_run:
        for name in missing:
            click.echo(f"would make {model.place / name}")
        return
    model.ensure(lambda text: click.echo(text, err=True))
    click.echo(f"{model.weights}\n{model.server}")


@command.command()
@options.as_json
def status(*, as_json: bool) -> None:
    """Say what of it is there."""
    from repro.agent.local_model import LocalModel

    model = LocalModel()
    found = {str(path): path.exists() for path in (model.weights, model.server)}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for path, there in found.items():
        click.echo(f"{path}: {'there' if there else 'not there; make local-model'}")


@command.command()
@click.option("--port", default=18182, show_default=True, help="Port of 127.0.0.1.")
@click.option("--threads", default=1, show_default=True, help="Threads; one is the steadiest.")
def serve(port: int, threads: int) -> None:
    """Serve it on this machine until Ctrl-C, as an OpenAI-compatible endpoint."""
    from repro.agent.local_model import LocalModel

    line = LocalModel().command(port, threads)
    click.echo(f"http://127.0.0.1:{port}/v1 in some seconds; Ctrl-C ends it", err=True)
    # Threads that wait must not spin beside the agent's own work.
    os.execve(line[0], line, os.environ | {"OMP_WAIT_POLICY": "passive"})  # noqa: S606 - no shell is wanted
