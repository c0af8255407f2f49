"""Describes sessions as actions of a Process Run Crate: agent, prompts and resulting program.

The agent's software and its model are both instruments, because neither works alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from repro.archive import layout
from repro.archive.entities import ended, once
from repro.files import read_json, reading
from repro.study.names import Program

_OPENCODE = "https://opencode.ai/"
_RELEASE = "https://github.com/sst/opencode/releases/tag/v"
_GOOD = "finished"
"""The ending of a session that the model ended and that left a program."""


def session_actions(crate: ROCrate, root: Path, files: Mapping[str, Entity]) -> list[Entity]:
    """Describe every session of a dataset.

    Args:
        crate: the dataset's crate.
        root: the dataset's directory.
        files: the entities of its files, by path.

    Raises:
        UserError: the record of a session is damaged.
    """
    inside: dict[str, list[str]] = {}
    for path in files:
        parts = path.split("/")
        if parts[1:2] == [layout.TRANSCRIPTS]:
            inside.setdefault("/".join(parts[:4]), []).append(path)
    sessions = {
        directory: read_json(root / directory / layout.SESSION)
        for directory in sorted(inside, key=_order)
        if f"{directory}/{layout.SESSION}" in files
    }
    makers = {
        path: directory
        for directory, about in sessions.items()
        for path in _left(root, files, directory, about)
    }
    return [
        _action(crate, files, directory, about, [
            *inside[directory], *(path for path, maker in makers.items() if maker == directory)
        ])
        for directory, about in sessions.items()
    ]  # fmt: skip


def _order(directory: str) -> tuple[str, int, str]:
    """Sort the sessions of a program by number: 10 after 9."""
    program, _, number = directory.rpartition("/")
    return program, len(number), number


def _left(
    root: Path, files: Mapping[str, Entity], directory: str, about: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the dataset's kernel and test if they are byte for byte what the session left."""
    program = Program.parse(about["program"])
    for name, path in (
        (about["kernel"], layout.kernel_path(program)),
        (about["harness"], layout.test_path(program)),
    ):
        left = f"{directory}/{layout.WORKSPACE}/{name}"
        if left in files and path in files:
            with reading(root / left):
                same = (root / left).read_bytes() == (root / path).read_bytes()
            if same:
                yield path


def _action(
    crate: ROCrate,
    files: Mapping[str, Entity],
    directory: str,
    about: Mapping[str, Any],
    paths: list[str],
) -> Entity:
    number = directory.rpartition("/")[2]
    identity = f"#{about['program']}/session/{number}"
    action = crate.add(ContextEntity(crate, identity, _properties(about, number)))
    action["instrument"] = [_agent(crate, about), _model(crate, about)]
    told = [path for path in paths if path.startswith(f"{directory}/{layout.PROMPTS}/")]
    if told:
        action["object"] = [files[path] for path in told]
    action["result"] = [files[path] for path in sorted(set(paths) - set(told))]
    if crate.creator:
        action["agent"] = crate.creator
    return action


def _properties(about: Mapping[str, Any], number: str) -> dict[str, Any]:
    ending = about.get("ending") or {"kind": "cut-off", "detail": "it has no ending"}
    problem = None if ending["kind"] == _GOOD else f"{ending['kind']}: {ending['detail']}"
    times = {"startTime": "started", "endTime": "ended"}
    return {
        "@type": "CreateAction",
        "name": f"session {number} of {about['program']}",
        "description": _said(about),
        **{name: about[key] for name, key in times.items() if about.get(key)},
        **ended(problem),
    }


def _said(about: Mapping[str, Any]) -> str:
    usage = about.get("usage") or {}
    docs = "with" if about["docs"] else "without"
    said = f"{about['agent']} {docs} Julia's documentation"
    if usage:
        said += f"; turns: {usage['turns']}, tokens read: {usage['input_tokens']}, "
        said += f"written: {usage['output_tokens']}"
        if usage["dollars"] is not None:
            said += f", dollars: {usage['dollars']:.4f}"
    return said


def _agent(crate: ROCrate, about: Mapping[str, Any]) -> Entity:
    """Return OpenCode; for a single completion without an agent, this package."""
    tools = about["tools"]
    if tools["opencode"]:
        version = tools["opencode"]
        properties = {"name": "OpenCode", "softwareVersion": version, "url": _OPENCODE}
        return once(crate, f"{_RELEASE}{version}", _software(properties))
    version = tools["repro"]
    properties = {"name": "repro, single-shot client", "softwareVersion": version}
    return once(crate, f"#repro-{version}", _software(properties))


def _model(crate: ROCrate, about: Mapping[str, Any]) -> Entity:
    """Return the model; the provider's name for it serves as the version."""
    model = about["model"]
    properties = {
        "name": about["model_name"],
        "softwareVersion": model["model"],
        "description": f"a large language model; provider: {model['provider']}",
    }
    identity = f"#model/{model['provider']}/{quote(model['model'], safe='/:')}"
    return once(crate, identity, _software(properties))


def _software(properties: Mapping[str, str]) -> dict[str, str]:
    return {"@type": "SoftwareApplication", **properties}
