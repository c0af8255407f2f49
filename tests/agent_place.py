"""A study whose one model is scripted: what it says is in a file; all else of a session is real."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.agent import records
from repro.agent.gateway import Budget
from repro.agent.generate import Factory, Wishes, wanted
from repro.agent.records import Session
from repro.container.julia import Julia
from repro.study.load import load_study

from a_study import study_toml, toml
from agent_tools import agent_tools

KERNEL = """\
function compute_pi(n)
    parts = zeros(Threads.nthreads())
    Threads.@threads for t in 1:Threads.nthreads()
        part = 0.0
        for i in t:Threads.nthreads():n
            part += 4 / (1 + ((i - 0.5) / n)^2)
        end
        parts[t] = part
    end
    sum(parts) / n
end
"""
HARNESS = """\
include(joinpath(@__DIR__, "pi_threads.jl"))
for n in (1, 2, 10, 1000)
    serial = sum(4 / (1 + ((i - 0.5) / n)^2) for i in 1:n) / n
    @assert abs(compute_pi(n) - serial) < 1e-10
end
println("took ", time_ns(), " of process ", getpid())
println("ALL TESTS PASSED")
"""
Turn = dict[str, Any]


def write(path: str, content: str) -> Turn:
    """A turn in which the model writes a file."""
    arguments = {"filePath": f"/workspace/{path}", "content": content}
    return {"calls": [{"name": "write", "arguments": arguments}]}


def bash(command: str) -> Turn:
    """A turn in which it runs a command."""
    arguments = {"command": command, "description": "run"}
    return {"calls": [{"name": "bash", "arguments": arguments}]}


def say(text: str) -> Turn:
    """A turn in which it only talks, which ends a stage."""
    return {"text": text}


GOOD = [
    write("test_pi_threads.jl", HARNESS),
    say("The harness is there."),
    write("pi_threads.jl", KERNEL),
    bash("julia -t 2 test_pi_threads.jl"),
    say("All tests pass."),
]
"""A session that goes well."""


@dataclass
class Place:
    """Where the study, its model and its sessions are."""

    root: Path
    tools: Any
    settings: str = ""
    """More lines of the model's settings."""

    events: Any = None
    wishes: Wishes = field(default_factory=lambda: Wishes(docs=False, budget=Budget(seconds=120)))

    @classmethod
    def make(cls, root: Path, julia: Julia) -> "Place":
        """Skips where there is no OpenCode or no sandbox."""
        tools = agent_tools(julia)
        (root / "models").mkdir()
        text = study_toml(
            {"scripted": {"title": "Scripted", "provider": "scripted"}},
            {"pi": [{"n": 1_000_000}]},
            shared=["1x1x2"], name="scripted", repetitions=2, time_limit_s=100, stall_limit_s=60,
            memory_limit_gib=3,
        )  # fmt: skip
        (root / "study.toml").write_text(text)
        return cls(root, tools)

    @property
    def study(self) -> Path:
        """The study's file."""
        return self.root / "study.toml"

    @property
    def generations(self) -> Path:
        """Where sessions are kept."""
        return self.root / "generations"

    def script(self, turns: list[Turn]) -> None:
        """Decide what the model will say."""
        path = self.root / "script.toml"
        path.write_text(f"turn = {toml(turns)}\n")
        (self.root / "models" / "scripted.toml").write_text(
            f'provider = "scripted"\nmodel = "scripted"\nendpoint = "{path}"\n'
            f"limits = {{ context = 32768, output = 4096 }}\n{self.settings}"
        )

    def generate(self, turns: list[Turn], wishes: Wishes | None = None) -> Session:
        """Have the model write its program."""
        self.script(turns)
        study, how = load_study(str(self.study)), wishes or self.wishes
        factory = Factory(study, self.generations, self.tools, how, self.root / "models")
        (session,) = factory.make(wanted(study, None, how))
        return session

    def sessions(self) -> list[Session]:
        """All that is kept."""
        return records.all_sessions(self.generations)

    def clear(self) -> None:
        """Forget all sessions."""
        shutil.rmtree(self.generations, ignore_errors=True)
