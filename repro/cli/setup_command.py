"""`repro setup`: find or fetch Julia, configure MPI.jl, install packages."""

import os

import click

from repro.cli import options, say
from repro.container.julia import TOOLCHAIN, Julia, find_julia
from repro.container.julia_packages import NAMES, ensure_packages, to_install, too_old
from repro.container.julia_setup import ensure_julia
from repro.container.mpi import HOW_TO_GET, Mpi, find_mpi
from repro.container.mpi_preferences import SHOWN, agreement, write_preferences
from repro.container.opencode import ensure_opencode
from repro.container.pins import load_pins
from repro.errors import UserError
from repro.launch.site.settings import load_site

_WOULD = {
    "same": "named in",
    "missing": "would be written to",
    "changed": "would be written to",
    "somebody's": "would leave",
}


@click.command()
@click.option("--agent", is_flag=True, help="Also fetch OpenCode, the coding agent, with npm.")
@click.option(
    "--site",
    help="Compile packages for the types of nodes that this site's file names (`cpu_target`).",
)
@options.dry_run
def command(*, agent: bool, site: str | None, dry_run: bool) -> None:
    """Find or fetch Julia, configure MPI.jl for this machine's MPI, install Dagger.jl and MPI.jl.

    Julia is the first of: $JULIA, `julia` on PATH, the official tarball that toolchain.toml pins,
    Debian 11's package. Downloads go to .toolchain/. The MPI is that of $MPIEXEC, otherwise of
    `mpiexec` on PATH; julia/LocalPreferences.toml tells MPI.jl which one it is. The packages that
    julia/Manifest.toml pins go to Julia's own depot (JULIA_DEPOT_PATH, otherwise ~/.julia).
    Nothing else outside the checkout changes. The index of the documentation server is made last.

    Only a missing Julia is an error; cells that need a missing package or MPI end as
    `unavailable`.
    """
    target = _cpu_target(site) if site else None
    if dry_run:
        _print_plan()
        if agent:
            say.echo(f"would fetch OpenCode {load_pins().opencode.version} if it is missing")
        return
    julia = ensure_julia(_say)
    say.echo(_found(julia))
    # Before the packages, so that MPI.jl is fetched and compiled for this MPI, and once.
    changed = _set_up_mpi()
    say.echo(ensure_packages(julia, _say, again=changed, cpu_target=target))
    _set_up_docs()
    if agent:
        opencode = ensure_opencode()
        say.echo(f"OpenCode {opencode.version}: {opencode.path}")


def _cpu_target(site: str) -> str:
    if target := load_site(site).cpu_target:
        return target
    raise UserError(
        f"site {site} names no CPUs of its nodes: add a line such as cpu_target = "
        '"generic;znver4,clone_all" to its file, or leave out --site'
    )


def _say(message: str) -> None:
    say.echo(message, err=True)


def _found(julia: Julia) -> str:
    return f"Julia {julia.version} ({julia.origin}): {julia.path}"


def _print_plan() -> None:
    try:
        julia = find_julia()
    except UserError:
        say.echo(f"would fetch Julia {load_pins().julia.version} into {TOOLCHAIN}")
        packages = f"would install {NAMES} if that Julia is new enough for them"
    else:
        say.echo(_found(julia))
        installed = f"{NAMES}: {'would be installed' if to_install(julia) else 'installed'}"
        packages = too_old(julia) or installed
    _set_up_mpi(dry_run=True)
    say.echo(packages)
    say.echo("would make the index of the documentation if it is not current")


def _set_up_docs() -> None:
    """Make the index of the documentation, packages included, unless it is current."""
    from repro.docs_server.index import default_index
    from repro.docs_server.make import is_current, make_index

    path, julia = default_index(), find_julia()  # again: it may have packages by now
    try:
        if not is_current(julia, path):
            make_index(julia, path)
        say.echo(f"documentation: {path}")
    except UserError as error:
        say.echo(f"no index of the documentation; agents run without it: {error}")


def _set_up_mpi(*, dry_run: bool = False) -> bool:
    """Write the MPI preferences; return whether they changed."""
    changed = False
    if mpi := _mpi():
        try:
            if dry_run:
                how = f"{_WOULD[agreement(mpi)]} {SHOWN}"
            else:
                changed = write_preferences(mpi)
                how = f"{'written to' if changed else 'named in'} {SHOWN}"
        except UserError as error:
            how = str(error)
        say.echo(f"MPI: {mpi}, {mpi.mpiexec}; {how}")
    return changed


def _mpi() -> Mpi | None:
    """Return the MPI; if there is none, print what that means."""
    unavailable = "cells of mpi will be `unavailable`"
    try:
        mpi = find_mpi()
    except UserError as error:
        if os.environ.get("MPIEXEC"):  # the user asked for this one: do not continue without it
            raise
        say.echo(f"{error}: {unavailable}")
        return None
    if mpi is None:
        say.echo(f"no mpiexec on PATH: {unavailable}; {HOW_TO_GET}")
    return mpi
