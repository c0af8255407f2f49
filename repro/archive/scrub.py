"""Removes traces of the machine from text.

Paths and host names differ on every machine, and tell who ran something, not what was run.
"""

import os
import re
import socket
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from repro import ROOT
from repro.measure.attempts import without_commas
from repro.measure.plan import Plan

Places = frozenset[tuple[str, str]]
"""A path or host name to replace, and its placeholder."""
_EVERYWHERE = ("", "/", "/usr", "/usr/local")  # paths that every machine has
_HARNESS = "/julia/run_cell.jl"


def places_here(run: Path) -> Places:
    """Return this machine's paths of the checkout, run, home and temporary directory, and name."""
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
    """Return the same for the machine of an attempt, as far as the attempt's plan has them."""
    found = set()
    cell = re.compile(f"/cells/(?:{re.escape(plan.cell)}|{re.escape(without_commas(plan.cell))})/")
    for word in plan.command:
        run, *is_result = cell.split(word, maxsplit=1)
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
    """Match the places, the longest first, because the checkout is often in the home directory."""
    parts = []
    for place in sorted({place for place, _ in places} - set(_EVERYWHERE), key=len, reverse=True):
        begin = "" if place.startswith("/") else r"(?<![\w.-])"  # a path can follow -I directly
        parts.append(rf"{begin}{re.escape(place)}(?![\w-])")
    return re.compile("|".join(parts) or r"(?!)")


def scrub_text(text: str, places: Places) -> str:
    """Replace places in a text by placeholders."""
    names = dict(sorted(places))
    return _pattern(places).sub(lambda match: names[match[0]], text)


def scrub(value: Any, places: Places) -> Any:
    """Replace places in all strings of a JSON value; keys are this package's own and stay."""
    if isinstance(value, str):
        return scrub_text(value, places)
    if isinstance(value, list):
        return [scrub(item, places) for item in value]
    if isinstance(value, dict):
        return {key: scrub(item, places) for key, item in value.items()}
    return value
