"""`session.json`: what a session is and how it ended; and the sessions of a program."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, PositiveInt, StringConstraints

from repro.agent import layout
from repro.agent.endings import CUT_OFF, REPEATED, Ending
from repro.agent.gateway import Budget, Usage
from repro.agent.models import ModelSettings
from repro.agent.sandbox import Limits
from repro.errors import UserError
from repro.files import canonical_json, read_json, write_atomic
from repro.study.names import Program
from repro.study.toml import Strict, checked

Agent = Literal["opencode", "single-shot"]


def _program(found: object) -> Program:
    if isinstance(found, Program):
        return found
    try:
        return Program.parse(str(found))
    except UserError as error:
        raise ValueError(str(error)) from error


_ProgramName = Annotated[Program, BeforeValidator(_program), PlainSerializer(str)]
_FileName = Annotated[str, StringConstraints(pattern=r"^[^/]+$")]


class UsedTools(Strict):
    """The versions that a session was made with."""

    julia: str
    """Julia's version."""

    packages: tuple[str, ...]
    """The study's packages that were installed."""

    opencode: str | None
    """OpenCode's version; None: the model was asked once, without an agent."""

    repro: str
    """The version of this package."""


class StageRecord(Strict):
    """What OpenCode said at the end of a stage."""

    session: str | None
    """OpenCode's name for the session."""

    reason: str | None
    """Why the last model call ended; None: there was none."""

    steps: int
    """Model calls that were begun."""

    exit_code: int | None
    """OpenCode's exit code; None: the sandbox ended first."""


class Result(Strict):
    """What is known of a session when it ends; None: unknown, as of one that was cut off."""

    seconds: float | None = None
    """Seconds that it took."""

    usage: Usage | None = None
    """Turns, tokens and dollars."""

    left_out: tuple[str, ...] | None = None
    """Files of the workspace that were not kept, one line each."""

    limits_reached: tuple[str, ...] | None = None
    """Limits of the sandbox that it reached, one line each."""

    stages: tuple[StageRecord, ...] | None = None
    """The stages that it began."""


class SessionRecord(Result):
    """`session.json`: written when a session begins, and again when it ends."""

    program: _ProgramName
    """The program to be written."""

    agent: Agent
    """A session with tools, or one completion without."""

    docs: bool
    """Could the documentation be asked?"""

    model_name: str
    """The name of the model's settings, without what says how it was asked."""

    model: ModelSettings
    """The model's settings."""

    budget: Budget
    """What the session might use."""

    limits: Limits
    """What its sandbox might use."""

    steps: PositiveInt
    """Model calls that a stage might have."""

    kernel: _FileName
    """The kernel's file in the workspace."""

    harness: _FileName
    """The harness's file in the workspace."""

    prompts: dict[str, str]
    """The SHA-256 of each prompt, by file name."""

    opencode: dict[str, Any] | None
    """OpenCode's configuration; None: the model was asked once, without an agent."""

    tools: UsedTools
    """The versions that it was made with."""

    started: str
    """When it began, UTC."""

    ending: Ending | None = None
    """How it ended; None: it is running, or its driver was killed."""

    ended: str | None = None
    """When it ended, UTC."""

    def as_json(self) -> dict[str, Any]:
        """The object in the file, without the part of the end that is not known."""
        late = {*Result.model_fields, "ending", "ended"}
        found = self.model_dump(mode="json")
        return {key: value for key, value in found.items() if value is not None or key not in late}


@dataclass(frozen=True)
class Session:
    """A session on disk: one try to write a program."""

    path: Path
    record: SessionRecord

    @property
    def program(self) -> Program:
        """The program to be written."""
        return self.record.program

    @property
    def ending(self) -> Ending | None:
        """How it ended; None: it is running, or its driver was killed."""
        return self.record.ending

    @property
    def kernel(self) -> Path:
        """The kernel, if it left one."""
        return self.path / layout.WORKSPACE / self.record.kernel

    @property
    def harness(self) -> Path:
        """The harness, if it left one."""
        return self.path / layout.WORKSPACE / self.record.harness

    def prompt(self, name: str) -> str:
        """The text of a prompt, by file name."""
        return (self.path / layout.PROMPTS / name).read_text(encoding="utf-8")


def read_session(path: Path) -> Session:
    """A session by its directory.

    Raises:
        UserError: its record is missing or damaged; the message names the field.
    """
    file = path / layout.SESSION
    found = checked(read_json(file), SessionRecord, f"{file}: damaged")
    if not path.name.isdecimal():
        raise UserError(f"{path}: not a session; the name of its directory is a number")
    return Session(path, found)


def now() -> str:
    """The time as a record has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin(path: Path, record: SessionRecord) -> Session:
    """Record that a session begins; its directory is made."""
    path.mkdir(parents=True)
    return _write(Session(path, record))


def end(session: Session, ending: Ending, result: Result | None = None) -> Session:
    """Record how a session ended."""
    late = dict(result or Result()) | {"ending": ending, "ended": now()}
    return _write(Session(session.path, session.record.model_copy(update=late)))


def _write(session: Session) -> Session:
    write_atomic(session.path / layout.SESSION, canonical_json(session.record.as_json()))
    return session


def sessions_of(generations: Path, program: Program) -> list[Session]:
    """The sessions of a program; a directory without a record is not one: its driver was killed."""
    paths = layout.tries(layout.program_path(generations, program))
    return [read_session(path) for path in paths if (path / layout.SESSION).exists()]


def all_sessions(place: Path) -> list[Session]:
    """All sessions of a dataset or a directory of generations, by model, program and try."""
    patterns = (f"*/*/*/{layout.SESSION}", f"*/transcripts/*/*/{layout.SESSION}")
    found = [read_session(path.parent) for pattern in patterns for path in place.glob(pattern)]
    return sorted(found, key=lambda session: (session.program, int(session.path.name)))


def close_cut_off(generations: Path, program: Program) -> None:
    """Give an ending to sessions whose driver is gone; the caller holds the directory."""
    for session in sessions_of(generations, program):
        if session.ending is None:
            end(session, CUT_OFF)


def is_done(session: Session, budget: Budget) -> bool:
    """Is another try unnecessary? One is needed if the budget was used up and is larger now."""
    ending = session.ending
    if ending is None or ending.kind in REPEATED:
        return False
    return ending.kind != "budget" or not is_larger(budget, session.record.budget)


def is_larger(budget: Budget, than: Budget) -> bool:
    """Is no limit of it tighter, and at least one wider?"""
    pairs = [
        (float("inf") if mine is None else mine, float("inf") if other is None else other)
        for mine, other in zip(asdict(budget).values(), asdict(than).values(), strict=True)
    ]
    return all(mine >= other for mine, other in pairs) and any(a > b for a, b in pairs)
