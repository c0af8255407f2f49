"""Replay: OpenCode repeats a recorded session, for real and offline, and the two are compared.

The gateway answers each request as it was answered then. These must be the same:
- every request, except the date, OpenCode's own identifiers and the outputs of tools;
- how the session ended;
- the kernel, the harness, and every file that the agent wrote with a tool, byte for byte.

These may differ, and are reported: the outputs of tools, since programs print times and process
numbers; and files that no tool wrote, but the agent's programs.
"""

import difflib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from repro.agent import layout, opencode, prompting, single_shot
from repro.agent.endings import Ending, Evidence, judge
from repro.agent.gateway import Difference, Trouble, replaying
from repro.agent.records import Session
from repro.agent.session import Script, evidence, play
from repro.agent.view import Tools

_WRITING = ("write", "edit", "apply_patch")
_BROKEN_OFF = "cut-off"


@dataclass(frozen=True)
class Divergence:
    """One difference between the replay and the recorded session."""

    where: str
    """`request N`, `output of CALL`, `file PATH`, `ending`, `time` (used up), `requests` (too
    many or too few)."""

    diff: str
    """What was recorded, and what came now."""

    allowed: bool
    """May this differ?"""


@dataclass(frozen=True)
class Verdict:
    """The result of replaying a session."""

    session: Session
    divergences: tuple[Divergence, ...]
    skipped: str = ""
    """Why it was not replayed; empty: it was."""

    @property
    def same(self) -> bool:
        """Is the replay the same as the session?"""
        return all(divergence.allowed for divergence in self.divergences)


def replay(session: Session, tools: Tools) -> Verdict:
    """Replay a session.

    Raises:
        UserError: its record is damaged, or no sandbox can be made here.
    """
    ending = session.ending
    if ending is None or ending.kind == _BROKEN_OFF:
        return Verdict(session, (), skipped="it was cut off, and the files in its sandbox are lost")
    with tempfile.TemporaryDirectory(prefix="repro-") as name:
        directory = Path(name)
        with replaying(session.path / layout.EXCHANGES, directory / "gateway") as gateway:
            seen = _again(session, tools, gateway.socket, directory)
        found = [
            *_of_requests(gateway.differences, gateway.trouble),
            *of_time(ending, seen),
            *_of_ending(ending, replace(seen, trouble=gateway.trouble)),
            *_of_files(session, directory / layout.WORKSPACE),
        ]
    return Verdict(session, tuple(found))


def _again(session: Session, tools: Tools, gateway: Path, directory: Path) -> Evidence:
    record = session.record
    prompts = {
        path.name: path.read_text(encoding="utf-8")
        for path in (session.path / layout.PROMPTS).iterdir()
    }
    if record.agent == "single-shot":
        asked = prompts[prompting.SINGLE]
        return single_shot.ask(record.model, asked, gateway, directory, record.kernel)
    script, seconds = Script.of(record, prompts), record.budget.seconds
    left = play(script, tools, gateway, directory, seconds)
    return evidence(left, script, directory, seconds)


def _of_requests(differences: list[Difference], trouble: Trouble | None) -> Iterator[Divergence]:
    for difference in differences:
        allowed = difference.where.startswith("output of ")
        where = difference.where if allowed else f"request {difference.exchange}"
        yield Divergence(where, difference.diff, allowed)
    told = any(difference.where == "request" for difference in differences)
    if trouble and trouble.kind == "diverged" and not told:
        yield Divergence("requests", trouble.detail, allowed=False)


def of_time(recorded: Ending, seen: Evidence) -> Iterator[Divergence]:
    """The replay used up the session's time, and the session did not."""
    if any(stage.timed_out for stage in seen.stages):
        now = judge(replace(seen, trouble=None))
        if now.detail != recorded.detail:
            diff = f"{now.detail}: this machine is slower or busier; replay it when it is idle"
            yield Divergence("time", diff, allowed=False)


def _of_ending(recorded: Ending, seen: Evidence) -> Iterator[Divergence]:
    now = judge(seen)
    if now.kind not in {recorded.kind, "diverged"}:  # this one is reported already
        diff = f"recorded: {recorded.kind}: {recorded.detail}\nnow: {now.kind}: {now.detail}"
        yield Divergence("ending", diff, allowed=False)


def _of_files(session: Session, now: Path) -> Iterator[Divergence]:
    recorded = session.path / layout.WORKSPACE
    written = {session.kernel.name, session.harness.name, *_written(session)}
    for path in sorted({*_files(recorded), *_files(now)}):
        if diff := _file_difference(recorded / path, now / path):
            yield Divergence(f"file {path}", diff, allowed=path not in written)


def _files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def _file_difference(recorded: Path, now: Path) -> str:
    """How two files differ; empty if they are equal."""
    if not now.exists():
        return "the file is missing now"
    if not recorded.exists():
        return "the file was not there then"
    before, after = recorded.read_bytes(), now.read_bytes()
    if before == after:
        return ""
    was, now_is = (data.decode(errors="backslashreplace").splitlines() for data in (before, after))
    lines = difflib.unified_diff(was, now_is, "recorded", "now", lineterm="")
    return "\n".join(lines) or f"{len(before)} bytes then, {len(after)} now, the same lines"


def _written(session: Session) -> Iterator[str]:
    """The paths in the workspace that a tool wrote."""
    events = session.path / layout.EVENTS
    if not events.exists():
        return
    for event in opencode.events_of(events):
        part = event.get("part") or {}
        if event["type"] == "tool_use" and part.get("tool") in _WRITING:
            yield from _targets(part.get("state", {}).get("input") or {})


def _targets(given: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(path := given.get("filePath"), str):
        yield path.removeprefix("/workspace/")
    for line in str(given.get("patchText", "")).splitlines():
        words = line.split("File: ", 1)
        if line.startswith("*** ") and len(words) > 1:
            yield words[1].strip().removeprefix("/workspace/")


def notes(session: Session, tools: Tools) -> list[str]:
    """The versions that differ from those of the recorded session."""
    was = session.record.tools
    pairs = (("Julia", was.julia, tools.julia.version),
             ("OpenCode", was.opencode, tools.opencode.version))  # fmt: skip
    return [
        f"recorded with {name} {before}, replayed with {now}"
        for name, before, now in pairs
        if before is not None and before != now
    ]


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON."""
    session = verdict.session
    return {
        "session": str(session.path),
        "program": str(session.program),
        "ending": asdict(session.ending) if session.ending else None,
        "same": verdict.same,
        "skipped": verdict.skipped or None,
        "divergences": [
            {"where": one.where, "allowed": one.allowed, "diff": one.diff}
            for one in verdict.divergences
        ],
    }
