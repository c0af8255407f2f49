"""The `repro` command. A subcommand's module is imported when it is called, not before."""

import importlib
import signal
import sys

import click

from repro import __version__
from repro.errors import UserError, fail

COMMANDS = {
    "all": "Do the whole study on a site: verify, run, collect, draw, summarise.",
    "setup": "Find or fetch the pinned Julia, its packages, and the MPI of this machine.",
    "image": "Fetch for, build and check the container image.",
    "host-env": "Print what makes this host's Slurm work in the image.",
    "docs": "Index, serve and search Julia's documentation.",
    "doctor": "Say what this machine has, and what that means.",
    "local-model": "Fetch, build and serve a small open-weight model.",
    "problem": "List, begin and check problems, a directory each.",
    "contract": "Print what a program of a problem and framework must define.",
    "generate": "Let models write programs, in recorded sessions.",
    "replay": "Repeat recorded sessions from the archive, offline, and compare.",
    "plan": "Count programs, cells and core-hours.",
    "run": "Run cells, resuming what was begun.",
    "status": "Show what a run has come to.",
    "cancel": "Cancel cells that a cluster has queued or running.",
    "logs": "Show what an attempt of a cell has said, and where its files are.",
    "collect": "Turn a run into a dataset.",
    "import": "Make a dataset of somebody else's archive.",
    "export": "Make a bag of a dataset, and metadata for a deposit on Zenodo.",
    "fetch": "Fetch a published dataset by its DOI, or unpack one.",
    "verify": "Check every file of datasets against their manifests.",
    "compare": "Compare two datasets cell by cell.",
    "figures": "Draw the figures of a dataset, or check them byte for byte.",
    "metrics": "Compute pass@k, speedups, failure envelopes and costs of datasets.",
    "claims": "Hold each claim of the paper against datasets.",
    "report": "Make a web report of a dataset, which opens from disk.",
    "cell": "Show, rerun and compare single cells.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"repro.cli.{name.replace('-', '_')}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="repro")
def cli() -> None:
    """Repeat the study "Generated, Parallel, Scalable?" (arXiv 2606.16534), or a part of it."""


def main() -> None:
    """Run the command line; exit 2 with one line for what the user can put right."""
    # A batch system ends a driver with SIGTERM: by Python's own handler of Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(cli.main(prog_name="repro", standalone_mode=False) or 0)
    except UserError as error:
        fail(str(error))
    except click.ClickException as error:
        fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        click.echo("repro: stopped; the same command goes on where it was", err=True)
        sys.exit(130)
