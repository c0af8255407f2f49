"""Programs inside a container image: the one place where an `apptainer exec` line is made.

The image holds Julia, its packages, MPI, and this package with the harness. What it holds is asked
of itself: `python -m repro.container.inside` runs in it.
"""

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from repro import ROOT
from repro.container.julia import Julia
from repro.container.mpi import Mpi
from repro.container.sif import squashfs_sha256
from repro.errors import UserError

HOME_IN_IMAGE = Path("/opt/repro")
PYTHON = str(HOME_IN_IMAGE / ".venv/bin/python")
DEPOT = "/opt/julia-depot"
"""In the image: this package, its Python, and Julia's packages, read-only."""

_HOST_ENV = Path(__file__).with_name("host_env.sh")

START_SECONDS = 120
"""For a container to start and Julia in it: an image may lie on a slow file system."""

_WAYS: tuple[tuple[str, ...], ...] = ((), ("--userns",))
"""Installed with setuid, or found to need a user namespace: the first that works is taken."""


@dataclass(frozen=True)
class Image:
    """A container image that starts here."""

    path: Path
    """Absolute: jobs on nodes use the same."""

    digest: str
    """`sha256:` and the hash of its squashfs partition: the same for the same content."""

    apptainer: Path
    options: tuple[str, ...] = ()
    """What Apptainer has to be told on this machine."""

    entered: bool = False
    """This process runs in it, and `apptainer` is the host's, which only the host can start."""

    def line(self, *, home: Path | None = None, binds: tuple[Path, ...] = ()) -> list[str]:
        """What stands before a command of this process: as `start`, nothing if it is entered."""
        return [] if self.entered else self.start(home=home, binds=binds)

    def start(
        self,
        *,
        home: Path | None = None,
        binds: tuple[Path, ...] = (),
        host_mpi: Path | None = None,
    ) -> list[str]:
        """What stands before a command to run it in the image, said outside of it.

        The command gets the caller's environment, and the image's own where both have a say. The
        process tree stays visible, so that a watchdog outside can sample it and send it signals.

        Args:
            home: the directory that is to be its home and working directory, with a Julia depot of
                its own before the image's, which is read-only; none: no home.
            binds: directories that it sees at the same place, besides /tmp and its home.
            host_mpi: the image's MPI library, in whose place the host's is to be: that which
                `host_env.sh` has copied, which must be Open MPI like the image's.
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
            for reader in ("OMPI", "PMIX"):  # else they find the image's, of another version
                plugins = f"{reader}_MCA_mca_base_component_path={there / 'plugins'}"
                words += ["--env", plugins]
        return [*words, str(self.path)]


@dataclass(frozen=True)
class Inside:
    """What an image holds."""

    julia: Julia
    mpi: Mpi | None
    project: Path
    """Where the harness is, in the image."""


def depots(home: Path) -> str:
    """JULIA_DEPOT_PATH in the image: a depot that can be written, its own, those of Julia."""
    return f"{home / '.julia'}:{DEPOT}:"


def host_client(name: str) -> Path:
    """Where `host_env.sh` puts a client of the host's Slurm for use in an image."""
    return _host_directory() / "bin" / name


def _host_directory() -> Path:
    return Path(f"/tmp/repro-host-{os.getuid()}")  # noqa: S108 - `host_env.sh` checks whose it is


def host_env(sif: str) -> str:
    """A line for a shell of the host that makes its Slurm work in the image of the file `sif`."""
    words = ["/bin/sh", "-c", _HOST_ENV.read_text(encoding="utf-8"), "host-env", sif]
    return f'eval "$({shlex.join(words)})"'


def own_image() -> Image | None:
    """The image that this process runs in; None outside of Apptainer.

    Raises:
        UserError: the image's file cannot be seen from inside, so it cannot be named by its hash.
    """
    said = os.environ.get("APPTAINER_CONTAINER")
    if said is None or ROOT != HOME_IN_IMAGE:
        return None
    path = Path(said)
    if not path.is_file():
        raise UserError(
            f"{said}: the image cannot see its own file, whose hash every result carries: say "
            f'`eval "$(apptainer run {said} host-env)"` first, or bind it: --bind {said}'
        )
    apptainer, *options = shlex.split(os.environ.get("REPRO_HOST_APPTAINER", "apptainer"))
    digest = f"sha256:{squashfs_sha256(path)}"
    return Image(path, digest, Path(apptainer), tuple(options), entered=True)


def image_here() -> Path | None:
    """The image that lies where one is built: `repro.sif`, here or in the checkout.

    None too where Apptainer is not on PATH, or this runs in an image already.
    """
    if "APPTAINER_CONTAINER" in os.environ or shutil.which("apptainer") is None:
        return None
    return next((p for p in (Path("repro.sif"), ROOT / "repro.sif") if p.is_file()), None)


def open_image(path: Path) -> Image:
    """The image in a file, and how it is to be started here.

    Raises:
        UserError: there is no such image, no Apptainer, or it does not start.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such image; `repro image build --output {path}` makes one")
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
    """What an image holds, by its own word.

    Raises:
        UserError: it does not say.
    """
    said = json.loads(_run(image, PYTHON, "-P", "-m", "repro.container.inside"))
    julia = said["julia"] | {
        "path": Path(said["julia"]["path"]),
        "packages": tuple(said["julia"]["packages"]),
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
            f"{image.path}: {command[0]} does not run in it ({last}); `repro image verify "
            f"{image.path}` says whether it is whole"
        )
    return answer.stdout
