"""Programs inside a container image: the one place where an `apptainer exec` line is made.

The image holds Julia, its packages, MPI, and this package with the harness. What it holds is asked
of itself: `python -m repro.container.inside` runs in it.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from repro.container.julia import Julia
from repro.container.mpi import Mpi
from repro.container.sif import squashfs_sha256
from repro.errors import UserError

PYTHON = "/opt/repro/.venv/bin/python"
"""In the image."""

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

    def line(self, *, home: Path | None = None, binds: tuple[Path, ...] = ()) -> list[str]:
        """What stands before a command to run it in the image.

        The command gets the caller's environment, and the image's own where both have a say. The
        process tree stays visible, so that a watchdog outside can sample it and send it signals.

        Args:
            home: the directory that is to be its home and working directory; none: no home.
            binds: directories that it sees at the same place, besides /tmp and its home.
        """
        words = [str(self.apptainer), "exec", *self.options]
        words += ["--home", str(home), "--pwd", str(home)] if home else ["--no-home"]
        for path in binds:
            words += ["--bind", str(path)]
        return [*words, str(self.path)]


@dataclass(frozen=True)
class Inside:
    """What an image holds."""

    julia: Julia
    mpi: Mpi | None
    project: Path
    """Where the harness is, in the image."""


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
