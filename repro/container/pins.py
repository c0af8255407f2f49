"""The pins of `toolchain.toml`."""

from repro import ROOT
from repro.study.load import load_toml
from repro.study.model import Strict


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


class Toolchain(Strict):
    """Everything that is pinned outside of Python's and Julia's own lock files."""

    julia: JuliaPins
    """Julia."""


def load_pins() -> Toolchain:
    """The pins of the checkout.

    Raises:
        UserError: `toolchain.toml` is missing or wrong.
    """
    return load_toml(ROOT / "toolchain.toml", Toolchain)
