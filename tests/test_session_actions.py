"""Sessions in the crate of a dataset: by what, told what, and which program attempts then ran."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from session_records import asked_once, record

from repro.agent import layout as session_layout
from repro.agent import records
from repro.agent.endings import Ending, Kind
from repro.agent.gateway import Usage
from repro.agent.to_dataset import collect_generations
from repro.archive import layout
from repro.archive.verify import verify
from repro.cli.main import cli
from repro.study.names import Program

from archive_runs import KERNEL, add_attempt, make_run

PROGRAM = Program.parse("gpt-5.5/pi/threads/0")
ONCE = Program.parse("gpt-5.5-single-shot/pi/threads/0")
OPENCODE = "https://github.com/sst/opencode/releases/tag/v1.14.41"
MODEL = "#model/openai/gpt-5.5"
OTHER = b"other() = 1\n"
USAGE = Usage(turns=9, input_tokens=80, output_tokens=7, dollars=0.5)


def add_session(
    place: Path, program: Program, number: int, kind: Kind, kernel: bytes | None
) -> Path:
    """A session that is over, with its files."""
    path = session_layout.program_path(place, program) / str(number)
    begun = record if program == PROGRAM else asked_once
    session = records.begin(path, begun(program, model_name="gpt-5.5"))
    (path / "prompts").mkdir()
    (path / "prompts" / "system.md").write_text("You are")
    (path / "exchanges.jsonl").write_text("{}\n")
    (path / "workspace").mkdir()
    if kernel is not None:
        (path / "workspace" / "pi_threads.jl").write_bytes(kernel)
        (path / "workspace" / "test_pi_threads.jl").write_bytes(b"test()\n")
    records.end(session, Ending(kind, "so it\nwas"), records.Result(usage=USAGE))
    return path


def entities(dataset: Path) -> dict[str, Any]:
    graph = json.loads((dataset / layout.CRATE).read_text(encoding="utf-8"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def ids(value: Any) -> set[str]:
    return {item["@id"] for item in (value if isinstance(value, list) else [value])}


def made(tmp_path: Path, creator: str = "Nyone, A.") -> Path:
    collect_generations(tmp_path / "g", "paper", tmp_path / "data", "d", creator, "CC-BY-4.0")
    assert verify(tmp_path / "data" / "d").problems == []
    return tmp_path / "data" / "d"


def test_every_session_is_an_action(tmp_path: Path) -> None:
    add_session(tmp_path / "g", PROGRAM, 0, "finished", KERNEL)
    found = entities(made(tmp_path))
    root, action = found["./"], found[f"#{PROGRAM}/session/0"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert ids(root["mentions"]) == {f"#{PROGRAM}/session/0"}
    assert action["@type"] == "CreateAction"
    assert action["agent"] == root["creator"]
    assert ids(action["instrument"]) == {OPENCODE, MODEL}
    assert {found[name]["@type"] for name in ids(action["instrument"])} == {"SoftwareApplication"}
    assert (found[OPENCODE]["name"], found[OPENCODE]["softwareVersion"]) == ("OpenCode", "1.14.41")
    assert found[MODEL]["name"] == "gpt-5.5"
    session = f"{layout.transcripts_path(PROGRAM)}/0"
    assert ids(action["object"]) == {f"{session}/prompts/system.md"}
    assert ids(action["result"]) == {
        "gpt-5.5/kernels/pi_threads_0.jl", "gpt-5.5/tests/pi_threads_0.jl",
        *(f"{session}/{name}" for name in ("session.json", "exchanges.jsonl")),
        *(f"{session}/workspace/{name}" for name in ("pi_threads.jl", "test_pi_threads.jl")),
    }  # fmt: skip
    assert "turns: 9, tokens read: 80, written: 7, dollars: 0.5000" in action["description"]
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    about = json.loads((tmp_path / "data" / "d" / session / "session.json").read_text())
    assert (action["startTime"], action["endTime"]) == (about["started"], about["ended"])


def test_a_model_that_was_asked_once_had_no_agent(tmp_path: Path) -> None:
    add_session(tmp_path / "g", ONCE, 0, "finished", KERNEL)
    found = entities(made(tmp_path, creator=""))
    action = found[f"#{ONCE}/session/0"]
    assert ids(action["instrument"]) == {"#repro-0.1.0", MODEL}
    assert "agent" not in action
    assert OPENCODE not in found


@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "finished"])
def test_every_other_ending_is_a_failure(tmp_path: Path, kind: Kind) -> None:
    add_session(tmp_path / "g", PROGRAM, 0, kind, None)
    action = entities(made(tmp_path))[f"#{PROGRAM}/session/0"]
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"] == f"{kind}: so it was"


def test_a_program_is_of_the_session_that_left_it(tmp_path: Path) -> None:
    """Of the later one where two left the same, and 10 is later than 9."""
    kernel = layout.kernel_path(PROGRAM)
    for number, left in ((0, OTHER), (9, KERNEL), (10, KERNEL)):
        add_session(tmp_path / "g", PROGRAM, number, "budget", left)
    found = entities(made(tmp_path))
    makers = [name for name in found if kernel in ids(found[name].get("result", []))]
    assert makers == [f"#{PROGRAM}/session/10"]


def collected(tmp_path: Path) -> dict[str, Any]:
    """Of a run of the program, and of its sessions, by the command line."""
    cell = f"{PROGRAM}@1x1x1"
    run = make_run(tmp_path / "run")
    add_attempt(run, cell)
    options = ["--run", run, "--generations", tmp_path / "g", "--dataset", "d", "--data", tmp_path]
    answer = CliRunner().invoke(cli, ["collect", *map(str, options)], standalone_mode=False)
    assert answer.exception is None, answer.exception
    found = entities(tmp_path / "d")
    assert layout.kernel_path(PROGRAM) in ids(found[f"#{cell}/1"]["object"])
    assert ids(found["./"]["mentions"]) == {f"#{cell}/1", f"#{PROGRAM}/session/0"}
    return found


def test_what_an_attempt_used_is_what_a_session_made(tmp_path: Path) -> None:
    add_session(tmp_path / "g", PROGRAM, 0, "finished", KERNEL)
    session = collected(tmp_path)[f"#{PROGRAM}/session/0"]
    assert layout.kernel_path(PROGRAM) in ids(session["result"])


def test_another_kernel_in_its_place_is_not_the_sessions(tmp_path: Path) -> None:
    add_session(tmp_path / "g", PROGRAM, 0, "finished", OTHER)
    session = collected(tmp_path)[f"#{PROGRAM}/session/0"]
    assert layout.kernel_path(PROGRAM) not in ids(session["result"])
    assert layout.test_path(PROGRAM) in ids(session["result"])
