"""`repro local-model`: a small open-weight model for real sessions without a key."""

import json
import os

import click

from repro.cli import options, say


@click.group()
def command() -> None:
    """Fetch, build and serve a small open-weight model that runs on a laptop.

    `repro generate --study local-model` then lets it write programs. Its sessions are real, but the
    model is weak, and few of its programs work; it never stands for a model of the study.
    """


@command.command()
@options.dry_run
def setup(*, dry_run: bool) -> None:
    """Fetch the weights (1.1 GB) and build llama.cpp's server: 10 to 30 minutes on 2 cores.

    The same command resumes.
    """
    from repro.agent.local_model import LocalModel

    model = LocalModel()
    missing = model.missing()
    if dry_run:
        for name in missing:
            say.echo(f"would make {model.place / name}")
        return
    model.ensure(lambda text: say.echo(text, err=True))
    say.echo(f"{model.weights}\n{model.server}")


@command.command()
@options.as_json
def status(*, as_json: bool) -> None:
    """Show which of its files are there."""
    from repro.agent.local_model import LocalModel

    model = LocalModel()
    found = {str(path): path.exists() for path in (model.weights, model.server)}
    if as_json:
        say.echo(json.dumps(found, indent=2))
        return
    for path, there in found.items():
        say.echo(f"{path}: {'there' if there else 'missing; run `make local-model`'}")


@command.command()
@click.option("--port", default=18182, show_default=True, help="Port of 127.0.0.1.")
@click.option("--threads", default=1, show_default=True, help="Threads; times vary least with one.")
def serve(port: int, threads: int) -> None:
    """Serve the model on this machine as an OpenAI-compatible endpoint, until Ctrl-C."""
    from repro.agent.local_model import LocalModel

    line = LocalModel().command(port, threads)
    say.echo(f"http://127.0.0.1:{port}/v1 will answer in a few seconds; Ctrl-C ends it", err=True)
    # Waiting threads must not spin: the agent's own work needs the cores.
    os.execve(line[0], line, os.environ | {"OMP_WAIT_POLICY": "passive"})  # noqa: S606 - no shell is wanted
