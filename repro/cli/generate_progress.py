"""Showing how sessions get on: a line an ending, on a terminal also what runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from repro.agent.endings import CUT_OFF
from repro.agent.generate import Events

if TYPE_CHECKING:
    from repro.agent.records import Session
    from repro.study.names import Program

_STYLES = {"finished": "green", "provider-refused": "red", "provider-down": "yellow",
           "cut-off": "yellow"}  # fmt: skip


@contextmanager
def shown(total: int) -> Iterator[Events]:
    """Events that show progress on standard error while sessions run."""
    console = Console(stderr=True, highlight=False)
    done = 0
    begin = time.monotonic()
    with console.status("") as status:

        def started(program: "Program") -> None:
            status.update(f"{program} ({done}/{total} done, {time.monotonic() - begin:.0f} s)")

        def ended(session: "Session") -> None:
            nonlocal done
            done += 1
            console.print(_line(session, f"{done}/{total}"), soft_wrap=True)

        def skipped(program: "Program", reason: str) -> None:
            console.print(Text(f"{program} not tried: {reason}"), soft_wrap=True)

        yield Events(started, ended, skipped)


def _line(session: "Session", count: str) -> Text:
    about, ending = session.about, session.ending or CUT_OFF
    usage = about.get("usage") or {}
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    cost = f", ${usage['dollars']:.4f}" if usage.get("dollars") is not None else ""
    said = f" {about.get('seconds', 0):.1f} s, {usage.get('turns', 0)} turns, {tokens} tokens{cost}"
    return Text.assemble(
        f"{count} {about['program']} ",
        (ending.kind, _STYLES.get(ending.kind, "magenta")),
        f"{said}: {ending.detail}",
    )
