"""The coding agent: found where set-up or the image has put it, or fetched by npm, checked."""

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
    """OpenCode in `.toolchain/`, else the image's.

    Raises:
        UserError: neither has it.
    """
    version = load_pins().opencode.version
    for path in (_path(toolchain), IN_IMAGE):
        if path.is_file():
            return OpenCode(path, version)
    raise UserError("no OpenCode: `repro setup --agent` fetches it with npm")


def ensure_opencode(toolchain: Path = TOOLCHAIN) -> OpenCode:
    """As `find_opencode`; what is not there is fetched, whole or not at all.

    Raises:
        UserError: npm is missing or cannot fetch it, or it is not what is pinned.
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
