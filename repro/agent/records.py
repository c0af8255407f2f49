"""`session.json`: what a session is and how it ended; and what the tries of a program come to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from repro.agent import layout
from repro.agent.endings import CUT_OFF, REPEATED, Ending
from repro.agent.gateway import Budget
from repro.errors import UserError
from repro.files import canonical_json, read_json, write_atomic
from repro.study.names import Program

Agent = Literal["opencode", "single-shot"]


@dataclass(frozen=True)
class Session:
    """A try of a program on disk."""

    path: Path
    about: dict[str, Any]

    @property
    def program(self) -> Program:
        """The program that it was to write."""
        return Program.parse(self.about["program"])

    @property
    def ending(self) -> Ending | None:
        """How it ended; None: it runs, or its driver was killed."""
        found = self.about.get("ending")
        return Ending(found["kind"], found["detail"]) if found else None

    @property
    def kernel(self) -> Path:
        """The kernel that it left, or not."""
        return self.path / layout.WORKSPACE / str(self.about["kernel"])

    @property
    def harness(self) -> Path:
        """The harness that it left, or not."""
        return self.path / layout.WORKSPACE / str(self.about["harness"])


def read_session(path: Path) -> Session:
    """A session by its directory.

    Raises:
        UserError: its record is missing or damaged.
    """
    about = read_json(path / layout.SESSION)
    sound = isinstance(about, dict) and isinstance(about.get("program"), str)
    if not (sound and path.name.isdecimal()):
        raise UserError(f"{path / layout.SESSION}: damaged: not the record of a session's try")
    return Session(path, about)


def now() -> str:
    """The time as a record has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin(path: Path, about: Mapping[str, Any]) -> None:
    """Write down what is about to be done."""
    path.mkdir(parents=True)
    write_atomic(path / layout.SESSION, canonical_json({**about, "started": now()}))


def end(path: Path, ending: Ending, what: Mapping[str, Any]) -> Session:
    """Write down how it ended."""
    session = read_session(path)
    about = {**session.about, **what, "ending": asdict(ending), "ended": now()}
    write_atomic(path / layout.SESSION, canonical_json(about))
    return Session(path, about)


def sessions_of(generations: Path, program: Program) -> list[Session]:
    """The tries of a program; a directory whose driver died before it wrote its record is none."""
    paths = layout.tries(layout.program_path(generations, program))
    return [read_session(path) for path in paths if (path / layout.SESSION).exists()]


def all_sessions(place: Path) -> list[Session]:
    """Every session of a dataset or a directory of generations, by model, program and try."""
    patterns = (f"*/*/*/{layout.SESSION}", f"*/transcripts/*/*/{layout.SESSION}")
    found = [read_session(path.parent) for pattern in patterns for path in place.glob(pattern)]
    return sorted(found, key=lambda session: (session.program, int(session.path.name)))


def close_cut_off(generations: Path, program: Program) -> None:
    """Give an ending to sessions whose driver is gone; the caller holds the directory."""
    for session in sessions_of(generations, program):
        if session.ending is None:
            end(session.path, CUT_OFF, {})


def is_done(session: Session, budget: Budget) -> bool:
    """Is there no need for another try? A larger budget is one, if the last was used up."""
    ending = session.ending
    if ending is None or ending.kind in REPEATED:
        return False
    return ending.kind != "budget" or not is_larger(budget, Budget(**session.about["budget"]))


def is_larger(budget: Budget, than: Budget) -> bool:
    """Is no bound of it tighter, and one wider?"""
    pairs = [
        (float("inf") if mine is None else mine, float("inf") if other is None else other)
        for mine, other in zip(asdict(budget).values(), asdict(than).values(), strict=True)
    ]
    return all(mine >= other for mine, other in pairs) and any(a > b for a, b in pairs)
