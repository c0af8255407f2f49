"""Extracts Julia's documentation: runs `julia/docs/extract.jl` once per index."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from repro import ROOT
from repro.container.julia import PROJECT, Julia
from repro.docs_server.vocabulary import PATH as VOCABULARY_FILE
from repro.errors import UserError

MODULES = (
    "Base", "LinearAlgebra", "Distributed", "SharedArrays", "Random", "Test", "Printf",
    "Statistics", "Dagger", "MPI",
)  # fmt: skip
"""The modules that programs and their tests use. The index lists those that are not installed."""

SECONDS = 900
"""Time limit: longer than loading Dagger takes, even if it must be compiled first."""

_SCRIPTS = ("extract.jl", "json.jl")
_DOCS = PROJECT / "docs"


def extract(
    julia: Julia, modules: Sequence[str] = MODULES, environment: dict[str, str] | None = None
) -> str:
    """Return the documentation of `modules` as JSON lines; the script documents their format.

    Args:
        julia: the Julia to ask.
        modules: names of modules; their submodules are included.
        environment: environment variables for Julia, instead of this process's.

    Raises:
        UserError: Julia fails or takes longer than `SECONDS`.
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
            f"{julia.path}: did not return its documentation within {SECONDS} s; try again"
        ) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        last = next((line for line in lines if "ERROR" in line), "no error message")
        raise UserError(f"{julia.path}: cannot extract its documentation ({last}); see {_DOCS}")
    return done.stdout.decode()


def recipe(julia: Julia) -> str:
    """Return a hash of everything an index is made with; an index is current if its hash is equal.

    That is the code, the word lists, Julia's version, its packages and the manifest.
    """
    files = [_DOCS / name for name in _SCRIPTS]
    files += [*sorted(Path(__file__).parent.glob("*.py")), VOCABULARY_FILE]
    manifest = ROOT / "julia" / "Manifest.toml"
    digest = hashlib.sha256(f"{julia.version} {julia.packages} {MODULES}".encode())
    for path in [*files, manifest]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
