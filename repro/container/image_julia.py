"""Fetches Julia and its packages for the image, as archives.

Julia's archive has one directory at its top, with `bin/julia` in it. The depot's archive has the
depot's directories at its top; it is empty for a Julia that cannot use the packages.
"""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from repro.container.apt import run_tool
from repro.container.julia import PROJECT
from repro.container.julia_packages import check_lock
from repro.container.julia_setup import download_tarball, fetch_debian
from repro.container.pins import DebianJulia, Tarball
from repro.errors import UserError

_INSTANTIATE = "using Pkg; Pkg.instantiate(; manifest=true)"


def fetch_julia(pin: Tarball | DebianJulia, made: Path, work: Path) -> None:
    """Fetch the official tarball, or archive Debian's unpacked packages.

    Raises:
        UserError: Julia cannot be downloaded.
    """
    if isinstance(pin, Tarball):
        try:
            download_tarball(pin, work).rename(made)
        except UserError as error:
            raise UserError(f"{error}; --julia debian uses Debian's Julia instead") from error
        return
    tree = work / "julia"
    fetch_debian(pin, tree, lambda _message: None)
    (tree / "bin").mkdir(exist_ok=True)
    (tree / "bin" / "julia").symlink_to("../julia")
    _archive(work, made, "julia")


def fetch_depot(julia: Path, variant: str, made: Path, work: Path) -> None:
    """Fetch the packages that julia/Manifest.toml pins with the image's own Julia.

    They are compiled during the build of the image, which has the MPI for which they are compiled.

    Args:
        julia: the archive made by `fetch_julia`.
        variant: `official`; no other can use the packages.
        made: path of the depot's archive.
        work: an empty directory.

    Raises:
        UserError: Julia cannot fetch them.
    """
    depot = work / "depot"
    depot.mkdir()
    if variant == "official":
        with tarfile.open(julia) as tar:
            tar.extractall(work / "julia", filter="data")
        (tree,) = (work / "julia").iterdir()
        check_lock()
        project = shutil.copytree(PROJECT, work / "project")
        _instantiate(tree / "bin" / "julia", project, depot)
    _archive(depot, made, *sorted(os.listdir(depot)))


def _instantiate(julia: Path, project: Path, depot: Path) -> None:
    variables = {"JULIA_DEPOT_PATH": f"{depot}:", "JULIA_PKG_PRECOMPILE_AUTO": "0"}
    done = subprocess.run(
        [julia, "--startup-file=no", f"--project={project}", "-e", _INSTANTIATE],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise UserError(
            f"Julia's packages cannot be fetched ({(errors or ['no reason given'])[-1]}); check "
            "that its package servers can be reached, or make an image without them: --julia debian"
        )


def _archive(directory: Path, made: Path, *names: str) -> None:
    """Archive `names` of a directory: sorted, owned by root, lightly compressed."""
    run_tool(
        ["tar", "--create", "--use-compress-program", "gzip -1 -n", "--file", str(made),
         "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--directory", str(directory),
         *(names or ("--files-from", "/dev/null"))],
        f"{made.name} cannot be written",
    )  # fmt: skip
