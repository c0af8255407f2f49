"""Runs programs in a container image: the only place that makes `apptainer exec` lines.

The image contains Julia, its packages, MPI, and this package with the harness. To learn their
versions, `python -m repro.container.inside` is run in it.
"""

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from repro import ROOT
from repro.container.julia import Julia, Package
from repro.container.mpi import Mpi
from repro.container.sif import squashfs_sha256
from repro.errors import UserError

HOME_IN_IMAGE = Path("/opt/repro")
PYTHON = str(HOME_IN_IMAGE / ".venv/bin/python")
DEPOT = "/opt/julia-depot"
"""Read-only paths in the image: this package, its Python, and Julia's packages."""

_HOST_ENV = Path(__file__).with_name("host_env.sh")

START_SECONDS = 120
"""Time for a container and Julia in it to start: the image can be on a slow file system."""

_WAYS: tuple[tuple[str, ...], ...] = ((), ("--userns",))
"""Options for an Apptainer with setuid, and for one that needs a user namespace; the first that
works is used."""


@dataclass(frozen=True)
class Image:
    """A container image that starts on this machine."""

    path: Path
    """Absolute, because jobs on nodes use the same path."""

    digest: str
    """`sha256:` and the hash of its squashfs partition: equal for equal content."""

    apptainer: Path
    options: tuple[str, ...] = ()
    """Options that Apptainer needs on this machine."""

    entered: bool = False
    """True if this process runs in it; `apptainer` is then the host's, for use on the host only."""

    def line(self, *, home: Path | None = None, binds: tuple[Path, ...] = ()) -> list[str]:
        """Return the words before a command: those of `start`, or none inside of the image."""
        return [] if self.entered else self.start(home=home, binds=binds)

    def start(
        self,
        *,
        home: Path | None = None,
        binds: tuple[Path, ...] = (),
        host_mpi: Path | None = None,
    ) -> list[str]:
        """Return the words before a command that run it in the image, from outside of the image.

        The command gets the caller's environment; the image's own variables take precedence. The
        process tree stays visible, so that a watchdog outside can sample it and send signals.

        Args:
            home: its home and working directory, with its own Julia depot before the image's
                read-only one; None for no home.
            binds: directories to bind at the same path, in addition to /tmp and home.
            host_mpi: the image's MPI library, to be replaced by the host's, which `host_env.sh` has
                copied and which must be Open MPI as well.
        """
        words = [str(self.apptainer), "exec", *self.options]
        words += ["--home", str(home), "--pwd", str(home)] if home else ["--no-home"]
        words += ["--env", f"JULIA_DEPOT_PATH={depots(home)}"] if home else []
        for path in binds:
            words += ["--bind", str(path)]
        if host_mpi:
            there = _host_directory() / "mpi"
            words += ["--bind", f"{there / host_mpi.name}:{host_mpi}"]
            words += ["--env", f"LD_LIBRARY_PATH={there}"]
            for reader in ("OMPI", "PMIX"):  # otherwise they find the image's, of another version
                plugins = f"{reader}_MCA_mca_base_component_path={there / 'plugins'}"
                words += ["--env", plugins]
        return [*words, str(self.path)]


@dataclass(frozen=True)
class Inside:
    """The content of an image."""

    julia: Julia
    mpi: Mpi | None
    project: Path
    """Path of the harness in the image."""


def depots(home: Path) -> str:
    """Return JULIA_DEPOT_PATH in the image: a writable depot, the image's, those of Julia."""
    return f"{home / '.julia'}:{DEPOT}:"


def host_client(name: str) -> Path:
    """Return the path where `host_env.sh` puts a client of the host's Slurm."""
    return _host_directory() / "bin" / name


def _host_directory() -> Path:
    return Path(f"/tmp/repro-host-{os.getuid()}")  # noqa: S108 - `host_env.sh` checks its owner


def host_env(sif: str) -> str:
    """Return a shell command for the host that makes its Slurm work in the image `sif`."""
    words = ["/bin/sh", "-c", _HOST_ENV.read_text(encoding="utf-8"), "host-env", sif]
    return f'eval "$({shlex.join(words)})"'


def own_image() -> Image | None:
    """Return the image that this process runs in; None outside of Apptainer.

    Raises:
        UserError: the image's file, whose hash identifies it, is not visible from inside.
    """
    said = os.environ.get("APPTAINER_CONTAINER")
    if said is None or ROOT != HOME_IN_IMAGE:
        return None
    path = Path(said)
    if not path.is_file():
        raise UserError(
            f"{said}: not visible in the image, but results record its hash; run "
            f'`eval "$(apptainer run {said} host-env)"` first, or bind it: --bind {said}'
        )
    apptainer, *options = shlex.split(os.environ.get("REPRO_HOST_APPTAINER", "apptainer"))
    digest = f"sha256:{squashfs_sha256(path)}"
    return Image(path, digest, Path(apptainer), tuple(options), entered=True)


def image_here() -> Path | None:
    """Return `repro.sif` in the current directory or the checkout; None if there is none.

    Also None if Apptainer is not on PATH, or if this process already runs in an image.
    """
    if "APPTAINER_CONTAINER" in os.environ or shutil.which("apptainer") is None:
        return None
    return next((p for p in (Path("repro.sif"), ROOT / "repro.sif") if p.is_file()), None)


def open_image(path: Path) -> Image:
    """Open an image, and find out how to start it on this machine.

    Raises:
        UserError: there is no such image, no Apptainer, or the image does not start.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such image; make one: `repro image build --output {path}`")
    found = shutil.which("apptainer")
    if found is None:
        raise UserError(
            "apptainer: not on PATH; install it, load its module, or run without --image"
        )
    digest = f"sha256:{squashfs_sha256(path)}"
    problem = ""
    for options in _WAYS:
        image = Image(path.absolute(), digest, Path(found), options)
        try:
            _run(image, "true")
        except UserError as error:
            problem = str(error)
        else:
            return image
    raise UserError(problem)


def ask_inside(image: Image) -> Inside:
    """Run a program in an image that reports its content.

    Raises:
        UserError: the program fails.
    """
    said = json.loads(_run(image, PYTHON, "-P", "-m", "repro.container.inside"))
    julia = said["julia"] | {
        "path": Path(said["julia"]["path"]),
        "packages": tuple(said["julia"]["packages"]),
        "details": tuple(Package(**told) for told in said["julia"].get("details", ())),
    }
    mpi = said["mpi"] and said["mpi"] | {
        key: Path(said["mpi"][key]) for key in ("mpiexec", "library")
    }
    return Inside(Julia(**julia), Mpi(**mpi) if mpi else None, Path(said["project"]))


def _run(image: Image, *command: str) -> str:
    """What a command in the image prints; a variable of this machine's is not to mislead it."""
    clean = replace(image, options=(*image.options, "--cleanenv"))
    try:
        answer = subprocess.run(
            [*clean.line(), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{image.path}: does not start within {START_SECONDS} s") from error
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
        raise UserError(
            f"{image.path}: {command[0]} does not run in it ({last}); check it with `repro image "
            f"verify {image.path}`"
        )
    return answer.stdout
