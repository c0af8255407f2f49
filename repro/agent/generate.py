"""Programs by their models: which are still to be made, and making one."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from repro import __version__
from repro.agent import layout, opencode, prompting, records, single_shot
from repro.agent.atif import write_atif
from repro.agent.endings import Ending, Evidence, judge
from repro.agent.gateway import Budget, recording
from repro.agent.models import ModelSettings, load_model
from repro.agent.records import Agent, Session
from repro.agent.sandbox import Limits
from repro.agent.session import Script, evidence, play
from repro.agent.view import Tools
from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch.run_directory import driving
from repro.study.expand import programs
from repro.study.model import Study
from repro.study.names import Program


@dataclass(frozen=True)
class Wishes:
    """How programs are to be made."""

    agent: Agent = "opencode"
    docs: bool = True
    budget: Budget = field(default_factory=lambda: Budget(None, None, None, None))
    limits: Limits = field(default_factory=Limits)
    steps: int = opencode.STEPS

    @property
    def suffix(self) -> str:
        """What the name of a model gets, so that its programs are not taken for the study's."""
        if self.agent == "single-shot":
            return "-single-shot"
        return "" if self.docs else "-no-docs"


@dataclass(frozen=True)
class Todo:
    """A program, and its sessions so far."""

    program: Program
    model: str
    """The name of its settings: the program's own without a suffix."""

    done: Session | None
    """The session that makes another unnecessary."""


@dataclass(frozen=True)
class Events:
    """What whoever shows progress is told."""

    started: Callable[[Program], None] = lambda _program: None
    ended: Callable[[Session], None] = lambda _session: None
    skipped: Callable[[Program, str], None] = lambda _program, _reason: None


def wanted(study: Study, samples: int | None, wishes: Wishes) -> dict[Program, str]:
    """The programs that LLMs are to write, and the settings of each one's model."""
    llms = {
        name: model.model_copy(update={"samples": samples or model.samples})
        for name, model in study.models.items()
        if model.kernels is None
    }
    found = programs(study.model_copy(update={"models": llms}))
    return {replace(one, model=one.model + wishes.suffix): one.model for one in found}


def look(generations: Path, chosen: dict[Program, str], wishes: Wishes) -> Iterator[Todo]:
    """What is to be done for each program; changes nothing."""
    for program, model in chosen.items():
        last = records.sessions_of(generations, program)[-1:]
        done = [session for session in last if records.is_done(session, wishes.budget)]
        yield Todo(program, model, done[0] if done else None)


@dataclass(frozen=True)
class Factory:
    """Makes programs of one study with one set of tools."""

    study: Study
    generations: Path
    tools: Tools
    wishes: Wishes
    events: Events = field(default_factory=Events)

    def make(self, chosen: dict[Program, str]) -> list[Session]:
        """Make the programs that are still to be made, one after another.

        Returns:
            The last session of each, also of those that were there.

        Raises:
            UserError: a model has no settings, no sandbox can be made, or the disk is full.
            KeyboardInterrupt: the user stopped it; the session that ran is kept, and repeated.
        """
        settings = {name: load_model(name) for name in sorted(set(chosen.values()))}
        refused: dict[str, str] = {}
        made = []
        with driving(self.generations), writing(self.generations):
            for program in chosen:
                records.close_cut_off(self.generations, program)
            for todo in look(self.generations, chosen, self.wishes):
                if todo.done:
                    made.append(todo.done)
                elif todo.model in refused:
                    self.events.skipped(todo.program, refused[todo.model])
                else:
                    session = self._make(todo.program, todo.model, settings[todo.model])
                    made.append(session)
                    self.events.ended(session)
                    if session.ending and session.ending.kind == "provider-refused":
                        refused[todo.model] = session.ending.detail
        return made

    def _make(self, program: Program, name: str, model: ModelSettings) -> Session:
        self.events.started(program)
        parent = layout.program_path(self.generations, program)
        directory = parent / str(len(layout.tries(parent)))
        prompts, about = self._describe(program, name, model)
        records.begin(directory, about)
        (directory / layout.PROMPTS).mkdir()
        for file, text in prompts.items():
            write_atomic(directory / layout.PROMPTS / file, text)
        begin = time.monotonic()
        try:
            ending, what = self._run(program, model, prompts, about, directory)
        except (UserError, KeyboardInterrupt) as error:
            records.end(directory, Ending("cut-off", str(error) or "stopped by the user"), {})
            raise
        what["seconds"] = round(time.monotonic() - begin, 3)
        session = records.end(directory, ending, what)
        write_atif(session)
        return session

    def _describe(
        self, program: Program, name: str, model: ModelSettings
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """The prompts, and what `session.json` says before anything is done."""
        wishes, tools = self.wishes, self.tools
        agentic = wishes.agent == "opencode"
        means = prompting.Means(tools.julia.version, tools.julia.packages, wishes.docs)
        make = prompting.session_prompts if agentic else prompting.single_prompts
        prompts = make(program, self.study.frameworks[program.framework].title, means)
        return prompts, {
            "program": str(program),
            "agent": wishes.agent,
            "docs": wishes.docs and agentic,
            "model_name": name,
            "model": model.model_dump(mode="json"),
            "budget": asdict(wishes.budget),
            "limits": asdict(wishes.limits),
            "steps": wishes.steps,
            "kernel": prompting.kernel_name(program),
            "harness": prompting.harness_name(program),
            "prompts": prompting.digests(prompts),
            "opencode": opencode.configuration(model, docs=wishes.docs, steps=wishes.steps)
            if agentic
            else None,
            "tools": {
                "julia": tools.julia.version,
                "packages": list(tools.julia.packages),
                "opencode": tools.opencode.version if agentic else None,
                "repro": __version__,
            },
        }

    def _run(
        self,
        program: Program,
        model: ModelSettings,
        prompts: dict[str, str],
        about: dict[str, Any],
        directory: Path,
    ) -> tuple[Ending, dict[str, Any]]:
        wishes, exchanges = self.wishes, directory / layout.EXCHANGES
        with (
            tempfile.TemporaryDirectory(prefix="repro-") as short,
            recording(model, exchanges, wishes.budget, Path(short) / "gateway") as gateway,
        ):
            seconds = wishes.budget.seconds
            if wishes.agent == "single-shot":
                seen = single_shot.ask(
                    model, prompts[prompting.SINGLE], gateway.socket, directory, about["kernel"]
                )
                what: dict[str, Any] = {}
            else:
                script = Script(program, prompts, about["opencode"], wishes.steps, wishes.limits)
                left = play(script, self.tools, gateway.socket, directory, seconds)
                seen = evidence(left, script, directory, seconds)
                what = {"left_out": list(left.left_out), "limits_reached": list(left.limits),
                        "stages": _stages(seen)}  # fmt: skip
            ending = judge(replace(seen, trouble=gateway.trouble))
            return ending, what | {"usage": asdict(gateway.usage)}


def _stages(seen: Evidence) -> Sequence[dict[str, Any]]:
    return [
        {"session": stage.told.session, "reason": stage.told.reason, "steps": stage.told.steps}
        for stage in seen.stages
    ]
