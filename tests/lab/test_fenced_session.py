"""A model that writes its calls into its text, in a real session: what the agent makes of it."""

import json
from pathlib import Path

import pytest
from agent_place import KERNEL, Place, say

from repro.agent import layout
from repro.agent.replay import replay
from repro.container.julia import Julia


def fenced(name: str, **arguments: str) -> str:
    """As such a model says it; the last bracket is cut off by the stop words."""
    call = json.dumps({"name": name, "arguments": arguments}, indent=2)
    return f"```json\n{call}".removesuffix("}")


@pytest.fixture
def place(tmp_path: Path, julia: Julia) -> Place:
    return Place.make(tmp_path, julia)


def test_fenced_calls_are_done_and_made_up_tools_refused(place: Place) -> None:
    place.settings = 'adapter = "fenced-tool-calls"\n'
    run = "julia -t 2 -e 'include(\"pi_threads.jl\"); println(compute_pi(1))'"
    session = place.generate([
        say(fenced("include", filePath="pi_threads.jl")),
        say(fenced("write", filePath="test_pi_threads.jl", content="# none\n")),
        say("Done."),
        say(f"Here is the content of `pi_threads.jl`:\n\n```julia\n{KERNEL}```\n"),
        say(fenced("bash", command=run, description="Tries it")),
        say("Done."),
    ])  # fmt: skip
    assert session.ending
    assert session.ending.kind == "finished"
    assert session.kernel.read_text() == KERNEL
    assert session.harness.read_text() == "# none\n"
    events = (session.path / layout.EVENTS).read_text()
    assert "Available tools: bash, read, edit, write" in events
    assert "3.2" in events
    exchanges = (session.path / layout.EXCHANGES).read_text().splitlines()
    assert all("unadapted" in json.loads(line) for line in exchanges)
    assert "tools" not in json.loads(exchanges[0])["added"]
    assert replay(session, place.tools).same
