"""Whole sessions: the real OpenCode in the real sandbox, with Julia; only the model is scripted."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agent_place import GOOD, HARNESS, KERNEL, Place, Turn, bash, say, write

from repro import ROOT
from repro.agent import layout
from repro.agent.gateway import Budget
from repro.agent.generate import Wishes
from repro.agent.records import Session
from repro.agent.replay import replay
from repro.agent.to_dataset import collect_generations
from repro.archive.verify import verify
from repro.container.julia import Julia

PATIENCE = "patience = { tries = 2, backoff_s = 0.01, first_byte_s = 1, chunk_s = 1 }\n"


@pytest.fixture
def place(tmp_path: Path, julia: Julia) -> Place:
    return Place.make(tmp_path, julia)


def ending(session: Session) -> tuple[str, str]:
    assert session.ending is not None
    return session.ending.kind, session.ending.detail


def test_a_session_writes_a_program_and_is_archived_and_repeats_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_KEY", "sk-planted-0123456789")
    place.settings = 'key = "PLANTED_KEY"\n'
    session = place.generate(GOOD)

    assert ending(session) == ("finished", "it left pi_threads.jl")
    assert session.kernel.read_text() == KERNEL
    assert session.harness.read_text() == HARNESS
    names = {path.name for path in session.path.iterdir()}
    assert names == {
        layout.SESSION, layout.EXCHANGES, layout.EVENTS, layout.EXPORT, layout.ATIF,
        layout.PROMPTS, layout.WORKSPACE, layout.STDERR,
    }  # fmt: skip
    events = (session.path / layout.EVENTS).read_text()
    assert "ALL TESTS PASSED" in events
    files = [path for path in session.path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"sk-planted" in path.read_bytes()]

    atif = json.loads((session.path / layout.ATIF).read_text())
    assert [step["source"] for step in atif["steps"]] == [
        "system", "user", "agent", "agent", "user", "agent", "agent", "agent",
    ]  # fmt: skip
    assert atif["steps"][6]["tool_calls"][0]["function_name"] == "bash"
    assert "ALL TESTS PASSED" in atif["steps"][6]["observation"]["results"][0]["content"]

    verdict = replay(session, place.tools)
    assert verdict.same
    assert [one.where.split()[0] for one in verdict.divergences] == ["output"]  # time and process

    place.generate([say("not asked")])
    assert len(place.sessions()) == 1  # finished: nothing is done again

    data = place.root / "data"
    collect_generations(place.generations, str(place.study), data, "made", "", "MIT")
    assert verify(data / "made").problems == []
    assert (data / "made/scripted-no-docs/kernels/pi_threads_0.jl").read_text() == KERNEL
    assert (data / "made/scripted-no-docs/tests/pi_threads_0.jl").read_text() == HARNESS
    for command in (
        ["replay", "--dataset", "made", "--data", data],
        ["run", "--study", data / "made/study.toml", "--programs", data / "made", "--run", "run"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "repro", *map(str, command)], cwd=place.root,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "scripted-no-docs/pi/threads/0@1x1x2 ok" in done.stderr


def test_a_session_that_said_much_is_exported_whole(place: Place) -> None:
    """OpenCode ends as soon as it has begun to export, and a pipe takes 64 KiB at once."""
    long = "A line that a model says, to fill an export with. " * 1000
    session = place.generate([*GOOD[:1], say(long * 2), say(long * 4)])
    export = session.path / layout.EXPORT
    assert export.stat().st_size > len(long) * 6
    assert json.loads(export.read_text())
    assert (session.path / layout.ATIF).exists()


def test_every_difference_of_a_replay_is_named(place: Place) -> None:
    turns = [*GOOD[:2], write("notes/a.txt", "a"), bash("date +%N > made.txt"), *GOOD[2:]]
    session = place.generate(turns)
    session.kernel.write_text("another\n")
    (session.path / "workspace/notes/a.txt").unlink()
    found = {one.where: one.allowed for one in replay(session, place.tools).divergences}
    assert found.pop("file pi_threads.jl") is False
    assert found.pop("file notes/a.txt") is False
    assert found.pop("file made.txt") is True
    assert all(where.startswith("output of") for where in found)

    prompt = session.path / "prompts/kernel.md"
    prompt.write_text(prompt.read_text() + "Hurry.\n")
    verdict = replay(session, place.tools)
    assert not verdict.same
    (wrong,) = [one for one in verdict.divergences if one.where.startswith("request")]
    assert "+Hurry." in wrong.diff.replace("+ ", "+")


@pytest.mark.parametrize(
    ("turns", "kind", "detail"),
    [
        ([say("I would write one."), say("Here it is: ...")], "no-kernel", "left no kernel"),
        ([*GOOD[:2], *[bash("true")] * 3], "budget", "turns"),
        ([{"fault": "unauthorized", "times": 9}], "provider-refused", "401"),
        ([*GOOD[:2], {"fault": "unknown-model", "times": 9}], "provider-refused", "404"),
        ([{"fault": "bad-option", "times": 9}], "provider-refused", "Unsupported value"),
        ([*GOOD[:3], {"fault": "server-error", "times": 9}], "provider-down", "500"),
        ([*GOOD[:1], {"fault": "stall", "times": 9}], "provider-down", "no first byte"),
        ([*GOOD[:1], {"fault": "malformed", "times": 9}], "provider-down", "JSON"),
    ],
    ids=["no-kernel", "turns", "wrong-key", "unknown-model", "bad-option", "down", "stall",
         "malformed"],
)  # fmt: skip
def test_every_ending_is_told_apart_and_archived(
    place: Place, turns: list[Turn], kind: str, detail: str
) -> None:
    place.settings = PATIENCE
    wishes = dataclasses.replace(place.wishes, budget=Budget(seconds=120, turns=5))
    session = place.generate(turns, wishes)
    assert ending(session)[0] == kind, ending(session)
    assert detail in ending(session)[1]
    assert "\n" not in ending(session)[1]
    assert (session.path / layout.EXCHANGES).stat().st_size > 0
    left = {path.name for path in (session.path / layout.WORKSPACE).rglob("*")}
    assert left == {
        turn["calls"][0]["arguments"]["filePath"].rpartition("/")[2]
        for turn in turns
        if turn.get("calls", [{}])[0].get("name") == "write"
    }


def test_the_limit_of_steps_is_giving_up(place: Place) -> None:
    wishes = dataclasses.replace(place.wishes, steps=2)
    session = place.generate([bash("true")] * 9, wishes)
    assert ending(session) == ("gave-up", "stage 1 reached the limit of 2 steps")


def test_time_is_a_budget_also_for_what_the_agent_runs(place: Place) -> None:
    wishes = dataclasses.replace(place.wishes, budget=Budget(seconds=30))
    session = place.generate([*GOOD[:3], bash("sleep 100")], wishes)
    assert ending(session)[0] == "budget"
    assert session.kernel.read_text() == KERNEL
    assert (session.path / layout.EXPORT).exists()

    again = place.generate(GOOD, wishes)
    assert again.path == session.path  # the same budget would be used up again
    again = place.generate(GOOD)
    assert ending(again)[0] == "finished"
    assert [found.path.name for found in place.sessions()] == ["0", "1"]


def test_a_refused_key_is_tried_again_when_it_is_mended(place: Place) -> None:
    assert ending(place.generate([{"fault": "unauthorized", "times": 9}]))[0] == "provider-refused"
    assert ending(place.generate(GOOD))[0] == "finished"
    kinds = [ending(session)[0] for session in place.sessions()]
    assert kinds == ["provider-refused", "finished"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_driver_that_is_stopped_leaves_a_session_that_is_repeated(
    place: Place, number: signal.Signals
) -> None:
    place.script([*GOOD[:1], bash("sleep 54321")])
    command = [
        sys.executable, "-m", "repro", "generate", "--no-docs", "--study", place.study,
        "--out", place.generations, "--models", place.root / "models",
    ]  # fmt: skip
    words = [str(word) for word in command]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as driver:
        exchanges = place.generations / "scripted-no-docs/pi_threads_0/0" / layout.EXCHANGES
        deadline = time.monotonic() + 60
        while not exchanges.exists() or exchanges.read_text().count("\n") < 2:
            assert time.monotonic() < deadline
            assert driver.poll() is None
            time.sleep(0.05)
        driver.send_signal(number)
        said = driver.communicate()[1]
    if number != signal.SIGKILL:
        assert driver.returncode == 130
        assert "the same command resumes" in said
    session = place.generate(GOOD)
    assert ending(session)[0] == "finished"
    first, second = place.sessions()
    assert ending(first)[0] == "cut-off"
    assert second.path == session.path
    assert replay(first, place.tools).skipped


def test_one_completion_is_a_program_too(place: Place) -> None:
    wishes = Wishes(agent="single-shot", docs=False, budget=Budget(seconds=60))
    session = place.generate([say(f"Here:\n\n```julia\n{KERNEL}```\n")], wishes)
    assert ending(session) == ("finished", "it left pi_threads.jl")
    assert str(session.program) == "scripted-single-shot/pi/threads/0"
    assert session.kernel.read_text() == KERNEL
    assert replay(session, place.tools).same
    assert json.loads((session.path / layout.ATIF).read_text())["agent"]["name"] == "single-shot"


def test_one_completion_without_code_is_no_program(place: Place) -> None:
    wishes = Wishes(agent="single-shot", docs=False, budget=Budget(seconds=60))
    assert ending(place.generate([say("I cannot.")], wishes))[0] == "no-kernel"


def test_a_hostile_program_is_archived_like_any(place: Place) -> None:
    turns = [*GOOD[:2], bash("cat /etc/shadow ~/.ssh/*; kill -9 -1"), *GOOD[2:]]
    session = place.generate(turns)
    kind, detail = ending(session)
    assert kind == "cut-off"
    assert "OpenCode was killed" in detail
    assert session.harness.exists()
