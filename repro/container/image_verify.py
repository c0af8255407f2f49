"""The checks of `repro image verify`."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

from repro import __version__
from repro.container.findings import Finding, finding
from repro.container.image import open_image
from repro.container.image_build import julia_words, toolchain_sha256
from repro.container.pins import load_pins
from repro.container.sif import is_signed, labels, squashfs_sha256
from repro.errors import UserError
from repro.files import read_json

CONTENTS = (
    "/opt/repro/toolchain.toml",
    "/opt/repro/julia/run_cell.jl",
    "/opt/repro/.venv/bin/repro",
    "/opt/repro/.venv/bin/python",
    "/opt/julia/bin/julia",
    "/opt/julia-depot",
    "/opt/opencode/bin/opencode",
    "/usr/bin/mpiexec",
    "/usr/bin/rg",
    "/etc/ssl/certs/ca-certificates.crt",
)
"""Files that the image must contain."""

_LOOK = 'for path do [ -e "$path" ] || echo "$path"; done'
_SECONDS = 120
_AGAIN = "build it again with `repro image build`"
_finding = partial(finding, needed=True)


def findings(sif: Path) -> list[Finding]:
    """Check an image against the pins of this checkout and against its own record.

    Raises:
        UserError: the file cannot be read or is not an Apptainer image.
    """
    return [_digest(sif), *_labels(sif), _signature(sif), _contents(sif)]


def _digest(sif: Path) -> Finding:
    digest = f"sha256:{squashfs_sha256(sif)}"
    record = sif.with_name(f"{sif.name}.json")
    if not record.exists():
        meaning = f"no {record.name} next to it to compare with"
        return _finding("content", digest, meaning, ok=False, needed=False)
    recorded = read_json(record).get("digest")
    if recorded != digest:
        meaning = f"{record.name} has {recorded}: changed since it was built; copy or {_AGAIN}"
        return _finding("content", digest, meaning, ok=False)
    return _finding("content", digest, f"as in {record.name}")


def _labels(sif: Path) -> list[Finding]:
    """Check labels against toolchain.toml, then show those that describe the source."""
    has, pins = labels(sif), load_pins()
    debian = has.get("repro.julia") == pins.julia.debian.version
    wanted = {
        "repro.version": __version__,
        "repro.toolchain-sha256": toolchain_sha256(),
        "repro.julia": pins.julia.debian.version if debian else pins.julia.version,
        "repro.julia-variant": julia_words(pins, "debian" if debian else "official"),
        "repro.openmpi": pins.image.openmpi,
        "repro.opencode": pins.opencode.version,
    }
    return [
        *(_label(name, has.get(name, "missing"), value) for name, value in wanted.items()),
        *(_named(name, has.get(name)) for name in ("repro.source-commit", "repro.base")),
    ]


def _label(name: str, value: str, wanted: str) -> Finding:
    if value == wanted:
        return _finding(name, value)
    meaning = f"this checkout has {wanted}: check out the commit it was built from, or {_AGAIN}"
    return _finding(name, value, meaning, ok=False)


def _named(name: str, value: str | None) -> Finding:
    return _finding(name, value or "missing", "" if value else _AGAIN, ok=bool(value))


def _signature(sif: Path) -> Finding:
    if not is_signed(sif):
        return _finding("signature", "none", "the image is not signed", ok=False, needed=False)
    if not shutil.which("apptainer"):
        return _finding("signature", "not checked", "no apptainer on PATH", ok=False, needed=False)
    done = subprocess.run(
        ["apptainer", "verify", sif], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return _finding("signature", "not valid", last, ok=False)
    return _finding("signature", "valid")


def _contents(sif: Path) -> Finding:
    """Start the image and check that the required files exist."""
    try:
        line = open_image(sif).line()
    except UserError as error:
        return _finding("contents", "not checked", str(error), ok=False)
    done = subprocess.run(
        [*line, "sh", "-c", _LOOK, "sh", *CONTENTS],
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    missing = done.stdout.split()
    if missing or done.returncode:
        found = f"missing: {', '.join(missing)}" if missing else "cannot be read"
        return _finding("contents", found, _AGAIN, ok=False)
    return _finding("contents", f"all {len(CONTENTS)} required files found")
