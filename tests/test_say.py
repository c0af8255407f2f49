"""Text of programs on a terminal: it is shown, and does nothing."""

import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.progress import Progress
from rich.table import Table

from repro.cli.console import Console
from repro.cli.main import cli
from repro.cli.say import echo
from repro.errors import warn

from archive_runs import FIRST, full_run

HOSTILE = "\x1b[2J\x1b]0;title\a red \x9b31m \u202egnp.exe \r\b end"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


def test_echo_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    warn(HOSTILE)
    out, err = capsys.readouterr()
    for text in (out, err):
        assert not ACTS.search(text.rstrip("\n"))
        assert "title" in text
        assert "end" in text


def test_tables_and_progress() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    table = Table(HOSTILE)
    table.add_row(HOSTILE)
    console.print(table)
    console.print(HOSTILE, style="bold", markup=False)
    with Progress(console=console) as progress:
        progress.add_task(HOSTILE, total=1)
    text = file.getvalue()
    assert text.count("⟨U+202E⟩") >= 3
    for sent in ("\x1b[2J", "\x1b]", "\a", "\x9b", "\u202e", "\b"):
        assert sent not in text


@pytest.mark.parametrize("command", ["status", "logs"])
def test_commands_show_what_a_program_said(command: str, tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    attempt = max((run / "cells" / FIRST).iterdir())
    outcome = json.loads((attempt / "outcome.json").read_text(encoding="utf-8"))
    outcome |= {"outcome": "runtime-error", "detail": HOSTILE}
    (attempt / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    (attempt / "stderr.txt").write_text(HOSTILE, encoding="utf-8")
    arguments = [command, *([FIRST] if command == "logs" else []), "--run", str(run)]
    shown = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert shown.exception is None, shown.exception
    assert "⟨U+202E⟩" in shown.output
    assert not ACTS.search(shown.output.replace("\n", ""))
