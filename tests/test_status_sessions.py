"""What `repro status` says of programs that models wrote, and of flags."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from session_records import record

from repro.agent import layout, records
from repro.agent.endings import Ending
from repro.agent.gateway import Usage
from repro.cli.main import cli
from repro.study.names import Program

from archive_runs import OUTCOME, add_attempt, make_run


def session(place: Path, name: str, number: int, **how: Any) -> None:
    program = Program.parse(name)
    records.begin(layout.program_path(place, program) / str(number), record(program, **how))


def test_tries_are_added_up_and_the_last_ending_counts(tmp_path: Path) -> None:
    down = Ending("provider-down", "asked 5 times")
    finished = Ending("finished", "it left pi_threads.jl")
    pi_0, gemm_0 = "scripted/pi/threads/0", "scripted/gemm/threads/0"
    two, three = Usage(2, 200, 20, dollars=0.5), Usage(3, 300, 30, dollars=0.25)
    session(tmp_path, pi_0, 0, usage=two, seconds=3.0, ending=down)
    session(tmp_path, pi_0, 1, usage=three, seconds=4.0, ending=finished)
    session(tmp_path, gemm_0, 0)
    where = ["--run", str(tmp_path / "none"), "--generations", str(tmp_path)]
    answer = CliRunner().invoke(cli, ["status", *where, "--json"])
    assert answer.exit_code == 0, answer.output
    gemm, pi = json.loads(answer.output)["programs"]
    assert pi == {
        "program": pi_0, "tries": 2, "turns": 5, "input_tokens": 500, "output_tokens": 50,
        "seconds": 7.0, "dollars": 0.75, "ending": finished.kind, "detail": finished.detail,
    }  # fmt: skip
    assert (gemm["ending"], gemm["dollars"], gemm["turns"]) == ("running, or cut off", None, 0)
    shown = CliRunner().invoke(cli, ["status", "*/pi/*", *where]).output
    assert "0.7500" in shown
    assert "gemm" not in shown


def test_no_sessions_and_no_run_is_one_line(tmp_path: Path) -> None:
    where = ["--run", str(tmp_path / "none"), "--generations", str(tmp_path / "none")]
    answer = CliRunner().invoke(cli, ["status", *where])
    assert "not a run directory" in str(answer.exception)


def test_flags_are_shown_also_of_cells_that_are_ok(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for threads in (1, 2, 4):
        idle = OUTCOME | {"flags": ["idle-threads"]}
        add_attempt(run, f"reference/pi/threads/0@1x1x{threads}", outcome=idle)
    late = OUTCOME | {"outcome": "timeout", "flags": ["oversubscribed"], "detail": "late"}
    add_attempt(run, "reference/pi/dagger/0@1x1x4", outcome=late)
    shown = CliRunner().invoke(cli, ["status", "--run", str(run)]).output
    assert "reference/pi/dagger/0@1x1x4: timeout [oversubscribed]: late" in shown
    cells = ", ".join(f"reference/pi/threads/0@1x1x{threads}" for threads in (1, 2, 4))
    assert f"ok, flagged idle-threads: {cells}" in " ".join(shown.split())
