"""Sessions without their outside programs: prompts, endings, settings, records."""

import json
from pathlib import Path

import pytest
from session_records import asked_once, record
from syrupy.assertion import SnapshotAssertion

from repro import ROOT
from repro.agent import layout, opencode, prompting, records
from repro.agent.atif import trajectory
from repro.agent.endings import Ending, Evidence, Stage, judge
from repro.agent.gateway import Budget, Trouble, Usage
from repro.agent.generate import Wishes, wanted
from repro.agent.models import Limits, ModelSettings, Provider
from repro.agent.opencode import Told, told_by
from repro.agent.prompting import Means
from repro.agent.replay import of_time
from repro.agent.single_shot import first_julia_block
from repro.agent.to_dataset import study_of
from repro.errors import UserError
from repro.files import canonical_json, read_json
from repro.study.load import STUDIES, load_study
from repro.study.model import Study
from repro.study.names import Program
from repro.study.toml import parse_toml

MEANS = Means("1.12.6", ("Dagger", "MPI"), docs=True)
PROGRAM = Program("m", "cholesky", "mpi", 0)
STUDY = load_study("smoke")


def test_prompts_of_one_program(snapshot: SnapshotAssertion) -> None:
    told = prompting.session_prompts(PROGRAM, STUDY, MEANS)
    told |= prompting.single_prompts(PROGRAM, STUDY, MEANS)
    assert told == snapshot


@pytest.mark.parametrize("problem", ["pi", "gemm", "cholesky"])
@pytest.mark.parametrize("framework", ["threads", "dagger", "mpi", "dagger-distributed"])
def test_every_program_is_asked_for_by_its_contract(problem: str, framework: str) -> None:
    program = Program("m", problem, framework, 0)
    told = prompting.session_prompts(program, STUDY, MEANS)
    kind = STUDY.framework_directory(framework).definition.programs
    assert STUDY.problem_directory(problem).contract(kind) in told["harness.md"]
    assert f"{problem}_{framework}.jl" in told["kernel.md"]
    assert f"test_{problem}_{framework}.jl" in told["harness.md"]
    assert all(len(text) < 4000 for text in told.values())  # a small model reads them too


def test_without_documentation_nobody_speaks_of_it() -> None:
    told = prompting.session_prompts(PROGRAM, STUDY, Means("1.5.3", (), docs=False))
    assert "docs_" not in told["system.md"]
    assert "docs_" in prompting.session_prompts(PROGRAM, STUDY, MEANS)["system.md"]


def settings(provider: Provider) -> ModelSettings:
    limits = Limits(context=1000, output=100)
    return ModelSettings(provider=provider, model="some-model", key="A_KEY", limits=limits)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "openai-compatible"])
def test_settings_of_opencode(provider: Provider, snapshot: SnapshotAssertion) -> None:
    assert opencode.configuration(settings(provider), docs=True) == snapshot


def test_the_ablation_has_no_documentation_server() -> None:
    found = opencode.configuration(settings("openai"), docs=False)
    assert "mcp" not in found
    assert "docs_*" not in found["agent"]["julia"]["tools"]


def stage(
    reason: str | None = "stop",
    *,
    steps: int = 3,
    errors: tuple[tuple[str, str], ...] = (),
    timed_out: bool = False,
    code: int | None = 0,
    limits: tuple[str, ...] = (),
) -> Stage:
    return Stage(Told("ses", reason, steps, errors), timed_out, code, limits)


GOOD = stage()


@pytest.mark.parametrize(
    ("stages", "kernel", "kind"),
    [
        ([GOOD, GOOD], "k.jl", "finished"),
        ([GOOD, GOOD], None, "no-kernel"),
        ([GOOD, stage("length")], None, "gave-up"),
        ([GOOD, stage("tool-calls")], "k.jl", "gave-up"),
        ([stage("length"), GOOD], "k.jl", "finished"),
        ([GOOD, stage(steps=10)], "k.jl", "gave-up"),
        ([GOOD, stage("tool-calls", timed_out=True)], "k.jl", "budget"),
        ([stage("tool-calls", code=None)], "k.jl", "cut-off"),
        ([stage("tool-calls", code=-9)], None, "cut-off"),
        ([stage("tool-calls", code=-9, limits=("memory: opencode had 1 MiB",))], None, "gave-up"),
        ([stage(None, steps=0, code=1)], None, "cut-off"),
        ([stage("stop", errors=(("UnknownError", "JSON parsing failed"),))], None, "provider-down"),
        ([stage("stop", errors=(("ContextOverflowError", "too long"),))], None, "gave-up"),
    ],
)
def test_endings_by_events_and_files(stages: list[Stage], kernel: str | None, kind: str) -> None:
    ending = judge(Evidence(None, stages, kernel, steps=10, seconds=60))
    assert ending.kind == kind
    assert ending.detail


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [("budget", "budget"), ("refused", "provider-refused"), ("unknown-model", "provider-refused"),
     ("down", "provider-down"), ("stalled", "provider-down"), ("diverged", "diverged")],
)  # fmt: skip
def test_what_the_gateway_says_comes_first(trouble: str, kind: str) -> None:
    said = Trouble(trouble, "why")  # type: ignore[arg-type]
    failed = stage("stop", errors=(("APIError", "409"),))
    assert judge(Evidence(said, [failed], None, 10, 60)).kind == kind


def test_a_replay_that_ran_out_of_time_says_so() -> None:
    """Not where the session itself did."""
    slow = Evidence(None, [stage("tool-calls", timed_out=True)], None, 10, 60)
    session = Ending(
        "budget", "its 60 seconds are over"
    )  # by the gateway: the replay need not wait
    (divergence,) = of_time(session, slow)
    assert divergence.where == "time"
    assert "stage 1 reached the time budget of 60 s: this machine is slower" in divergence.diff
    assert not divergence.allowed
    assert list(of_time(judge(slow), slow)) == []
    assert list(of_time(session, Evidence(None, [GOOD], None, 10, 60))) == []


def test_events_that_are_cut_or_no_events_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    begin = '{"type": "step_start", "sessionID": "ses_1", "part": {}}\n'
    end = {"type": "step_finish", "sessionID": "ses_1", "part": {"reason": "stop"}}
    error = {"type": "error", "error": {"name": "APIError", "data": {"message": "a\nb"}}}
    path.write_text(begin + "noise\n[1]\n" + json.dumps(end) + "\n" + json.dumps(error) + '\n{"ty')
    assert told_by(path, 0) == Told("ses_1", "stop", 1, (("APIError", "a b"),))
    assert told_by(path, len(begin)).steps == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("So:\n```julia\nf() = 1\n```\nand\n```julia\nf() = 2\n```\n", "f() = 1\n"),
        ("```bash\njulia x\n```\n```jl\nf() = 1\n```\n", "f() = 1\n"),
        ("```\nf() = 1\n```\n", "f() = 1\n"),
        ("~~~~Julia\nf() = `ls`\n```\n~~~~\n", "f() = `ls`\n```\n"),
        ("```python\nf = 1\n```\n", None),
        ("f() = 1", None),
        ("```julia\nnever closed", None),
    ],
)
def test_the_first_julia_block_is_the_program(text: str, code: str | None) -> None:
    assert first_julia_block(text) == code


def a_session(root: Path, name: str, number: int, kind: str) -> records.Session:
    program = Program.parse(name)
    path = layout.program_path(root, program) / str(number)
    begun = records.begin(path, record(program, model_name="qwen3-coder-next"))
    return records.end(begun, Ending(kind, "so"))  # type: ignore[arg-type]


def test_what_is_repeated_and_what_is_kept(tmp_path: Path) -> None:
    kinds = {"finished": True, "no-kernel": True, "gave-up": True, "budget": True,
             "provider-refused": False, "provider-down": False, "cut-off": False}  # fmt: skip
    for number, (kind, done) in enumerate(kinds.items()):
        session = a_session(tmp_path, "m/pi/threads/0", number, kind)
        assert records.is_done(session, Budget(seconds=10)) == done
    used_up = a_session(tmp_path, "m/pi/threads/0", 99, "budget")
    assert not records.is_done(used_up, Budget(seconds=11))
    assert records.is_done(used_up, Budget(seconds=11, turns=5))  # wider and tighter
    assert not records.is_done(used_up, Budget())


def test_a_session_without_an_ending_is_cut_off(tmp_path: Path) -> None:
    program = Program.parse("m/pi/threads/0")
    records.begin(layout.program_path(tmp_path, program) / "0", record(program))
    assert records.sessions_of(tmp_path, program)[0].ending is None
    records.close_cut_off(tmp_path, program)
    (session,) = records.sessions_of(tmp_path, program)
    assert session.ending is not None
    assert session.ending.kind == "cut-off"


SESSIONS = sorted((ROOT / "data").glob("*/*/transcripts/*/*/session.json"))


def test_committed_sessions_would_be_written_with_the_same_bytes() -> None:
    assert SESSIONS
    for path in SESSIONS:
        found = records.read_session(path.parent)
        assert canonical_json(found.record.as_json()) == path.read_text(encoding="utf-8"), path


def test_what_is_written_of_a_session_is_what_is_read(tmp_path: Path) -> None:
    program = Program.parse("m/pi/threads/0")
    for number, begun in enumerate((record(program), asked_once(program))):
        session = records.begin(tmp_path / str(number), begun)
        assert records.read_session(session.path) == session
        assert "seconds" not in begun.as_json()
        assert "opencode" in begun.as_json()
        usage, ending = Usage(1, 3, 2, 1, 0.5), Ending("finished", "so")
        ended = records.end(session, ending, records.Result(seconds=1.5, usage=usage))
        assert records.read_session(session.path) == ended
        assert (ended.record.usage, ended.ending) == (usage, ending)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("program", "pi", "program = 'pi': pi: not a program's name"),
        ("budget", {"seconds": "long"}, "budget.seconds = 'long'"),
        ("limits", {"memory": 5}, "limits.memory: no such key"),
        ("kernel", "../../k.jl", "kernel = '../../k.jl'"),
        ("ending", {"kind": "tired", "detail": ""}, "ending.kind = 'tired'"),
        ("opencodes", {}, "opencodes: no such key"),
        ("model", None, "model"),
    ],
)
def test_the_damaged_field_of_a_session_is_named(
    tmp_path: Path, field: str, value: object, said: str
) -> None:
    session = records.begin(tmp_path / "0", record(Program.parse("m/pi/threads/0")))
    path = session.path / layout.SESSION
    path.write_text(json.dumps({**read_json(path), field: value}))
    with pytest.raises(UserError) as raised:
        records.read_session(session.path)
    assert str(raised.value).startswith(f"{path}: damaged: {said}")
    assert "\n" not in str(raised.value)


def test_variants_are_models_of_their_own() -> None:
    study = load_study("smoke")
    names = {one.model for one in wanted(study, None, Wishes())}
    assert names == {"gpt-5.5", "claude-opus-4.7", "qwen3-coder-next"} | (
        names & {"qwen2.5-coder-1.5b"}
    )
    variants = wanted(study, 2, Wishes(agent="single-shot"))
    assert variants[Program("gpt-5.5-single-shot", "pi", "mpi", 1)] == "gpt-5.5"
    assert wanted(study, None, Wishes(docs=False))[Program("gpt-5.5-no-docs", "pi", "mpi", 0)]


def test_a_study_learns_of_variants_and_samples(tmp_path: Path) -> None:
    text = (STUDIES / "smoke.toml").read_text()
    sessions = [
        a_session(tmp_path, "qwen3-coder-next/pi/threads/2", 0, "finished"),
        a_session(tmp_path, "qwen3-coder-next-no-docs/pi/threads/0", 0, "finished"),
    ]
    study = parse_toml(study_of(text, sessions, "smoke"), Study, "smoke")
    assert study.models["qwen3-coder-next"].samples == 3
    assert study.models["qwen3-coder-next"].title == "Qwen3-Coder-Next"
    assert study.models["qwen3-coder-next-no-docs"].title == "Qwen3-Coder-Next, no docs"
    same = study_of(study_of(text, sessions, "smoke"), sessions, "smoke")
    assert same == study_of(text, sessions, "smoke")


def test_a_model_that_is_no_table_is_told_of(tmp_path: Path) -> None:
    text = (STUDIES / "smoke.toml").read_text()
    inline = text.replace("[models.vendor]", "[models]\nx = {title = 'X'}\n[models.vendor]")
    session = a_session(tmp_path, "x/pi/threads/2", 0, "finished")
    with pytest.raises(UserError):
        study_of(inline, [session], "smoke")


def test_atif_has_what_the_format_asks_for() -> None:
    ended = record(
        Program.parse("m/pi/threads/0"), usage=Usage(1, 3, 2), ending=Ending("finished", "so")
    )
    found = trajectory(ended, [{"source": "user", "message": "x"}])
    assert found["steps"] == [{"step_id": 1, "source": "user", "message": "x"}]
    assert found["agent"] == {"name": "opencode", "version": "1.14.41", "model_name": "gpt-5.5"}
    assert found["final_metrics"] == {
        "total_prompt_tokens": 3, "total_completion_tokens": 2, "total_cached_tokens": 0,
        "total_steps": 1,
    }  # fmt: skip
