"""The pins of `toolchain.toml`."""

from repro import ROOT
from repro.study.toml import Strict, load_toml


class Tarball(Strict):
    """An official Julia tarball."""

    url: str
    """Where it is published."""

    sha256: str
    """Its hash, hexadecimal."""


class DebianJulia(Strict):
    """Julia as Debian packages it."""

    suite: str
    """The Debian release that has it."""

    version: str
    """Julia's version there."""

    packages: tuple[str, ...]
    """Julia and the libraries of the same suite that it needs."""


class JuliaPins(Strict):
    """Julia, by the two ways it can come."""

    version: str
    """The version of the study."""

    tarball: dict[str, Tarball]
    """The official tarball, by machine (`uname -m`)."""

    debian: DebianJulia
    """What serves where the official tarball cannot be had."""


class SlurmNotes(Strict):
    """The host's Slurm, which nothing here installs."""

    tried: str
    """The version that everything was tried with."""


class OpenCodePins(Strict):
    """The coding agent, from npm."""

    package: str
    """The package that holds the program for this architecture."""

    version: str
    """Its version."""

    integrity: str
    """Its tarball's hash, as npm writes it: `sha512-` and base64."""


class LocalModelPins(Strict):
    """The small model that runs locally."""

    name: str
    """Its name in `studies/models/`."""

    sha256: str
    """Of its weights, a GGUF file."""

    cmake: tuple[str, ...]
    """How llama.cpp is built."""


class ImagePins(Strict):
    """The container image."""

    base: str
    """Tag of the image that it starts from."""

    suite: str
    """The Debian release of that image."""

    python: str
    """The release's Python, as `3.13`."""

    openmpi: str
    """The release's Open MPI."""

    packages: tuple[str, ...]
    """The release's packages that the image needs."""

    build_packages: tuple[str, ...]
    """Packages that only its first stage needs."""

    cpu_target: str
    """What Julia's packages are compiled for, as JULIA_CPU_TARGET."""


class Toolchain(Strict):
    """Everything that is pinned outside of Python's and Julia's own lock files."""

    julia: JuliaPins
    """Julia."""

    locks: dict[str, str]
    """The sha256 of the lock files, by path in the checkout."""

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
    """The pins of the checkout.

    Raises:
        UserError: `toolchain.toml` is missing or wrong.
    """
    return load_toml(PINS, Toolchain)
