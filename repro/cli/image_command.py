"""`repro image`: fetch the parts of the container image, build it, check it."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from repro.cli import options, say
from repro.cli.findings import print_finding
from repro.container.image_build import (
    SOURCE,
    Build,
    Engine,
    arguments,
    base_origin,
    build_image,
    check_engine,
)
from repro.container.image_fetch import Variant, check_machine, items
from repro.container.image_source import look_at_source, write_source
from repro.container.image_store import check, fill
from repro.container.julia import TOOLCHAIN
from repro.container.pins import load_pins
from repro.records import json_of

CACHE = TOOLCHAIN / "image-cache"
_PATH = click.Path(path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])


def _julia(function: F) -> F:
    return click.option(
        "--julia",
        "variant",
        type=click.Choice(["official", "debian"]),
        default="official",
        show_default=True,
        help="The study's Julia with Dagger.jl and MPI.jl, or Debian 11's without them.",
    )(function)


@click.group()
def command() -> None:
    """Build and check the container image, which has everything a cell needs."""


@command.command()
@click.argument("directory", type=_PATH)
@_julia
@options.dry_run
def fetch(directory: Path, variant: Variant, *, dry_run: bool) -> None:
    """Fetch all parts of the image into DIRECTORY and check each.

    This machine's own clients (apt, pip, npm, Julia) download them with their own configuration;
    hashes and signatures are checked, and DIRECTORY/SHA256SUMS lists the files. Existing parts are
    kept: the same command resumes.
    """
    check_machine()
    wanted = items(load_pins(), variant, directory)
    if dry_run:
        for item in wanted:
            say.echo(f"would fetch {item.name}: {item.what}")
        return
    fill(directory, wanted, _say)
    say.echo(f"{directory}: build with `repro image build --offline {directory}`")


@command.command()
@click.option(
    "--output", type=_PATH, help="The image.  [default: repro.sif; repro.tar with other engines]"
)
@click.option(
    "--engine",
    type=click.Choice(["apptainer", "docker", "podman", "buildah"]),
    default="apptainer",
    show_default=True,
    help="Build tool; all except apptainer write an archive for `docker load`.",
)
@click.option(
    "--offline",
    type=_PATH,
    metavar="DIRECTORY",
    help="Build from a directory of `repro image fetch`.  [default: fetch into "
    ".toolchain/image-cache first]",
)
@_julia
@options.dry_run
def build(
    output: Path | None, engine: Engine, offline: Path | None, variant: Variant, *, dry_run: bool
) -> None:
    """Build the image. The build itself needs no network.

    The engine's log (IMAGE.log) and the image's hash and labels (IMAGE.json) are written next to
    the image. The image contains this checkout, uncommitted changes included; its label records
    them. `apptainer build repro.sif docker-archive:repro.tar` turns an archive into a SIF.
    """
    check_machine()
    check_engine(engine)
    pins, store = load_pins(), offline or CACHE
    wanted, source = items(pins, variant, store), look_at_source()
    target = output or Path("repro.sif" if engine == "apptainer" else "repro.tar")
    if dry_run:
        given = arguments(pins, variant, source, pins.image.base)
        _print_plan(Build(engine, store, target, given, source.time))
        return
    if offline is None:
        fill(store, wanted, _say)
    check(store, wanted)
    write_source(source, store / SOURCE)
    given = arguments(pins, variant, source, base_origin(store))
    digest = build_image(Build(engine, store, target, given, source.time), _say)
    say.echo(f"{digest}  {target}")


@command.command()
@click.argument("sif", type=_PATH)
@options.as_json
def verify(sif: Path, *, as_json: bool) -> None:
    """Check an Apptainer image: hash, labels, signature and required files.

    Exit code 1 if a check fails.
    """
    from repro.container.image_verify import findings

    found = findings(sif)
    if as_json:
        say.echo(json.dumps([json_of(finding) for finding in found], indent=2))
    else:
        for finding in found:
            print_finding(finding)
    if any(finding.blocks for finding in found):
        raise SystemExit(1)


def _say(message: str) -> None:
    say.echo(message, err=True)


def _print_plan(build: Build) -> None:
    say.echo(f"would write {build.output}, {build.log.name} and {build.record.name}")
    for key, value in build.arguments.items():
        say.echo(f"    {key}={value}")
    for line in build.commands():
        say.echo(f"would run, in {build.store}: {shlex.join(line)}")
