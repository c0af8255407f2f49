"""The container image that tests start: with Debian's Julia, built once."""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from repro.container.image_build import arguments
from repro.container.image_source import look_at_source, write_source
from repro.container.image_store import SUMS
from repro.container.julia import TOOLCHAIN
from repro.container.pins import load_pins

from .place import REPRO
from conftest import skip

STORE, BUILT = TOOLCHAIN / "image-cache", TOOLCHAIN / "test-images"
INSTALLER = Path(__file__).with_name("install-apptainer.sh")
NEEDED = ("mmdebstrap", "newuidmap", "npm", "dpkg-deb", "buildah")
"""By those who fetch and build, besides Apptainer: tests/lab/install.sh brings all but npm."""


def install_apptainer() -> None:
    """Unpack Apptainer to where conftest.py has put it on PATH, or skip."""
    if shutil.which("apptainer"):
        return
    command = ["bash", str(INSTALLER), str(TOOLCHAIN / "apptainer")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"Apptainer ({done.stderr.strip().splitlines()[-1]})")


def build_image(output: Path, engine: str = "apptainer") -> None:
    """Build the image from the store, which is filled."""
    command = f"image build --julia debian --offline {STORE} --output {output} --engine {engine}"
    with tempfile.TemporaryDirectory(dir=output.parent) as storage:
        settings = Path(storage) / "storage.conf"
        places = f'graphroot = "{storage}/graph"\nrunroot = "{storage}/run"\n'
        settings.write_text(f'[storage]\ndriver = "vfs"\n{places}', encoding="utf-8")
        # Buildah can do without what a container that tests run in does not allow.
        mild = {"CONTAINERS_STORAGE_CONF": str(settings), "BUILDAH_ISOLATION": "chroot"}
        subprocess.run([REPRO, *command.split()], check=True, env=os.environ | mild)


def built_image() -> Path:
    """The image, built unless there is one from the same inputs; or skip."""
    if absent := [name for name in NEEDED if not shutil.which(name)]:
        skip(f"what builds images: {', '.join(absent)}; run tests/lab/install.sh")
    subprocess.run([REPRO, "image", "fetch", STORE, "--julia", "debian"], check=True)
    here = BUILT / _inputs()
    if not (here / "repro.sif.json").exists():
        shutil.rmtree(BUILT, ignore_errors=True)  # what is older will not be asked for again
        here.mkdir(parents=True)
        build_image(here / "repro.sif")
    return here / "repro.sif"


def skip_if_changed_since(image: Path) -> None:
    """Skip if somebody has edited the checkout since `image` was built: another is another."""
    if _inputs() != image.parent.name:
        skip("a checkout that nobody changes while its image is built twice")


def _inputs() -> str:
    """Stands for all that the image is made of."""
    source = look_at_source()
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        write_source(source, Path(archive.name))
        digest = hashlib.sha256(Path(archive.name).read_bytes())
    digest.update((STORE / SUMS).read_bytes())
    digest.update(repr(arguments(load_pins(), "debian", source, "")).encode())
    return digest.hexdigest()[:16]


def as_nobody(scratch: Path, *command: str | Path) -> list[str]:
    """A command as a user without any rights, where /dev/fuse is open to all, as it usually is."""
    if os.geteuid() != 0:
        skip("root, to become another user")
    device = scratch / "fuse"
    os.mknod(device, stat.S_IFCHR, os.makedev(10, 229))
    device.chmod(0o666)
    become = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    script = f'mount --bind {device} /dev/fuse && exec {become} "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *map(str, command)]
