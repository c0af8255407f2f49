"""What an agent sees of this machine: Julia and its packages, OpenCode, the documentation server.

Their paths are the same on every machine, so that no request depends on the machine. The reference
programs, the tests and the data cannot be seen.
"""

import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from repro import ROOT
from repro.agent.sandbox import HOME, View
from repro.container.julia import PROJECT, Julia
from repro.container.opencode import OpenCode
from repro.launch.environment import blas_core_type, cpu_flags

TOOLCHAIN = "/toolchain"
OPENCODE = f"{TOOLCHAIN}/opencode"
PACKAGE = f"{TOOLCHAIN}/repro"
"""This package: its modules, and what the documentation server reads."""

LIBRARIES = f"{TOOLCHAIN}/site-packages"
DOCS = ROOT / ".toolchain" / "docs"
"""The index of the documentation server, on this machine."""

_QUIET = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "CLAUDE_CODE", "SHARE",
          "EXTERNAL_SKILLS")  # fmt: skip
_PROJECT_FILES = ("Project.toml", "Manifest.toml", "LocalPreferences.toml")


@dataclass(frozen=True)
class Tools:
    """The programs that a session uses."""

    julia: Julia
    opencode: OpenCode


def view_of(tools: Tools) -> View:
    """What a session sees, and its environment."""
    julia, depots = _julia(tools.julia), _depots(tools.julia)
    binds = [
        (tools.opencode.path, f"{OPENCODE}/opencode"),
        (ROOT / "repro", f"{PACKAGE}/repro"),
        (ROOT / "toolchain.toml", f"{PACKAGE}/toolchain.toml"),
        (Path(sysconfig.get_path("purelib")), LIBRARIES),
        *julia,
        *depots,
        *((PROJECT / name, f"{TOOLCHAIN}/project/{name}") for name in _PROJECT_FILES),
        (DOCS, f"{PACKAGE}/.toolchain/docs"),
    ]
    paths = [f"{TOOLCHAIN}/julia/bin", f"{TOOLCHAIN}/julia"] if julia else []
    environment = {
        "PATH": ":".join([*paths, OPENCODE, "/usr/local/bin", "/usr/bin", "/bin"]),
        "JULIA_DEPOT_PATH": ":".join([f"{HOME}/julia", *(there for _, there in depots), ""]),
        "JULIA_PKG_OFFLINE": "true",
        "OPENBLAS_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": HOME,
        "XDG_CONFIG_HOME": f"{HOME}/config",
        "XDG_DATA_HOME": f"{HOME}/data",
        "XDG_CACHE_HOME": f"{HOME}/cache",
        "XDG_STATE_HOME": f"{HOME}/state",
        **{f"OPENCODE_DISABLE_{name}": "1" for name in _QUIET},
    }
    if tools.julia.packages:
        environment["JULIA_PROJECT"] = f"{TOOLCHAIN}/project"
    if forced := blas_core_type(tools.julia, cpu_flags()):
        environment["OPENBLAS_CORETYPE"] = forced
    return View(tuple((here, there) for here, there in binds if here.exists()), environment)


def _julia(julia: Julia) -> list[tuple[Path, str]]:
    """Julia's directory, unless it is part of the system."""
    path = julia.path.resolve()
    if path.is_relative_to("/usr"):
        return []
    directory = path.parent
    return [(directory.parent if directory.name == "bin" else directory, f"{TOOLCHAIN}/julia")]


def _depots(julia: Julia) -> list[tuple[Path, str]]:
    """The depots with the packages of the project, if it has any."""
    if not julia.packages:
        return []
    default = str(Path.home() / ".julia")
    places = os.environ.get("JULIA_DEPOT_PATH", default).split(os.pathsep)
    return [
        (Path(place), f"{TOOLCHAIN}/depot{number}")
        for number, place in enumerate(place or default for place in places)
        if Path(place).is_dir()
    ]
