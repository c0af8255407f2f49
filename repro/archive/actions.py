"""Describes attempts as actions of a Process Run Crate: software, inputs and results.

The actions of sessions join them: attempts use the kernels that sessions made.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from repro.archive import layout
from repro.archive.entities import ended, once
from repro.archive.session_actions import session_actions
from repro.archive.source import INTERRUPTED
from repro.files import read_json
from repro.measure.attempts import ATTEMPT, OUTCOME
from repro.records import json_of
from repro.study.names import CellName

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
"""The newest version that extends RO-Crate 1.1."""
_TERMS = "https://w3id.org/ro/terms/workflow-run"
_JULIA = "https://julialang.org/"
_RELEASE = "https://github.com/JuliaLang/julia/releases/tag/v"


def add_actions(crate: ROCrate, root: Path, files: Mapping[str, Entity]) -> None:
    """Describe every attempt and session of a dataset; without any, do not claim the profile.

    Args:
        crate: the dataset's crate.
        root: the dataset's directory.
        files: the entities of its files, by path.

    Raises:
        UserError: the evidence of an attempt, or the record of a session, is damaged.
    """
    logs: dict[str, list[str]] = {}
    for path in files:
        directory, _, _ = path.rpartition("/")
        if directory.split("/")[1:2] == ["logs"]:
            logs.setdefault(directory, []).append(path)
    actions = [
        _action(crate, root, files, directory, names)
        for directory, names in sorted(logs.items())
        if f"{directory}/{ATTEMPT}" in files
    ]
    actions += session_actions(crate, root, files)
    if not actions:
        return
    properties = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    crate.root_dataset["conformsTo"] = crate.add(ContextEntity(crate, PROFILE, properties))
    crate.root_dataset["mentions"] = actions
    crate.metadata.extra_contexts.append(f"{_TERMS}/context")


def _action(
    crate: ROCrate, root: Path, files: Mapping[str, Entity], directory: str, names: list[str]
) -> Entity:
    plan = read_json(root / directory / ATTEMPT)
    has_outcome = f"{directory}/{OUTCOME}" in files
    outcome = read_json(root / directory / OUTCOME) if has_outcome else json_of(INTERRUPTED)
    cell = CellName.parse(plan["cell"])
    environment = f"{layout.ENVIRONMENTS}/{plan['environment']}.json"
    machine = read_json(root / environment) if environment in files else {}
    used = [layout.kernel_path(cell.program), environment, f"{directory}/{ATTEMPT}"]
    made = [*names, layout.runtimes_path(cell.program)]
    identity = f"#{cell}/{plan['attempt']}"
    action = crate.add(ContextEntity(crate, identity, _properties(plan, outcome)))
    action["instrument"] = _julia(crate, machine)
    action["object"] = [files[path] for path in used if path in files]
    results = [path for path in sorted(made) if path in files and path not in used]
    if results:
        action["result"] = [files[path] for path in results]
    if crate.creator:
        action["agent"] = crate.creator
    for image in _image(crate, machine):
        action["containerImage"] = image
    return action


def _properties(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
    done = outcome["outcome"] == "ok"
    times = {"startTime": "started", "endTime": "ended"}
    return {
        "@type": "CreateAction",
        "name": f"attempt {plan['attempt']} of {plan['cell']}",
        "description": shlex.join(plan["command"]),
        **{name: outcome[key] for name, key in times.items() if outcome.get(key)},
        **ended(None if done else f"{outcome['outcome']}: {outcome['detail']}"),
    }


def _julia(crate: ROCrate, machine: Mapping[str, Any]) -> Entity:
    """Return Julia, with its version if the environment records it."""
    julia = machine.get("julia") or {}
    version = {"softwareVersion": julia["version"]} if julia.get("version") else {}
    identity = f"{_RELEASE}{julia['version']}" if version else _JULIA
    properties = {"@type": "SoftwareApplication", "name": "Julia", "url": _JULIA} | version
    return once(crate, identity, properties)


def _image(crate: ROCrate, machine: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield the container image, if there is one."""
    digest = machine.get("image")
    if digest:
        properties = {
            "@type": "ContainerImage",
            "additionalType": {"@id": f"{_TERMS}#SIFImage"},
            "name": "repro.sif",
            "sha256": str(digest).removeprefix("sha256:"),
        }
        identity = f"#image-{properties['sha256']}"
        yield once(crate, identity, properties)
