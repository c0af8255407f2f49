"""What `repro status` says of programs that models wrote: how each came about, and its cost."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_SUMS = ("tries", "turns", "input_tokens", "output_tokens", "seconds")


def programs(generations: Path, wanted: Callable[[str], bool]) -> list[dict[str, Any]]:
    """An entry a program: how its last session ended, and what all of them took together.

    Args:
        generations: directory of sessions, or a dataset with transcripts; it may be missing.
        wanted: which programs, by name.

    Raises:
        UserError: a session's record is damaged.
    """
    from repro.agent.gateway import Usage
    from repro.agent.records import all_sessions

    found: dict[str, dict[str, Any]] = {}
    for session in all_sessions(generations):
        name, usage = str(session.program), session.record.usage or Usage()
        if not wanted(name):
            continue
        entry = found.setdefault(name, dict.fromkeys(_SUMS, 0) | {"program": name, "dollars": None})
        entry["tries"] += 1
        entry["seconds"] += session.record.seconds or 0
        entry["turns"] += usage.turns
        entry["input_tokens"] += usage.input_tokens
        entry["output_tokens"] += usage.output_tokens
        if usage.dollars is not None:
            entry["dollars"] = (entry["dollars"] or 0) + usage.dollars
        entry["ending"] = session.ending.kind if session.ending else "running, or cut off"
        entry["detail"] = session.ending.detail if session.ending else ""
    return list(found.values())


def table(entries: Sequence[dict[str, Any]]) -> "Table":
    """A row a program, and their sum; dollars are `-` where the model has no price."""
    from rich.table import Table

    made = Table(title="Programs by models", title_justify="left")
    made.add_column("program", overflow="fold")
    made.add_column("ending", no_wrap=True)
    for heading in ("tries", "turns", "tokens in", "out", "s", "$"):
        made.add_column(heading, justify="right", no_wrap=True)
    for entry in entries:
        made.add_row(entry["program"], entry["ending"], *_texts(entry))
    total: dict[str, Any] = {key: sum(entry[key] for entry in entries) for key in _SUMS}
    known = [entry["dollars"] for entry in entries if entry["dollars"] is not None]
    made.add_section()
    made.add_row("all", "", *_texts(total | {"dollars": sum(known) if known else None}))
    return made


def _texts(entry: dict[str, Any]) -> list[str]:
    dollars = "-" if entry["dollars"] is None else f"{entry['dollars']:.4f}"
    counts = [f"{entry[key]:,}" for key in ("tries", "turns", "input_tokens", "output_tokens")]
    return [*counts, f"{entry['seconds']:,.0f}", dollars]
