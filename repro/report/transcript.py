"""A session as its page shows it: steps, calls, look-ups, changes between runs, tokens."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from repro.analysis.damaged_data import Damage, recorded
from repro.analysis.sessions import UNFINISHED
from repro.archive import layout
from repro.errors import UserError
from repro.report.files_written import Files
from repro.report.highlight import Diff, diff
from repro.report.plots import TimeLine, Turn, time_line
from repro.report.steps import DAMAGE, Step, finite, json_object, read_steps
from repro.report.text import Shelf
from repro.study.names import Program

_MOST = 1e15
"""A number of tokens, seconds or dollars from this on is damage."""


@dataclass
class Transcript:
    """A session.

    Attributes:
        program, number: the program, and the number of the session.
        about: its record, `session.json`; empty if that cannot be read.
        ending, detail: how it ended.
        steps: the steps in order.
        runs: numbers of the steps that ran Julia.
        line: tokens over time.
        left: changes of kernel and harness after the last run, or that no tool call shows.
        notes: missing or damaged files.
        source: its directory.
    """

    program: Program
    number: int
    about: Mapping[str, Any]
    source: str
    ending: str = UNFINISHED
    detail: str = ""
    steps: list[Step] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    line: TimeLine | None = None
    left: list[Diff] = field(default_factory=list)
    remarks: Damage = field(default_factory=list)
    """Files that the session never had. This is not damage: an agent can end before it exports."""

    notes: Damage = field(default_factory=list)

    def facts(self, *names: str) -> Any:
        """Return a value of the record by its path; None if there is none."""
        found: Any = self.about
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def number_of(self, *names: str) -> float | None:
        """Return a number of the record by its path; None if there is none."""
        found = self.facts(*names)
        return found if isinstance(found, int | float) and abs(found) < _MOST else None

    @property
    def turns(self) -> list[Step]:
        """Steps in which the model answered."""
        return [step for step in self.steps if step.source == "agent" and step.tokens]

    @property
    def calls(self) -> int:
        """Number of tool calls."""
        return sum(len(step.calls) for step in self.steps)

    @property
    def lookups(self) -> int:
        """Number of queries to the documentation server."""
        return sum(call.lookup for step in self.steps for call in step.calls)


def transcript(shelf: Shelf, program: Program, number: int) -> Transcript:
    """Read a session, as far as its files can be read."""
    place = f"{layout.transcripts_path(program)}/{number}"
    found = Transcript(program, number, {}, shelf.source(place))
    with recorded(found.notes):
        found.about = _record(shelf, f"{place}/session.json")
        found.ending = str(found.facts("ending", "kind") or UNFINISHED)
        found.detail = str(found.facts("ending", "detail") or "")
    with recorded(found.notes):
        found.steps = read_steps(shelf, place, found.remarks)
    _add_diffs(found, shelf, place)
    with recorded(found.notes):
        _add_dollars(found, shelf, f"{place}/exchanges.jsonl")
    seconds = found.number_of("seconds") or 0.0
    turns = [
        Turn(step.number, step.seconds or 0.0, step.prompt, step.completion, step.dollars)
        for step in found.turns
    ]
    found.line = time_line(turns, seconds)
    return found


def _record(shelf: Shelf, path: str) -> dict[str, Any]:
    if not shelf.has(path):
        raise UserError(f"{shelf.source(path)}: missing")
    return json_object(shelf, path)


def _add_dollars(found: Transcript, shelf: Shelf, path: str) -> None:
    """Add the cost of each turn from the gateway's record, because OpenCode knows no prices.

    If the numbers of answers and turns differ, only the cost of the session is known.
    """
    paid = found.number_of("usage", "dollars") or 0
    if paid <= 0 or any(step.dollars for step in found.steps) or not shelf.has(path):
        return
    try:
        exchanges = [json.loads(line) for line in shelf.text(path).split("\n")[:-1]]
        costs = [finite(each["usage"]["dollars"]) for each in exchanges if each.get("usage")]
    except (*DAMAGE, RecursionError) as error:
        raise UserError(f"{shelf.source(path)}: damaged: {error!r}; see `repro verify`") from error
    if len(costs) == len(found.turns):
        for step, dollars in zip(found.turns, costs, strict=True):
            step.dollars = dollars


_RUN = re.compile(r"\bjulia\b")
"""Matches commands that run Julia; other commands do not count as a run."""


def _add_diffs(found: Transcript, shelf: Shelf, place: str) -> None:
    """Add the changes of kernel and harness between runs, and those in the files at the end."""
    watched = [name for name in (found.facts("kernel"), found.facts("harness")) if name]
    watched = [name for name in watched if isinstance(name, str) and "/" not in name]
    shown = dict.fromkeys(watched, "")
    files = Files()
    for number, step in enumerate(found.steps, 1):
        step.number = number
        ran = False
        for call in step.calls:
            if not call.refused:
                files.follow(call.tool, call.given)
                ran |= call.tool == "bash" and bool(_RUN.search(str(call.given.get("command"))))
        if ran:
            step.first_run = not found.runs
            found.runs.append(number)
            step.diffs = list(_changes(shown, files.texts))
    with recorded(found.notes):
        left = {
            name: shelf.text(path)
            for name in watched
            if shelf.has(path := f"{place}/workspace/{name}")
        }
        found.left = list(_changes(shown, left))


def _changes(shown: dict[str, str], now: Mapping[str, str]) -> Iterator[Diff]:
    for name, before in shown.items():
        after = now.get(name, before)
        if after != before:
            shown[name] = after
            yield diff(name, before, after)
