"""Progress of sessions: a line when one ends; on a terminal also the one that runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from repro.agent.endings import CUT_OFF
from repro.agent.gateway import Usage
from repro.agent.generate import Events
from repro.cli.console import Console

if TYPE_CHECKING:
    from repro.agent.records import Session
    from repro.study.names import Program

_STYLES = {"finished": "green", "provider-refused": "red", "provider-down": "yellow",
           "cut-off": "yellow"}  # fmt: skip


@contextmanager
def shown(total: int) -> Iterator[Events]:
    """Events that show progress on standard error."""
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
            console.print(Text(f"{program} skipped: {reason}"), soft_wrap=True)

        yield Events(started, ended, skipped)


def _line(session: "Session", count: str) -> Text:
    ending, usage = session.ending or CUT_OFF, session.record.usage or Usage()
    tokens = usage.input_tokens + usage.output_tokens
    cost = "" if usage.dollars is None else f", ${usage.dollars:.4f}"
    seconds = session.record.seconds or 0.0
    said = f" {seconds:.1f} s, {usage.turns} turns, {tokens} tokens{cost}"
    return Text.assemble(
        f"{count} {session.program} ",
        (ending.kind, _STYLES.get(ending.kind, "magenta")),
        f"{said}: {ending.detail}",
    )
