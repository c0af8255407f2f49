"""The pins of `toolchain.toml`."""

from repro import ROOT
from repro.study.toml import Strict, load_toml


class Tarball(Strict):
    """An official Julia tarball."""

    url: str
    """Its published URL."""

    sha256: str
    """Its hash, hexadecimal."""


class DebianJulia(Strict):
    """Julia from Debian."""

    suite: str
    """The Debian release that has it."""

    version: str
    """Julia's version in that release."""

    packages: tuple[str, ...]
    """Julia and the libraries of the same release that it needs."""


class JuliaPins(Strict):
    """Julia, from its two sources."""

    version: str
    """The version of the study."""

    tarball: dict[str, Tarball]
    """The official tarball, by machine (`uname -m`)."""

    debian: DebianJulia
    """The replacement if the official tarball cannot be downloaded."""


class SlurmNotes(Strict):
    """The host's Slurm, which this package does not install."""

    tried: str
    """The version that everything was tested with."""


class OpenCodePins(Strict):
    """The coding agent, from npm."""

    package: str
    """The package with the program for this architecture."""

    version: str
    """Its version."""

    integrity: str
    """Its tarball's hash in npm's notation: `sha512-` and base64."""


class LocalModelPins(Strict):
    """The small model that runs locally."""

    name: str
    """Its name in `studies/models/`."""

    sha256: str
    """Hash of its weights, a GGUF file."""

    cmake: tuple[str, ...]
    """Options of cmake to build llama.cpp."""


class ImagePins(Strict):
    """The container image."""

    base: str
    """Tag of the base image."""

    suite: str
    """The Debian release of that image."""

    python: str
    """The release's Python, such as `3.13`."""

    openmpi: str
    """The release's Open MPI."""

    packages: tuple[str, ...]
    """Packages of the release that the image needs."""

    build_packages: tuple[str, ...]
    """Packages that only its first build stage needs."""

    cpu_target: str
    """CPUs for which Julia's packages are compiled, as JULIA_CPU_TARGET."""


class Toolchain(Strict):
    """All pins outside of Python's and Julia's own lock files."""

    julia: JuliaPins
    """Julia."""

    locks: dict[str, str]
    """SHA-256 of the lock files, by path in the checkout."""

    slurm: SlurmNotes
    """The host's Slurm."""

    opencode: OpenCodePins
    """The agent."""

    local_model: LocalModelPins
    """The small model that runs locally."""

    image: ImagePins
    """The image."""


PINS = ROOT / "toolchain.toml"


def load_pins() -> Toolchain:
    """Read the pins of the checkout.

    Raises:
        UserError: `toolchain.toml` is missing or wrong.
    """
    return load_toml(PINS, Toolchain)
