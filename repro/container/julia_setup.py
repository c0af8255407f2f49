"""Fetching Julia: the pinned official tarball, else Debian 11's packages. Neither needs root."""

import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from repro.container.julia import TOOLCHAIN, Julia, find_julia, probe
from repro.container.pins import DebianJulia, JuliaPins, Tarball, load_pins
from repro.errors import UserError
from repro.files import writing

Say = Callable[[str], None]
CONNECT_SECONDS, READ_SECONDS = 10, 60


def ensure_julia(say: Say, toolchain: Path = TOOLCHAIN) -> Julia:
    """The Julia that `find_julia` finds; if there is none, one fetched into `toolchain`.

    Raises:
        UserError: there is none and none can be fetched; says what to install by hand.
    """
    try:
        return find_julia()
    except UserError as error:
        if os.environ.get("JULIA"):  # asked for by name: another one would be a surprise
            raise
        say(str(error).split(";")[0])
    with writing(toolchain):
        toolchain.mkdir(exist_ok=True)
        return fetch_julia(load_pins().julia, toolchain, say)


def fetch_julia(pins: JuliaPins, toolchain: Path, say: Say) -> Julia:
    """Fetch the official tarball, or where that cannot be had, Debian's packages."""
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
    """Download, check by hash, unpack beside `target` and rename: never half a Julia.

    Raises:
        UserError: the server cannot be reached or the hash differs.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    downloader = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".julia-") as scratch:
        try:
            archive = pooch.retrieve(
                pin.url, f"sha256:{pin.sha256}", "julia.tar.gz", scratch, downloader=downloader
            )
        except requests.RequestException as error:
            raise UserError("Julia's download server cannot be reached from here") from error
        except ValueError as error:
            raise UserError(f"{pin.url}: not the pinned file: its sha256 differs") from error
        with tarfile.open(archive) as tar:
            tar.extractall(Path(scratch) / "unpacked", filter="data")
        (tree,) = (Path(scratch) / "unpacked").iterdir()
        julia = probe(tree / "bin" / "julia", ".toolchain")
        tree.rename(target)
    say(f"Julia {julia.version} is in {target}")
    return probe(target / "bin" / "julia", ".toolchain")


def fetch_debian(pin: DebianJulia, target: Path, say: Say) -> Julia:
    """Download Debian's packages with apt and unpack them into `target`; nothing is installed.

    Raises:
        UserError: this is no Debian, or its mirror does not carry the suite.
    """
    mirror = _debian_mirror()
    if mirror is None or not shutil.which("dpkg-deb"):
        raise UserError(
            "no Julia and no way to fetch one here: install Julia 1.12 by hand and set JULIA to it"
        )
    say(f"fetching Julia {pin.version} from Debian {pin.suite}: 63 MB")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".debian-") as scratch:
        tree = Path(scratch) / target.name
        tree.mkdir()
        for package in _download(pin, mirror, Path(scratch)):
            _run(["dpkg-deb", "-x", str(package), str(tree)], f"{package.name} cannot be unpacked")
        _write_wrapper(tree)
        tree.rename(target)
    say(f"Julia {pin.version} is in {target}")
    return probe(target / "julia", ".toolchain")


def _debian_mirror() -> str | None:
    """The mirror of Debian's main archive that this machine's apt uses, or None."""
    if not shutil.which("apt-get"):
        return None
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    for wanted in (["Origin: Debian", "Component: main"], ["Component: main"]):
        found = subprocess.run([*asked, *wanted], capture_output=True, text=True, check=False)
        mirrors = [
            line for line in found.stdout.splitlines() if line.rstrip("/").endswith("debian")
        ]
        if mirrors:
            return mirrors[0]
    return None


def _download(pin: DebianJulia, mirror: str, scratch: Path) -> list[Path]:
    """Fetch the packages with an apt whose state and sources are all in `scratch`."""
    for name in ("state/lists/partial", "cache/archives/partial", "sources", "packages"):
        (scratch / name).mkdir(parents=True)
    (scratch / "state" / "status").touch()
    (scratch / "sources" / "debian.sources").write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {pin.suite}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        encoding="utf-8",
    )
    options = {
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "state" / "status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": scratch / "sources",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "-qq", *(f"-o{key}={value}" for key, value in options.items())]
    _run([*apt, "update"], f"the Debian mirror of this machine does not serve {pin.suite}")
    _run(
        [*apt, "download", *pin.packages],
        f"Debian {pin.suite}'s packages cannot be downloaded",
        cwd=scratch / "packages",
    )
    return sorted((scratch / "packages").glob("*.deb"))


def _run(command: list[str], problem: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise UserError(f"{problem}; install Julia 1.12 by hand and set JULIA to it ({last})")


def _write_wrapper(tree: Path) -> None:
    """Start Julia with the libraries that lie beside it."""
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
