"""Programs by models: which are still to be made, and making them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro import __version__
from repro.agent import layout, opencode, prompting, records, single_shot
from repro.agent.atif import write_atif
from repro.agent.endings import Ending, Stage, judge
from repro.agent.gateway import Budget, recording
from repro.agent.models import MODELS, ModelSettings, load_model
from repro.agent.records import Agent, Result, Session, SessionRecord, StageRecord, UsedTools
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
        """The ending of the model's name, so that its programs are not taken for the study's."""
        if self.agent == "single-shot":
            return "-single-shot"
        return "" if self.docs else "-no-docs"


@dataclass(frozen=True)
class Todo:
    """A program, and whether it needs a session."""

    program: Program
    model: str
    """The name of the model's settings: the program's model without the suffix."""

    done: Session | None
    """The session that makes another one unnecessary; None: there is none."""


@dataclass(frozen=True)
class Events:
    """What is called when something happens, to show progress."""

    started: Callable[[Program], None] = lambda _program: None
    ended: Callable[[Session], None] = lambda _session: None
    skipped: Callable[[Program, str], None] = lambda _program, _reason: None


def wanted(study: Study, samples: int | None, wishes: Wishes) -> dict[Program, str]:
    """The programs that LLMs are to write, each with the name of its model's settings."""
    llms = {
        name: model.model_copy(update={"samples": samples or model.samples})
        for name, model in study.models.items()
        if model.kernels is None
    }
    found = programs(study.model_copy(update={"models": llms}))
    return {replace(one, model=one.model + wishes.suffix): one.model for one in found}


def look(generations: Path, chosen: dict[Program, str], wishes: Wishes) -> Iterator[Todo]:
    """What is to be done for each program; nothing is changed."""
    for program, model in chosen.items():
        last = records.sessions_of(generations, program)[-1:]
        done = [session for session in last if records.is_done(session, wishes.budget)]
        yield Todo(program, model, done[0] if done else None)


@dataclass(frozen=True)
class Factory:
    """Makes programs of a study with one set of tools."""

    study: Study
    generations: Path
    tools: Tools
    wishes: Wishes
    models: Path = MODELS
    """The directory of the models' settings."""

    events: Events = field(default_factory=Events)

    def make(self, chosen: dict[Program, str]) -> list[Session]:
        """Make the programs that are still to be made, one after another.

        Returns:
            The last session of each program, including those that were there before.

        Raises:
            UserError: a model has no settings, no sandbox can be made, or the disk is full.
            KeyboardInterrupt: the user stopped it; the interrupted session is kept, and repeated
                by the next call.
        """
        settings = {name: self._settings(name) for name in sorted(set(chosen.values()))}
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

    def _settings(self, name: str) -> ModelSettings:
        path = self.models / f"{name}.toml"
        return load_model(name if self.models == MODELS else str(path))

    def _make(self, program: Program, name: str, model: ModelSettings) -> Session:
        self.events.started(program)
        parent = layout.program_path(self.generations, program)
        prompts, record = self._describe(program, name, model)
        session = records.begin(parent / str(len(layout.tries(parent))), record)
        (session.path / layout.PROMPTS).mkdir()
        for file, text in prompts.items():
            write_atomic(session.path / layout.PROMPTS / file, text)
        begin = time.monotonic()
        try:
            ending, result = self._run(session, prompts)
        except (UserError, KeyboardInterrupt) as error:
            if (session.path / layout.EXCHANGES).exists():
                records.end(session, Ending("cut-off", str(error) or "stopped by the user"))
            else:  # the model was not asked, for lack of a key perhaps
                shutil.rmtree(session.path)
            raise
        seconds = round(time.monotonic() - begin, 3)
        session = records.end(session, ending, result.model_copy(update={"seconds": seconds}))
        write_atif(session)
        return session

    def _describe(
        self, program: Program, name: str, model: ModelSettings
    ) -> tuple[dict[str, str], SessionRecord]:
        """The prompts, and the record of a session that begins."""
        wishes, tools = self.wishes, self.tools
        agentic = wishes.agent == "opencode"
        means = prompting.Means(tools.julia.version, tools.julia.packages, wishes.docs)
        make = prompting.session_prompts if agentic else prompting.single_prompts
        prompts = make(program, self.study, means)
        settings = opencode.configuration(model, docs=wishes.docs, steps=wishes.steps)
        return prompts, SessionRecord(
            program=program,
            agent=wishes.agent,
            docs=wishes.docs and agentic,
            model_name=name,
            model=model,
            budget=wishes.budget,
            limits=wishes.limits,
            steps=wishes.steps,
            kernel=prompting.kernel_name(program),
            harness=prompting.harness_name(program),
            prompts=prompting.digests(prompts),
            opencode=settings if agentic else None,
            tools=UsedTools(
                julia=tools.julia.version,
                packages=tuple(tools.julia.packages),
                opencode=tools.opencode.version if agentic else None,
                repro=__version__,
            ),
            started=records.now(),
        )

    def _run(self, session: Session, prompts: dict[str, str]) -> tuple[Ending, Result]:
        record, directory = session.record, session.path
        model, budget = record.model, record.budget
        with (
            tempfile.TemporaryDirectory(prefix="repro-") as short,
            recording(
                model, directory / layout.EXCHANGES, budget, Path(short) / "gateway"
            ) as gateway,
        ):
            result = Result()
            if record.agent == "single-shot":
                asked = prompts[prompting.SINGLE]
                seen = single_shot.ask(model, asked, gateway.socket, directory, record.kernel)
            else:
                script = Script.of(record, prompts)
                left = play(script, self.tools, gateway.socket, directory, budget.seconds)
                seen = evidence(left, script, directory, budget.seconds)
                result = Result(
                    left_out=tuple(left.left_out),
                    limits_reached=tuple(left.limits),
                    stages=tuple(_stage(stage) for stage in seen.stages),
                )
            ending = judge(replace(seen, trouble=gateway.trouble))
            return ending, result.model_copy(update={"usage": gateway.usage})


def _stage(stage: Stage) -> StageRecord:
    told = stage.told
    return StageRecord(
        session=told.session, reason=told.reason, steps=told.steps, exit_code=stage.code
    )
