"""Builds the image, without network, from the files of `image_fetch`."""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from repro import ROOT, __version__
from repro.container.image_base import ORIGIN
from repro.container.image_fetch import Variant
from repro.container.image_source import Source
from repro.container.image_store import Say
from repro.container.pins import PINS, Toolchain
from repro.container.sif import labels, squashfs_sha256
from repro.errors import UserError
from repro.files import canonical_json, reading, write_atomic, writing

Engine = Literal["apptainer", "docker", "podman", "buildah"]
DEFINITION, DOCKERFILE = ROOT / "Apptainer.def", ROOT / "Dockerfile"
SOURCE, ARGUMENTS = "source.tar", "arguments.txt"
"""Files that each build writes to the store."""

_WORTH_SAYING = re.compile(r"(INFO: |STEP |#\d+ \[|\[\d/\d\] STEP)")
_SQUASH = "-Xcompression-level 4"
"""Five times as fast as the default 9, with 4 % more bytes."""

_CAP_SYS_RESOURCE = 1 << 24
"""Apptainer needs this capability to build as root, but root in a container often lacks it."""

HOW_TO_GET = {
    "apptainer": (
        "load its module or install it (https://apptainer.org/docs/admin/main/installation.html), "
        "or build with --engine docker"
    ),
    "docker": "install Docker, or build with --engine apptainer",
    "podman": "install Podman, or build with --engine apptainer",
    "buildah": "install Buildah, or build with --engine apptainer",
}


@dataclass(frozen=True)
class Build:
    """An image to build."""

    engine: Engine
    store: Path
    """The directory of `repro image fetch`."""

    output: Path
    """A SIF, or an archive that `docker load` and Apptainer read."""

    arguments: dict[str, str]
    """The build arguments of the recipe."""

    time: int
    """Seconds since 1970: the latest time of any file in the image."""

    @property
    def log(self) -> Path:
        """The engine's output."""
        return self.output.with_name(f"{self.output.name}.log")

    @property
    def record(self) -> Path:
        """The file with the image's hash and labels."""
        return self.output.with_name(f"{self.output.name}.json")

    @property
    def unfinished(self) -> Path:
        """The image file during the build."""
        return self.output.with_name(f".{self.output.name}.building")

    def commands(self) -> list[list[str]]:
        """Return the command lines to run in the store."""
        if self.engine == "apptainer":
            return [[
                "apptainer", "build", "--force", *_privilege(), f"--mksquashfs-args={_SQUASH}",
                "--bind", f"{self.store.absolute()}:/mnt:ro", "--build-arg-file", ARGUMENTS,
                str(self.unfinished.absolute()), str(DEFINITION),
            ]]  # fmt: skip
        tag = f"repro:{self.arguments['VERSION']}"
        given = [f"--build-arg={key}={value}" for key, value in self.arguments.items()]
        build = "bud" if self.engine == "buildah" else "build"
        archive = f"docker-archive:{self.unfinished.absolute()}:{tag}"
        save = {
            "docker": ["docker", "save", "--output", str(self.unfinished.absolute()), tag],
            "podman": ["podman", "push", tag, archive],
            "buildah": ["buildah", "push", tag, archive],
        }
        return [
            [self.engine, build, "--network=none", f"--file={DOCKERFILE}", f"--tag={tag}", *given,
             "."],
            save[self.engine],
        ]  # fmt: skip


def arguments(pins: Toolchain, variant: Variant, source: Source, base: str) -> dict[str, str]:
    """Return the build arguments of both recipes, by name."""
    julia = pins.julia.version if variant == "official" else pins.julia.debian.version
    return {
        "VARIANT": variant,
        "CPU_TARGET": pins.image.cpu_target,
        "OPENMPI": pins.image.openmpi,
        "DATE": datetime.fromtimestamp(source.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "VERSION": __version__,
        "COMMIT": str(source),
        "TOOLCHAIN": toolchain_sha256(),
        "BASE": base,
        "JULIA_VERSION": julia,
        "JULIA_WORDS": julia_words(pins, variant),
        "OPENCODE": pins.opencode.version,
    }


def julia_words(pins: Toolchain, variant: Variant) -> str:
    """Which Julia an image has, for people."""
    if variant == "official":
        return f"the official Julia {pins.julia.version}, with Dagger.jl and MPI.jl"
    return f"Debian 11's Julia {pins.julia.debian.version}, without Dagger.jl and MPI.jl"


def toolchain_sha256() -> str:
    """The hash of the file of pins."""
    with reading(PINS):
        return hashlib.sha256(PINS.read_bytes()).hexdigest()


def base_origin(store: Path) -> str:
    """What the root file system in a store is.

    Raises:
        UserError: there is none.
    """
    path = store / "base" / ORIGIN
    with reading(path):
        return path.read_text(encoding="utf-8").strip()


def check_engine(engine: Engine) -> None:
    """Check that the engine is installed, before anything is fetched.

    Raises:
        UserError: it is not; the message says how to get it.
    """
    if not shutil.which(engine):
        raise UserError(f"{engine}: not on PATH; {HOW_TO_GET[engine]}")
    if engine == "apptainer" and os.geteuid() == 0 and _privilege() and not _may_map():
        raise UserError(
            "apptainer: root lacks CAP_SYS_RESOURCE here; install newuidmap (Debian: apt-get "
            "install uidmap), and add root:100000:65536 to /etc/subuid and /etc/subgid"
        )


def build_image(build: Build, say: Say) -> str:
    """Build the image and return its digest, as `sha256:...`.

    Raises:
        UserError: the engine fails; the message names its log.
    """
    with writing(build.output):
        build.output.parent.mkdir(parents=True, exist_ok=True)
        given = "".join(f"{key}={value}\n" for key, value in build.arguments.items())
        write_atomic(build.store / ARGUMENTS, given)
        build.unfinished.unlink(missing_ok=True)
        try:
            with build.log.open("w", encoding="utf-8") as log:
                for command in build.commands():
                    _run(command, build, log, say)
            record = _record(build)
            build.unfinished.replace(build.output)
        finally:
            build.unfinished.unlink(missing_ok=True)
        write_atomic(build.record, canonical_json(record))
    return str(record["digest"])


def _record(build: Build) -> dict[str, object]:
    """Return the record to write next to the image."""
    record: dict[str, object] = {"engine": build.engine, "arguments": build.arguments}
    if build.engine == "apptainer":
        digest = squashfs_sha256(build.unfinished)
        return record | {"digest": f"sha256:{digest}", "labels": labels(build.unfinished)}
    with build.unfinished.open("rb") as stream:
        return record | {"digest": f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"}


def _run(command: list[str], build: Build, log: IO[str], say: Say) -> None:
    with subprocess.Popen(
        command,
        cwd=build.store,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(build.time)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        last = ""
        for line in process.stdout or ():
            log.write(line)
            last = line.strip() or last
            if _WORTH_SAYING.match(line):
                say(line.strip()[:100])
    if process.returncode:
        raise UserError(
            f"{build.engine} cannot build the image ({last[:200]}); its output is in {build.log}"
        )


def _privilege() -> list[str]:
    """Return options for the user namespace, which only root with all capabilities can avoid."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    effective = int(re.findall(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)[0], 16)
    if os.geteuid() == 0 and effective & _CAP_SYS_RESOURCE:
        return []
    return ["--fakeroot"]


def _may_map() -> bool:
    """True if root can get a range of user ids."""
    ranges = Path("/etc/subuid")
    return bool(
        shutil.which("newuidmap")
        and ranges.exists()
        and re.search(r"^(root|0):", ranges.read_text(encoding="utf-8"), re.MULTILINE)
    )
