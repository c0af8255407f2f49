"""Fetches the parts of an image with this machine's own clients."""

import base64
import hashlib
import platform
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from repro import ROOT
from repro.container.apt import download_closure, private_apt, run_tool
from repro.container.image_base import fetch_base, installed_in, mirror_here
from repro.container.image_julia import fetch_depot, fetch_julia
from repro.container.image_lock import image_lock
from repro.container.image_store import Item
from repro.container.pins import ImagePins, OpenCodePins, Toolchain
from repro.errors import UserError
from repro.files import reading

Variant = Literal["official", "debian"]
LOCK = ROOT / "requirements.lock"
MACHINE = "x86_64"
"""The only architecture for which agent and wheels are pinned."""

_GLIBC = ("2_28", "2_27", "2_24", "2_17", "2_12", "2_5")
"""The glibc versions in the manylinux tags of the locked wheels; all older than the image's."""


def items(pins: Toolchain, variant: Variant, store: Path) -> Sequence[Item]:
    """List the parts of an image in the order in which they are fetched."""
    image, julia, agent = pins.image, pins.julia, pins.opencode
    with reading(LOCK):
        lock = image_lock(LOCK.read_text(encoding="utf-8"), image.python)
    debs = partial(_fetch_debs, image, store)
    base = f"{image.base} {image.suite}"
    manifest = (ROOT / "julia" / "Manifest.toml").read_text(encoding="utf-8")
    chosen = julia.tarball[MACHINE] if variant == "official" else julia.debian
    return [
        Item("base", base, f"{image.base}, or Debian {image.suite} of this machine's mirror",
             partial(fetch_base, image)),
        Item("debs", f"{base} {image.packages}", "Debian packages",
             partial(debs, image.packages)),
        Item("debs-build", f"{base} {image.build_packages}", "Debian packages of the first stage",
             partial(debs, image.build_packages)),
        Item("wheels", f"{image.python}\n{lock}", "Python packages",
             partial(_fetch_wheels, lock, image.python)),
        Item("opencode.tgz", f"{agent}", f"OpenCode {agent.version}",
             partial(fetch_opencode, agent)),
        Item(f"julia-{variant}.tar.gz", f"{chosen}", "Julia",
             partial(fetch_julia, chosen)),
        Item(f"depot-{variant}.tar.gz", f"{chosen}\n{manifest}", "Julia's packages",
             partial(fetch_depot, store / f"julia-{variant}.tar.gz", variant)),
    ]  # fmt: skip


def check_machine() -> None:
    """Refuse an architecture for which no part is pinned.

    Raises:
        UserError: this machine has such an architecture.
    """
    if platform.machine() != MACHINE:
        raise UserError(
            f"the image's parts are pinned only for {MACHINE}, but this machine is "
            f"{platform.machine()}; fetch and build on {MACHINE}"
        )


def _fetch_debs(
    pins: ImagePins, store: Path, packages: tuple[str, ...], made: Path, work: Path
) -> None:
    apt = private_apt(work, mirror_here(), pins.suite, installed_in(store / "base" / "base.tar"))
    made.mkdir()
    for path in download_closure(apt, packages, work):
        path.rename(made / path.name)


def _fetch_wheels(lock: str, python: str, made: Path, work: Path) -> None:
    """Download the wheels for the image's Python; pip checks the hashes."""
    del work
    made.mkdir()
    requirements = made / "requirements.txt"
    requirements.write_text(lock, encoding="utf-8")
    platforms = [f"manylinux_{version}_{MACHINE}" for version in _GLIBC]
    platforms += [f"manylinux{year}_{MACHINE}" for year in (2014, 2010, 1)]
    tag = python.replace(".", "")
    command = [
        sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download",
        "--require-hashes", "--requirement", requirements, "--dest", made,
        "--no-deps", "--only-binary", ":all:", "--python-version", python,
        "--implementation", "cp", "--abi", f"cp{tag}", "--abi", "abi3", "--abi", "none",
        *(f"--platform={name}" for name in (*platforms, "any")),
    ]  # fmt: skip
    problem = "pip cannot download the pinned wheels; check its configuration of package indexes"
    run_tool([str(word) for word in command], problem)


def fetch_opencode(pin: OpenCodePins, made: Path, work: Path) -> None:
    """Fetch OpenCode's package with npm and check its integrity string."""
    if not shutil.which("npm"):
        raise UserError(
            "npm: not on PATH, but needed to fetch OpenCode; install it (Debian: apt-get install "
            "npm)"
        )
    # npm reads a project's settings from the current directory: run it in the scratch directory.
    run_tool(
        [
            "npm",
            "pack",
            "--silent",
            "--pack-destination",
            str(work),
            f"{pin.package}@{pin.version}",
        ],
        f"npm cannot fetch {pin.package} {pin.version}",
        cwd=work,
    )
    (tarball,) = work.glob("*.tgz")
    check_integrity(tarball, pin.integrity)
    tarball.rename(made)


def check_integrity(path: Path, integrity: str) -> None:
    """Compare a file with npm's integrity string, `sha512-` and base64.

    Raises:
        UserError: they differ.
    """
    algorithm, _, wanted = integrity.partition("-")
    with reading(path), path.open("rb") as stream:
        digest = hashlib.file_digest(stream, algorithm).digest()
    if base64.b64encode(digest).decode() != wanted:
        raise UserError(f"{path.name}: not the pinned file: its {algorithm} differs")
