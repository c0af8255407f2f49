"""Asking Julia for its documentation: `julia/docs/extract.jl`, run once for an index."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from repro import ROOT
from repro.container.julia import PROJECT, Julia
from repro.errors import UserError

MODULES = (
    "Base", "LinearAlgebra", "Distributed", "SharedArrays", "Random", "Test", "Printf",
    "Statistics", "Dagger", "MPI",
)  # fmt: skip
"""What programs and their tests use. Those that are not installed are named in the index."""

SECONDS = 900
"""More than loading Dagger takes where it must be compiled first."""

_SCRIPTS = ("extract.jl", "json.jl")
_DOCS = PROJECT / "docs"


def extract(
    julia: Julia, modules: Sequence[str] = MODULES, environment: dict[str, str] | None = None
) -> str:
    """The documentation of `modules` as JSON lines; the script says what they are.

    Args:
        julia: whose documentation.
        modules: names; a submodule belongs to its module.
        environment: in place of this process's.

    Raises:
        UserError: Julia fails.
    """
    command = [str(julia.path), "--startup-file=no", f"--project={PROJECT}"]
    command += [str(_DOCS / "extract.jl"), *modules]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{julia.path}: its documentation was not there after {SECONDS} s; try again"
        ) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        last = next((line for line in lines if "ERROR" in line), "it says nothing")
        raise UserError(f"{julia.path} cannot tell its documentation ({last}); see {_DOCS}")
    return done.stdout.decode()


def recipe(julia: Julia) -> str:
    """A hash of what an index is made with: it is current as long as this is the same."""
    files = [_DOCS / name for name in _SCRIPTS]
    files += sorted(Path(__file__).parent.glob("*.py"))
    manifest = ROOT / "julia" / "Manifest.toml"
    digest = hashlib.sha256(f"{julia.version} {julia.packages} {MODULES}".encode())
    for path in [*files, manifest]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
