"""Records: what is written is read back, what is damaged is named; run directories of before."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from repro import ROOT
from repro.cli.main import cli
from repro.container.julia import Julia, Package
from repro.errors import UserError
from repro.files import canonical_json
from repro.launch.environment import Environment, JuliaFacts, environment_id
from repro.launch.run_directory import open_run
from repro.launch.status import overview
from repro.launch.submissions import submissions
from repro.measure.attempts import all_attempts
from repro.measure.outcomes import OUTCOMES, Outcome
from repro.measure.plan import Plan
from repro.records import json_of, parse_record, read_record, write_record

from trials import plan_of

MADE_BEFORE = Path(__file__).parent / "made_before"
"""Run directories that commit f26de36 made: `before` by running cells on one machine, where one
attempt was interrupted by a SIGKILL and one was never started; `batch` by writing a job's script
and running its first task. `datasets` has the manifests of what that commit collected from them."""
PLAN = plan_of("reference/pi/threads/0@1x1x1")


def damaged(path: Path, value: Any) -> str:
    """What is said of a plan's file with this in it."""
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    with pytest.raises(UserError) as refusal:
        read_record(Plan, path)
    return str(refusal.value).removeprefix(f"{path}: damaged: ").removesuffix("; restore the file")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": "many"}, 'n is "many", not a whole number'),
        ({"n": True}, "n is true, not a whole number"),
        ({"n": 1.0}, "n is 1.0, not a whole number"),
        ({"batch": 0}, "batch is 0, not true or false"),
        ({"cell": None}, "cell is null, not text"),
        ({"command": "julia"}, 'command is "julia", not a list'),
        ({"command": ["julia", 1]}, "command[1] is 1, not text"),
        ({"env": ["HOME"]}, 'env is ["HOME"], not an object'),
        ({"env": {"HOME": None}}, "env.HOME is null, not text"),
        ({"limits": 60}, "limits is 60, not an object"),
        ({"ranks": ["x" * 99]}, f'ranks is ["{"x" * 58}…, not a whole number'),
        ({"rank": 1}, "it has a field rank, which is not known"),
    ],
)
def test_the_wrong_field_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert damaged(tmp_path / "attempt.json", json_of(PLAN) | change) == said


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"time_s": 1, "stall_s": 1}, "the field limits.memory_bytes is missing"),
        ({"time_s": "1"}, 'limits.time_s is "1", not a number'),
        ({"time_s": 1e999}, "limits.time_s is Infinity, not a number"),
    ],
)
def test_a_wrong_field_within_a_field(tmp_path: Path, limits: dict[str, Any], said: str) -> None:
    assert damaged(tmp_path / "attempt.json", json_of(PLAN) | {"limits": limits}) == said


def test_what_is_no_record_at_all(tmp_path: Path) -> None:
    path = tmp_path / "attempt.json"
    assert damaged(path, [1]) == "it is not an object"
    assert "Expecting value" in damaged(path, "")
    assert "nested too deeply" in damaged(path, "[" * 100_000)
    with pytest.raises(UserError, match="No such file"):
        read_record(Plan, tmp_path / "none.json")


def test_an_outcome_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "outcome.json"
    value = json_of(Outcome.unmeasured("ok", ""))
    path.write_text(json.dumps(value | {"outcome": "fine"}), encoding="utf-8")
    with pytest.raises(UserError, match="outcome is 'fine', not one of ok, wrong-result, "):
        read_record(Outcome, path)


@dataclass(frozen=True)
class Newer:
    """A record that has got a field since it was first written."""

    name: str
    cores_there: int | None = None


def test_a_new_field_is_one_line(tmp_path: Path) -> None:
    """Files from before it are read, and written as they were; it is written where it says more."""
    old = b'{\n  "name": "a"\n}\n'
    read = parse_record(Newer, old, tmp_path / "x.json")
    assert read == Newer("a", None)
    assert canonical_json(json_of(read)).encode() == old
    write_record(tmp_path / "x.json", replace(read, cores_there=4))
    assert read_record(Newer, tmp_path / "x.json") == Newer("a", 4)


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
outcomes = st.builds(
    Outcome, outcome=st.sampled_from(OUTCOMES), flags=st.lists(texts).map(tuple), detail=texts,
    wall_seconds=numbers, cpu_seconds=numbers, signal=st.none() | texts,
)  # fmt: skip


@given(outcomes)
def test_what_is_written_is_read_back(outcome: Outcome) -> None:
    data = canonical_json(json_of(outcome)).encode()
    assert parse_record(Outcome, data, Path("outcome.json")) == outcome


def test_records_of_before_keep_their_bytes() -> None:
    """Read and written again, they are the same file; so an environment keeps its id, too."""
    plans = list(MADE_BEFORE.glob("*/cells/**/attempt.json"))
    ended = list(MADE_BEFORE.glob("*/cells/**/outcome.json"))
    environments = list(MADE_BEFORE.glob("*/environment/*.json"))
    assert (len(plans), len(ended), len(environments)) == (5, 2, 3)
    kinds: list[tuple[type[Any], list[Path]]] = [
        (Plan, plans), (Outcome, ended), (Environment, environments),
    ]  # fmt: skip
    for kind, paths in kinds:
        for path in paths:
            record = read_record(kind, path)
            assert canonical_json(json_of(record)) == path.read_text(encoding="utf-8"), path
            if isinstance(record, Environment):
                assert environment_id(record) == path.stem


def test_an_environment_with_packages_is_read_back() -> None:
    julia = JuliaFacts(
        "1.12.6", "openblas64", "Zen", None, ("MPI", "Dagger"),
        details=(Package("MPI", "0.20.26", "ff63"), Package("Dagger")),
        build="distribution", commit="15346901f0",
    )  # fmt: skip
    path = next(MADE_BEFORE.glob("*/environment/*.json"))
    record = replace(read_record(Environment, path), julia=julia)
    data = canonical_json(json_of(record)).encode()
    assert parse_record(Environment, data, path) == record


@pytest.mark.parametrize("name", ["before", "batch"])
def test_a_run_of_before_is_collected_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(
        cli,
        ["collect", "--run", str(MADE_BEFORE / name), "--dataset", name, "--data", str(tmp_path)],
    )
    assert found.exit_code == 0, found.output
    made, wanted = tmp_path / name / "SHA256SUMS", MADE_BEFORE / "datasets" / name
    assert _but_for_the_version(made) == _but_for_the_version(wanted)


def _but_for_the_version(manifest: Path) -> list[str]:
    lines = manifest.read_text(encoding="utf-8").splitlines()
    naming = ("dataset.toml", "ro-crate-metadata.json")  # these name the version that made them
    return [line for line in lines if not line.endswith(naming)]


def test_the_states_of_runs_of_before() -> None:
    before = overview(open_run(MADE_BEFORE / "before"))
    assert [cell.state for cell in before.cells] == ["ok", "planned", "interrupted"]
    batch = open_run(MADE_BEFORE / "batch")
    assert batch.about.submit_via == "print"
    assert [cell.state for cell in overview(batch).cells] == ["ok", "planned", "not attempted"]
    (submission,) = submissions(batch.path)
    assert [attempt.number for attempt in submission.attempts] == [1, 1]
    first, second = (attempt.plan().environment for attempt in submission.attempts)
    assert first != second, "the node's environment is told in place of the planned one"


def test_a_run_of_before_goes_on(tmp_path: Path, julia: Julia) -> None:
    """What is done is skipped, what was planned starts as it was planned."""
    assert julia
    run = tmp_path / "run"
    shutil.copytree(MADE_BEFORE / "before", run)
    plan = next(run.glob("cells/**/*n=8000000/1/attempt.json"))
    _point(plan, run, str(julia.path))
    answer = subprocess.run(
        [sys.executable, "-m", "repro", "run", "*@1x1x1", "*n=8000000", "--run", run,
         "--study", run / "study.toml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "1 cells are done" in answer.stderr
    states = {attempt.cell.partition(",n=")[2]: attempt.state for attempt in all_attempts(run)}
    assert states == {"": "done", "8000000": "done", "400000000000": "interrupted"}


def _point(plan: Path, run: Path, julia: str) -> None:
    """Let a plan's paths be those of this machine, which has no /opt/reader."""
    text = plan.read_text(encoding="utf-8").replace("/opt/reader/before", str(run))
    text = text.replace("/opt/repro/.toolchain/julia-debian-1.5.3/julia", julia)
    plan.write_text(text.replace("/opt/repro", str(ROOT)), encoding="utf-8")


def test_a_damaged_plan_ends_the_watchdog_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "attempt.json").write_text("{}", encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-m", "repro.measure.watchdog", tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert answer.stderr == (
        f"repro: {tmp_path}/attempt.json: damaged: the field cell is missing; restore the file\n"
    )
