"""Makes the root file system on which an image is based, as a tar archive.

It is Debian's own image if a registry can be reached; otherwise the same release, made by
mmdebstrap from the mirror of this machine's apt. `origin.txt` next to the archive records which.
"""

import shutil
import subprocess
import tarfile
from pathlib import Path

from repro.container.apt import KEYRING, debian_mirror, run_tool
from repro.container.pins import ImagePins
from repro.errors import UserError

ORIGIN = "origin.txt"
_STATUS = ("./var/lib/dpkg/status", "var/lib/dpkg/status")
_NOT_NEEDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
"""Files that Debian's slim images leave out."""

_OF_THIS_MACHINE = (
    'rm "$1"/etc/hostname "$1"/etc/apt/sources.list && truncate --size 0 "$1"/etc/resolv.conf'
)
"""Removes the files in which mmdebstrap leaves traces of this machine."""

_FIXED_TIME = "1779062400"
"""2026-05-18, the day of the pinned image: the archive must not contain today's time."""


def fetch_base(pins: ImagePins, made: Path, work: Path) -> None:
    """Make a directory with `base.tar` and `origin.txt`.

    Raises:
        UserError: no registry and no Debian mirror can be reached.
    """
    made.mkdir()
    archive = made / "base.tar"
    origin = pins.base
    if not _pull(pins.base, archive, work):
        _bootstrap(pins.suite, archive, work)
        origin = f"Debian {pins.suite} by mmdebstrap, because {pins.base} could not be pulled"
    (made / ORIGIN).write_text(f"{origin}\n", encoding="utf-8")


def mirror_here() -> str:
    """Return this machine's Debian mirror.

    Raises:
        UserError: there is none.
    """
    mirror = debian_mirror()
    if mirror is None:
        raise UserError(
            "no Debian mirror in this machine's apt configuration; fetch on a Debian machine, "
            "then build here with --offline"
        )
    return mirror


def installed_in(archive: Path) -> str:
    """Read the list of installed packages from the archive of a root file system.

    Raises:
        UserError: it is not a Debian.
    """
    with tarfile.open(archive) as tar:
        for name in _STATUS:
            try:
                stream = tar.extractfile(name)
            except KeyError:
                continue
            if stream:
                return stream.read().decode()
    raise UserError(f"{archive}: not a Debian root file system; remove it and fetch again")


def _pull(image: str, archive: Path, work: Path) -> bool:
    """Pull the image with an installed engine; False if none can."""
    for engine in ("docker", "podman"):
        if shutil.which(engine) and _said([engine, "pull", "--quiet", image]) is not None:
            made = _said([engine, "create", image])
            if made:
                run_tool([engine, "export", "--output", str(archive), made], "cannot be exported")
                _said([engine, "rm", made])
                return True
    if not shutil.which("apptainer"):
        return False
    root = work / "root"
    if _said(["apptainer", "build", "--sandbox", str(root), f"docker://{image}"]) is None:
        return False
    # Leave out the files that Apptainer adds.
    own = ["--exclude=./.singularity.d", "--exclude=./singularity", "--exclude=./environment"]
    owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"]
    tar = ["tar", "--create", "--file", str(archive), *owner, *own, "--directory", str(root), "."]
    run_tool(tar, "the pulled image cannot be archived")
    return True


def _said(command: list[str]) -> str | None:
    """Return a program's output; None if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()


def _bootstrap(suite: str, archive: Path, work: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise UserError(
            "no container registry can be reached, and mmdebstrap, which makes the base image from "
            "a mirror, is missing; apt-get install mmdebstrap"
        )
    source = f"deb [signed-by={KEYRING}] {mirror_here()} {suite} main"
    cleanup = f"--customize-hook={_OF_THIS_MACHINE}"
    leave_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in _NOT_NEEDED]
    run_tool(
        ["env", f"TMPDIR={work}", f"SOURCE_DATE_EPOCH={_FIXED_TIME}",
         "mmdebstrap", "--quiet", "--variant=minbase", *leave_out, cleanup, suite, str(archive),
         source],
        f"mmdebstrap cannot make a Debian {suite}",
    )  # fmt: skip
