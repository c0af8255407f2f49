"""One session of OpenCode in a sandbox: two prompts; all that it says and writes is kept."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.agent import layout, opencode, prompting
from repro.agent.endings import Evidence, Stage
from repro.agent.records import SessionRecord
from repro.agent.sandbox import Limits, Sandbox, open_sandbox
from repro.agent.view import Tools, view_of
from repro.agent.workspace import bring_out
from repro.files import write_atomic
from repro.study.names import Program

_EXPORT_SECONDS = 60.0
_GRACE_SECONDS = 2.0
"""Beyond the time budget, so that the gateway can end the session first: it says why."""


@dataclass(frozen=True)
class Script:
    """All that decides what a session does, except the model; the same in a replay."""

    program: Program
    prompts: Mapping[str, str]
    """Their texts by file name."""

    settings: Mapping[str, Any]
    """OpenCode's configuration."""

    steps: int
    limits: Limits

    @classmethod
    def of(cls, record: SessionRecord, prompts: Mapping[str, str]) -> "Script":
        """The script of a session by its record."""
        settings = record.opencode or {}
        return cls(record.program, prompts, settings, record.steps, record.limits)


@dataclass(frozen=True)
class Left:
    """What a session left, besides its files."""

    stages: Sequence[Stage]
    left_out: Sequence[str]
    """Files of the workspace that were not kept."""

    limits: Sequence[str]
    """Limits of the sandbox that it reached."""


def play(
    script: Script, tools: Tools, gateway: Path, directory: Path, seconds: float | None
) -> Left:
    """Let OpenCode do both stages, and keep what it says and writes in `directory`.

    Args:
        script: the prompts and settings.
        tools: what it works with.
        gateway: the socket of the model's gateway.
        directory: where events, export and workspace are kept.
        seconds: for both stages together; None: no limit.

    Raises:
        UserError: no sandbox can be made here.
    """
    deadline = time.monotonic() + (seconds + _GRACE_SECONDS if seconds else 10**9)
    system = script.prompts[prompting.SYSTEM]
    files = opencode.files(script.settings, system, tools.opencode.version)
    with ExitStack() as stack:
        box = stack.enter_context(open_sandbox(view_of(tools), gateway, files, script.limits))
        # Also when the session is interrupted: what was written is kept.
        left_out: list[str] = []
        stack.callback(
            lambda: left_out.extend(bring_out(box.workspace, directory / layout.WORKSPACE))
        )
        stages, limits = _stages(box, script, directory, deadline)
        _export(box, stages, directory)
    return Left(stages, left_out, limits)


def _stages(
    box: Sandbox, script: Script, directory: Path, deadline: float
) -> tuple[list[Stage], list[str]]:
    events, session = directory / layout.EVENTS, None
    events.touch()
    stages: list[Stage] = []
    limits: list[str] = []
    for name in (prompting.HARNESS, prompting.KERNEL):
        start = events.stat().st_size
        end = box.run(
            opencode.run_command(session),
            stdin=script.prompts[name],
            stdout=events,
            stderr=directory / layout.STDERR,
            deadline=deadline,
        )
        told = opencode.told_by(events, start)
        limits += end.limits
        stages.append(Stage(told, end.timed_out, end.code, end.limits))
        session = told.session
        if end.timed_out or end.code is None or end.code < 0 or told.errors or not told.reason:
            break
    return stages, limits


def _export(box: Sandbox, stages: Sequence[Stage], directory: Path) -> None:
    """Ask OpenCode for the whole session; an incomplete export is not kept."""
    session = stages[-1].told.session
    if session is None:
        return
    raw = directory / f".{layout.EXPORT}"
    box.run(
        opencode.export_command(session),
        stdin="",
        stdout=raw,
        stderr=directory / layout.STDERR,
        deadline=time.monotonic() + _EXPORT_SECONDS,
        piped=False,
    )
    text = raw.read_bytes()
    raw.unlink()
    try:
        json.loads(text)
    except ValueError:
        return
    write_atomic(directory / layout.EXPORT, text)


def evidence(left: Left, script: Script, directory: Path, seconds: float | None) -> Evidence:
    """What the ending is judged by, apart from the gateway."""
    kernel = directory / layout.WORKSPACE / prompting.kernel_name(script.program)
    there = kernel.is_file() and kernel.stat().st_size > 0
    return Evidence(None, left.stages, kernel.name if there else None, script.steps, seconds)
