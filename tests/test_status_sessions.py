"""What `repro status` says of programs that models wrote."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from repro.cli.main import cli


def session(place: Path, stem: str, number: int, **about: Any) -> None:
    path = place / "scripted" / stem / str(number)
    path.mkdir(parents=True)
    problem, framework, sample = stem.split("_")
    named = {"program": f"scripted/{problem}/{framework}/{sample}"}
    (path / "session.json").write_text(json.dumps(named | about), encoding="utf-8")


def usage(turns: int, dollars: float | None) -> dict[str, Any]:
    return {"turns": turns, "input_tokens": 100 * turns, "output_tokens": 10 * turns,
            "cached_tokens": 0, "dollars": dollars}  # fmt: skip


def test_tries_are_added_up_and_the_last_ending_counts(tmp_path: Path) -> None:
    down = {"kind": "provider-down", "detail": "asked 5 times"}
    finished = {"kind": "finished", "detail": "it left pi_threads.jl"}
    session(tmp_path, "pi_threads_0", 0, usage=usage(2, 0.5), seconds=3.0, ending=down)
    session(tmp_path, "pi_threads_0", 1, usage=usage(3, 0.25), seconds=4.0, ending=finished)
    session(tmp_path, "gemm_threads_0", 0)
    where = ["--run", str(tmp_path / "none"), "--generations", str(tmp_path)]
    answer = CliRunner().invoke(cli, ["status", *where, "--json"])
    assert answer.exit_code == 0, answer.output
    gemm, pi = json.loads(answer.output)["programs"]
    assert pi == {
        "program": "scripted/pi/threads/0", "tries": 2, "turns": 5, "input_tokens": 500,
        "output_tokens": 50, "seconds": 7.0, "dollars": 0.75, **finished_entry(finished),
    }  # fmt: skip
    assert (gemm["ending"], gemm["dollars"], gemm["turns"]) == ("running, or cut off", None, 0)
    shown = CliRunner().invoke(cli, ["status", "*/pi/*", *where]).output
    assert "0.7500" in shown
    assert "gemm" not in shown


def finished_entry(ending: dict[str, str]) -> dict[str, str]:
    return {"ending": ending["kind"], "detail": ending["detail"]}


def test_no_sessions_and_no_run_is_one_line(tmp_path: Path) -> None:
    where = ["--run", str(tmp_path / "none"), "--generations", str(tmp_path / "none")]
    answer = CliRunner().invoke(cli, ["status", *where])
    assert "not a run directory" in str(answer.exception)
