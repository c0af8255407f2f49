"""Finds the coding agent OpenCode, or fetches it with npm and checks it."""

import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from repro.container.image_fetch import check_machine, fetch_opencode
from repro.container.julia import TOOLCHAIN
from repro.container.pins import load_pins
from repro.errors import UserError
from repro.files import writing

IN_IMAGE = Path("/opt/opencode/bin/opencode")


@dataclass(frozen=True)
class OpenCode:
    """The pinned OpenCode."""

    path: Path
    version: str


def find_opencode(toolchain: Path = TOOLCHAIN) -> OpenCode:
    """Return OpenCode in `.toolchain/`, otherwise the image's.

    Raises:
        UserError: it is in neither.
    """
    version = load_pins().opencode.version
    for path in (_path(toolchain), IN_IMAGE):
        if path.is_file():
            return OpenCode(path, version)
    raise UserError("no OpenCode found; fetch it with `repro setup --agent`")


def ensure_opencode(toolchain: Path = TOOLCHAIN) -> OpenCode:
    """Return OpenCode; fetch it if it is missing.

    Raises:
        UserError: npm is missing or cannot fetch it, or the file is not the pinned one.
    """
    try:
        return find_opencode(toolchain)
    except UserError:
        check_machine()
    path = _path(toolchain)
    with writing(toolchain):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=toolchain, prefix=".opencode.") as name:
            work = Path(name)
            fetch_opencode(load_pins().opencode, work / "package.tgz", work)
            with tarfile.open(work / "package.tgz") as tarball:
                tarball.extract("package/bin/opencode", work, filter="data")
            shutil.move(work / "package/bin/opencode", path)
    return find_opencode(toolchain)


def _path(toolchain: Path) -> Path:
    pins = load_pins().opencode
    return toolchain / "opencode" / pins.version / "bin" / "opencode"
