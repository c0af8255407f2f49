"""Julia and its packages for the image, as archives that unpack in place.

Each has one directory at its top, with `bin/julia` for Julia; the depot's archive has the depot's
own directories at its top, and none for a Julia that cannot have the packages.
"""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from repro.container.apt import run_tool
from repro.container.julia import PROJECT
from repro.container.julia_setup import download_tarball, fetch_debian
from repro.container.pins import DebianJulia, Tarball
from repro.errors import UserError

_INSTANTIATE = "using Pkg; Pkg.instantiate(; manifest=true)"


def fetch_julia(pin: Tarball | DebianJulia, made: Path, work: Path) -> None:
    """The official tarball as it is, or an archive of Debian's unpacked packages.

    Raises:
        UserError: it cannot be had.
    """
    if isinstance(pin, Tarball):
        try:
            download_tarball(pin, work).rename(made)
        except UserError as error:
            raise UserError(f"{error}; --julia debian takes Debian's Julia instead") from error
        return
    tree = work / "julia"
    fetch_debian(pin, tree, lambda _message: None)
    (tree / "bin").mkdir(exist_ok=True)
    (tree / "bin" / "julia").symlink_to("../julia")
    _archive(work, made, "julia")


def fetch_depot(julia: Path, variant: str, made: Path, work: Path) -> None:
    """The packages that julia/Manifest.toml pins, fetched by the image's own Julia.

    They are compiled when the image is built, for only there it has its MPI.

    Args:
        julia: the archive that `fetch_julia` made.
        variant: `official`; any other cannot have the packages.
        made: the depot's archive.
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
            f"Julia's packages cannot be fetched ({(errors or ['no reason given'])[-1]}); are its "
            "package servers reachable? --julia debian makes an image without them"
        )


def _archive(directory: Path, made: Path, *names: str) -> None:
    """Archive `names` of a directory: sorted, owned by root, compressed a little."""
    run_tool(
        ["tar", "--create", "--use-compress-program", "gzip -1 -n", "--file", str(made),
         "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--directory", str(directory),
         *(names or ("--files-from", "/dev/null"))],
        f"{made.name} cannot be written",
    )  # fmt: skip
