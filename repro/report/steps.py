"""The steps of a session: messages and tool calls, as far as they are recorded."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from repro.analysis.damaged_data import Damage
from repro.analysis.sessions import DOCS
from repro.errors import UserError
from repro.report.highlight import Diff
from repro.report.text import Excerpt, Shelf, cut

MESSAGE, OUTPUT = 20_000, 6_000
"""Most characters shown of a message, and of an argument or result of a call."""
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True)
class Call:
    """A tool call with its result.

    Attributes:
        tool: name of the tool.
        title: its main argument, on one line.
        arguments: names and values.
        result: its result; None if none is recorded.
        lookup: True for a query to the documentation server.
        given: the arguments as recorded.
        refused: True if OpenCode did not execute it.
    """

    tool: str
    title: str
    arguments: Sequence[tuple[str, Excerpt]]
    result: Excerpt | None
    lookup: bool
    given: Mapping[str, Any]
    refused: bool


@dataclass
class Step:
    """One message, or one answer of the model with its tool calls."""

    number: int
    source: str
    seconds: float | None
    message: Excerpt
    reasoning: Excerpt | None
    calls: list[Call]
    prompt: int
    completion: int
    dollars: float
    diffs: list[Diff] = field(default_factory=list)
    """Changes of kernel and harness since the last diff, before this step's run."""

    first_run: bool = False
    """True for the first step that runs Julia."""

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.prompt + self.completion


def read_steps(shelf: Shelf, place: str, remarks: Damage) -> list[Step]:
    """Read the steps from the ATIF file; without one, from OpenCode's events."""
    for name, read in (("atif.json", _of_atif), ("events.jsonl", _of_events)):
        path = f"{place}/{name}"
        if not shelf.has(path):
            continue
        if name != "atif.json":
            remarks.append(f"The session has no atif.json; the steps below are from {name}.")
        try:
            return list(read(shelf, path))
        except DAMAGE as error:
            told = f"{shelf.source(path)}: damaged: {error!r}; see `repro verify`"
            raise UserError(told) from error
    raise UserError(f"{shelf.source(place)}: has no atif.json and no events.jsonl")


def _of_atif(shelf: Shelf, path: str) -> Iterator[Step]:
    source = shelf.source(path)
    start: datetime | None = None
    for number, step in enumerate(json_object(shelf, path)["steps"], 1):
        time = datetime.fromisoformat(step["timestamp"]) if step.get("timestamp") else None
        start = start or time
        metrics = step.get("metrics") or {}
        reasoning = step.get("reasoning_content")
        yield Step(
            number=number,
            source=str(step.get("source", "agent")),
            seconds=(time - start).total_seconds() if time and start else None,
            message=cut(_text(step.get("message", "")), source, MESSAGE),
            reasoning=cut(_text(reasoning), source, MESSAGE) if reasoning else None,
            calls=list(_calls(step, source)),
            prompt=int(metrics.get("prompt_tokens") or 0),
            completion=int(metrics.get("completion_tokens") or 0),
            dollars=finite(metrics.get("cost_usd")),
        )


def json_object(shelf: Shelf, path: str) -> dict[str, Any]:
    """Read an object from a file.

    Raises:
        UserError: the file cannot be read, or has no object.
    """
    try:
        found = json.loads(shelf.text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{shelf.source(path)}: damaged: {error}; see `repro verify`") from error
    if not isinstance(found, dict):
        raise UserError(f"{shelf.source(path)}: damaged: not an object; see `repro verify`")
    return found


def finite(value: Any) -> float:
    """Return dollars as a number; 0 for None.

    Raises:
        ValueError, TypeError, OverflowError: not a finite number.
    """
    number = float(value or 0)
    if not math.isfinite(number):
        raise ValueError(f"{value} dollars")
    return number


def _calls(step: Mapping[str, Any], source: str) -> Iterator[Call]:
    observed = (step.get("observation") or {}).get("results", ())
    results = {result.get("source_call_id"): result.get("content", "") for result in observed}
    for call in step.get("tool_calls", ()):
        identity = call.get("tool_call_id")
        yield _call(
            call["function_name"], call.get("arguments") or {}, results.get(identity), source
        )


def _call(tool: str, arguments: Any, result: Any, source: str) -> Call:
    given = arguments if isinstance(arguments, dict) else {"arguments": arguments}
    named_values = [(str(name), cut(_text(value), source, OUTPUT)) for name, value in given.items()]
    told = "" if result is None else _text(result)
    title = next((_text(given[name]) for name in _TITLES if name in given), "")
    return Call(
        tool=str(tool),
        title=" ".join(title.split())[:120],
        arguments=named_values,
        result=None if result is None else cut(told, source, OUTPUT),
        lookup=str(tool).startswith(DOCS),
        given=given,
        refused=told.startswith((f"The {tool} tool was called with invalid", *_REFUSED)),
    )


_REFUSED = ("Error: ", "Could not find oldString", "Found multiple matches for oldString")
"""Beginnings of OpenCode's messages for a call that it did not execute."""

_TITLES = ("filePath", "command", "query", "name", "module", "pattern", "path")
"""Main arguments of calls; the first one present is shown."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _of_events(shelf: Shelf, path: str) -> Iterator[Step]:
    """Read steps from OpenCode's events: texts and calls; the last line can be incomplete."""
    source, first = shelf.source(path), None
    for line in shelf.text(path).split("\n")[:-1]:
        event = json.loads(line)
        if event.get("type") not in ("text", "tool_use"):
            continue
        first = event["timestamp"] if first is None else first
        part = event["part"]
        state = part.get("state") or {}
        result = state.get("output", state.get("error"))
        calls = [_call(part["tool"], state.get("input"), result, source)] if state else []
        step = Step(
            number=0,
            source="agent",
            seconds=(event["timestamp"] - first) / 1000,
            message=cut(_text(part.get("text", "")), source, MESSAGE),
            reasoning=None,
            calls=calls,
            prompt=0,
            completion=0,
            dollars=0.0,
        )
        yield step
