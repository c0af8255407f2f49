"""Fetches Julia without root: the pinned official tarball, otherwise Debian 11's packages."""

import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from repro.container.apt import debian_mirror, private_apt, run_tool
from repro.container.julia import TOOLCHAIN, Julia, find_julia, probe
from repro.container.pins import DebianJulia, JuliaPins, Tarball, load_pins
from repro.errors import UserError
from repro.files import writing

Say = Callable[[str], None]
CONNECT_SECONDS, READ_SECONDS = 10, 60


def ensure_julia(say: Say, toolchain: Path = TOOLCHAIN) -> Julia:
    """Return the Julia of `find_julia`; if there is none, fetch one into `toolchain`.

    Raises:
        UserError: there is none and none can be fetched; the message says what to install.
    """
    try:
        return find_julia()
    except UserError as error:
        if os.environ.get("JULIA"):  # the user asked for this one: do not use another
            raise
        say(str(error).split(";")[0])
    with writing(toolchain):
        toolchain.mkdir(exist_ok=True)
        return fetch_julia(load_pins().julia, toolchain, say)


def fetch_julia(pins: JuliaPins, toolchain: Path, say: Say) -> Julia:
    """Fetch the official tarball; if that fails, Debian's packages."""
    tarball = pins.tarball.get(platform.machine())
    target = toolchain / f"julia-{pins.version}"
    if tarball:
        say(f"fetching Julia {pins.version}")
        try:
            return fetch_tarball(tarball, target, say)
        except UserError as error:
            say(f"{error}; trying Debian's Julia {pins.debian.version}")
    return fetch_debian(pins.debian, toolchain / f"julia-debian-{pins.debian.version}", say)


def fetch_tarball(pin: Tarball, target: Path, say: Say) -> Julia:
    """Download Julia, check its hash, unpack it under a temporary name and rename it.

    Raises:
        UserError: the server cannot be reached or the hash differs.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".julia-") as scratch:
        archive = download_tarball(pin, Path(scratch))
        with tarfile.open(archive) as tar:
            tar.extractall(Path(scratch) / "unpacked", filter="data")
        (tree,) = (Path(scratch) / "unpacked").iterdir()
        julia = probe(tree / "bin" / "julia", ".toolchain")
        tree.rename(target)
    say(f"Julia {julia.version} is in {target}")
    return probe(target / "bin" / "julia", ".toolchain")


def download_tarball(pin: Tarball, directory: Path) -> Path:
    """Download the tarball into `directory` and check its hash.

    Raises:
        UserError: the server cannot be reached or the hash differs.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    downloader = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
    try:
        archive = pooch.retrieve(
            pin.url, f"sha256:{pin.sha256}", "julia.tar.gz", directory, downloader=downloader
        )
    except requests.RequestException as error:
        raise UserError("Julia's download server cannot be reached") from error
    except ValueError as error:
        raise UserError(f"{pin.url}: not the pinned file: its sha256 differs") from error
    return Path(archive)


def fetch_debian(pin: DebianJulia, target: Path, say: Say) -> Julia:
    """Download Debian's packages with apt and unpack them into `target`; nothing is installed.

    Raises:
        UserError: this is not a Debian, or its mirror does not have the suite.
    """
    mirror = debian_mirror()
    if mirror is None or not shutil.which("dpkg-deb"):
        raise UserError(
            "no Julia found, and none can be fetched; install Julia 1.12 and set JULIA to it"
        )
    say(f"fetching Julia {pin.version} from Debian {pin.suite}: 64 MB")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".debian-") as scratch:
        tree = Path(scratch) / target.name
        tree.mkdir()
        try:
            for package in _download(pin, mirror, Path(scratch)):
                unpack = ["dpkg-deb", "-x", str(package), str(tree)]
                run_tool(unpack, f"{package.name} cannot be unpacked")
        except UserError as error:
            raise UserError(f"{error}; install Julia 1.12 and set JULIA to it") from error
        _write_wrapper(tree)
        tree.rename(target)
    say(f"Julia {pin.version} is in {target}")
    return probe(target / "julia", ".toolchain")


def _download(pin: DebianJulia, mirror: str, scratch: Path) -> list[Path]:
    apt = private_apt(scratch, mirror, pin.suite)
    packages = scratch / "packages"
    packages.mkdir()
    problem = f"Debian {pin.suite}'s packages cannot be downloaded"
    run_tool([*apt, "download", *pin.packages], problem, cwd=packages)
    return sorted(packages.glob("*.deb"))


def _write_wrapper(tree: Path) -> None:
    """Write a script that starts Julia with the libraries unpacked next to it."""
    wrapper = tree / "julia"
    wrapper.write_text(
        "#!/bin/sh\n"
        'here=$(dirname "$(readlink -f "$0")")\n'
        'for dir in "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu; do\n'
        '    [ -d "$dir" ] && LD_LIBRARY_PATH=$dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n'
        "done\n"
        "export LD_LIBRARY_PATH\n"
        'exec "$here/usr/bin/julia" "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
