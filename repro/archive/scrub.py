"""Making text free of the machine that it comes from.

Paths and host names say who ran something, not what was run, and differ on every machine.
"""

import os
import re
import socket
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from repro import ROOT
from repro.measure.plan import Plan

Places = frozenset[tuple[str, str]]
"""What is replaced (a path or a host name), and its placeholder."""
_EVERYWHERE = ("", "/", "/usr", "/usr/local")  # a path that every machine has tells nothing
_HARNESS = "/julia/run_cell.jl"


def places_here(run: Path) -> Places:
    """What this machine calls the checkout, the run, home, the temporary directory and itself."""
    paths = {
        ROOT: "{repro}",
        run: "{run}",
        Path.home(): "{home}",
        Path(tempfile.gettempdir()): "{tmp}",
    }
    found = {(str(path.absolute()), name) for path, name in paths.items()}
    found |= {(str(path.resolve()), name) for path, name in paths.items()}
    host = socket.gethostname()
    hosts = {host, host.partition(".")[0]} - {"localhost", ""}
    return frozenset(found | {(host, "{host}") for host in hosts})


def places_there(plan: Plan) -> Places:
    """The same, as far as an attempt's plan tells, of the machine where the attempt was made."""
    found = set()
    for word in plan.command:
        run, is_result, _ = word.partition(f"/cells/{plan.cell}/")
        if not word.startswith("/"):
            continue
        if is_result:
            found.add((run, "{run}"))
        elif word.endswith(_HARNESS):
            found.add((word.removesuffix(_HARNESS), "{repro}"))
        elif PurePosixPath(word).name == "julia":
            found.add((_prefix(PurePosixPath(word)), "{julia}"))
    variables = {"TMPDIR": "{tmp}", "JULIA_DEPOT_PATH": "{depot}"}
    for variable, name in variables.items():
        paths = plan.env.get(variable, "").split(os.pathsep)
        found |= {(path.rstrip("/"), name) for path in paths if path.startswith("/")}
    return frozenset(found)


def _prefix(program: PurePosixPath) -> str:
    directory = program.parent
    return str(directory.parent if directory.name == "bin" else directory)


@cache
def _pattern(places: Places) -> re.Pattern[str]:
    """Matches the places, the longest first: home often holds the checkout."""
    parts = []
    for place in sorted({place for place, _ in places} - set(_EVERYWHERE), key=len, reverse=True):
        begin = "" if place.startswith("/") else r"(?<![\w.-])"  # a path may follow -I
        parts.append(rf"{begin}{re.escape(place)}(?![\w-])")
    return re.compile("|".join(parts) or r"(?!)")


def scrub_text(text: str, places: Places) -> str:
    """`text` with placeholders."""
    names = dict(sorted(places))
    return _pattern(places).sub(lambda match: names[match[0]], text)


def scrub(value: Any, places: Places) -> Any:
    """A JSON value with placeholders in all its strings; keys are left, they are ours."""
    if isinstance(value, str):
        return scrub_text(value, places)
    if isinstance(value, list):
        return [scrub(item, places) for item in value]
    if isinstance(value, dict):
        return {key: scrub(item, places) for key, item in value.items()}
    return value
