"""The `repro` command. A subcommand's module is imported only when it is called."""

import importlib
import signal
import sys

import click

from repro import __version__
from repro.cli import say
from repro.errors import UserError, fail

COMMANDS = {
    "all": "Run the whole study on a site: verify, run, collect, draw, summarise.",
    "setup": "Find or fetch the pinned Julia, its packages, and this machine's MPI.",
    "image": "Fetch the parts of the container image, build it, check it.",
    "host-env": "Print shell commands that make this host's Slurm work in the image.",
    "docs": "Index, serve and search Julia's documentation.",
    "doctor": "Report what this machine has, and what that means for the study.",
    "local-model": "Fetch, build and serve a small open-weight model.",
    "problem": "List problems, start a new one, and check its directory.",
    "contract": "Print what a program for a problem and framework must define.",
    "generate": "Let models write programs, in recorded sessions.",
    "replay": "Replay recorded sessions from the archive, offline, and compare.",
    "plan": "Count programs, cells and core-hours.",
    "run": "Run cells; resume an interrupted run.",
    "status": "Show the state of a run: cells by outcome, and Slurm's jobs.",
    "cancel": "Cancel queued and running cells on a cluster.",
    "logs": "Show the output of an attempt, and where its files are.",
    "collect": "Turn a run into a dataset.",
    "import": "Turn another archive into a dataset.",
    "export": "Export a dataset as a bag, with metadata for Zenodo.",
    "fetch": "Fetch a published dataset by its DOI, or unpack one.",
    "verify": "Check every file of a dataset against its manifest.",
    "compare": "Compare two datasets cell by cell.",
    "figures": "Draw the figures of a dataset, or check them byte for byte.",
    "metrics": "Compute pass@k, speedups, failure envelopes and costs of datasets.",
    "claims": "Test each claim of the paper on datasets.",
    "report": "Make a web report of a dataset that opens from disk.",
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
    """Run the command line; exit with code 2 and one line on an error the user can fix."""
    # A batch system ends a driver with SIGTERM, which then works like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(cli.main(prog_name="repro", standalone_mode=False) or 0)
    except UserError as error:
        fail(str(error))
    except click.ClickException as error:
        fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        say.echo("repro: stopped; the same command resumes", err=True)
        sys.exit(130)
