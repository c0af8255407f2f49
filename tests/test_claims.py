"""Claims: data made up as the paper tells it support them; changed, they refute or are silent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_analysis_data import Result, add_session, tiny, try_again, write_dataset

from repro.analysis.tidy import load
from repro.claims.judge import judge_all
from repro.claims.load import PAPER, load_claims
from repro.cli import claims_command
from repro.study.expand import Cell
from repro.study.filters import matcher

CLAIMS = load_claims(PAPER)
BY_NAME = {claim.name: claim for claim in CLAIMS}
TELLING = {claim.name: claim.telling for claim in CLAIMS}
PARTS = {claim.name for claim in CLAIMS if claim.part_of}
GPT, OPUS, QWEN = "gpt-5.5", "claude-opus-4.7", "qwen3-coder-next"
HAND = "reference"
NOT_TESTED = {"promising", "qwen-tests"}
ELSEWHERE = {"dagger-weaker-tiles-gemm", "dagger-weaker-tiles-cholesky", "cholesky-dagger-datadeps"}
"""About tiles and models that study paper does not have; test_claims_kinds.py tests their kinds."""
ARCHIVE = Path(__file__).parents[1] / "data"


def amdahl(cores: int, serial: float, spread: float = 0.004) -> list[float]:
    """Five times of 100 s of work of which a part is serial, in seconds."""
    ideal = 100 * (serial + (1 - serial) / cores)
    return [ideal * (1 + spread * i) for i in range(5)]


def as_told(cell: Cell) -> Result | None:
    """What the paper tells, and laws for what it does not; programs by hand never fail."""
    model, problem, framework = cell.program.model, cell.program.problem, cell.program.framework
    cores, dagger = cell.scale.cores, framework.startswith("dagger")
    if model not in {GPT, OPUS, QWEN, HAND}:
        return None
    if failure := _failure(model, problem, framework, cores):
        return failure, "oversubscribed" if model == QWEN and cores > 8 else "", []
    serial = {"pi": 0.0002, "gemm": 0.003, "cholesky": 0.04}[problem]
    if dagger and model == HAND:
        return "ok", "", [1.1 * t for t in amdahl(cores, serial, 0.02)]
    if dagger:
        slower = 1.5 + (0.01 * cores**2 if problem == "gemm" else 0)
        return "ok", "", [slower * t for t in amdahl(cores, serial, 0.02)]
    return "ok", "", amdahl(cores, serial)


def _failure(model: str, problem: str, framework: str, cores: int) -> str:
    """What a cell fails with, or nothing."""
    if model == HAND:
        return ""
    if (model, problem, framework) == (QWEN, "gemm", "threads") and cores == 8:
        return "wrong-result"
    if problem == "cholesky" and framework.startswith("dagger") and cores >= 24:
        return "deadlock"
    if (model, problem, framework) == (OPUS, "gemm", "dagger") and cores > 32:
        return "out-of-memory"
    if model == QWEN and cores >= 96 and problem != "pi":
        return {"threads": "timeout", "mpi": "crash"}.get(framework, "out-of-memory")
    return ""


def judged(tmp_path: Path, result: Callable[[Cell], Result | None]) -> dict[str, dict[str, Any]]:
    return told_of(tried(write_dataset(tmp_path, "paper", result)))


def tried(dataset: Path, failed: int = 0, failure: str = "deadlock") -> Path:
    """A dataset with 80 trials of each cell of the control from 8 cores on, some failed."""
    if (dataset / HAND).is_dir():
        outcomes = [*[failure] * failed, *["ok"] * (79 - failed)]
        try_again(dataset, HAND, lambda row: int(row["ranks"]) * int(row["threads"]) >= 8, outcomes)
    return dataset


def told_of(dataset: Path) -> dict[str, dict[str, Any]]:
    """The findings on a dataset as JSON, by the claim's name."""
    findings = [each.as_json() for each in judge_all(CLAIMS, load(dataset), [])]
    return {finding["name"]: finding for finding in findings}


def words(told: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: claim["verdict"] for name, claim in told.items()}


def test_data_as_the_paper_tells_it_support_every_claim_that_is_tested(tmp_path: Path) -> None:
    told = judged(tmp_path, as_told)
    silent = {name for name, word in words(told).items() if word == "cannot tell"}
    assert silent == NOT_TESTED | ELSEWHERE
    rest = {name: word for name, word in words(told).items() if name not in silent}
    assert rest.pop("cholesky-dagger-reference") == "refuted"  # else the models' is no finding
    assert set(rest.values()) == {"supported"}
    for name, claim in told.items():
        assert bool(claim["number"]) == (name not in silent), name
        assert bool(claim["cells"]) == (name not in silent), name
        assert bool(claim["missing"]) == (name in silent), name


@pytest.mark.parametrize("name", sorted(TELLING.keys() - NOT_TESTED - ELSEWHERE))
def test_the_cells_that_are_said_to_tell_are_enough(tmp_path: Path, name: str) -> None:
    control = ["reference/*"] if BY_NAME[name].against_control else []
    wanted = matcher([*TELLING[name], *control], otherwise=False)
    told = judged(tmp_path, lambda cell: as_told(cell) if wanted(str(cell.name)) else None)
    assert told[name]["verdict"] != "cannot tell"
    assert not told[name]["missing"]


def test_every_claim_says_which_cells_can_tell() -> None:
    assert {name for name, filters in TELLING.items() if not filters} == NOT_TESTED


def test_a_laptop_says_nothing_of_cells_that_need_more_cores(tmp_path: Path) -> None:
    dataset = tried(write_dataset(tmp_path, "paper", as_told))
    machine = {"machine": "Made-up CPU, 8 cores, 16 GiB", "cores": 8}
    (dataset / "environment" / "e1.json").write_text(json.dumps(machine))
    told = told_of(dataset)
    tellable = {name for name, word in words(told).items() if word != "cannot tell"}
    assert tellable - PARTS == {"small-runs", "pi-threads", "qwen-wrong"}
    assert PARTS - tellable == ELSEWHERE | {"cholesky-saturation-reference"}
    assert {told[name]["cores"] for name in PARTS & tellable} == {8}
    assert told["cholesky-saturation-reference"]["needs"] == "times at 16, 64 and 192 threads"
    hung = "deadlock of reference at 24 threads on 8 cores: 0 of 80 (0 to 4.51 %)"
    assert hung in told["cholesky-dagger-reference"]["reason"]


def test_perfect_programs_refute_what_says_that_they_fail(tmp_path: Path) -> None:
    def perfect(cell: Cell) -> Result | None:
        if cell.program.model not in {GPT, OPUS, QWEN, HAND}:
            return None
        return "ok", "", amdahl(cell.scale.cores, 0.0)

    found = words(judged(tmp_path, perfect))
    still = {"small-runs", "commercial-alike", "pi-mpi", "cholesky-threads", "pi-mpi-reference"}
    assert {name for name, word in found.items() if word == "supported"} == still
    alike = {"pi-threads", "gemm-mpi"}  # the interval of the ratio holds 1
    open_still = NOT_TESTED | ELSEWHERE | alike | {"gemm-mpi-reference"}  # below 1.05 it is no cost
    assert {name for name, word in found.items() if word == "cannot tell"} == open_still


def change(changed: Callable[[Cell], Any]) -> Callable[[Cell], Result | None]:
    """As told, but where `changed` says something else."""

    def result(cell: Cell) -> Result | None:
        found = changed(cell)
        return as_told(cell) if found is None else None if found == "absent" else found

    return result


def of(cell: Cell, model: str, problem: str, framework: str) -> bool:
    program = cell.program
    return (program.model, program.problem, program.framework) == (model, problem, framework)


OK: Result = ("ok", "", [0.1, 0.101, 0.102])
CHANGES: list[tuple[str, Callable[[Cell], Any]]] = [
    ("small-runs", lambda c: ("load-error", "", []) if c.program.framework == "mpi" else None),
    ("large-fails", lambda c: ("crash", "", []) if c.scale.cores > 8 else None),
    ("open-weight-worst", lambda c: OK if c.program.model == QWEN else None),
    (
        "commercial-alike",
        lambda c: ("ok", "", amdahl(c.scale.cores, 0.1)) if of(c, GPT, "gemm", "mpi") else None,
    ),
    ("dagger-weaker", lambda c: OK if c.program.framework.startswith("dagger") else None),
    (
        "kinds-of-failure",
        lambda c: OK if (as_told(c) or OK)[0] == "timeout" else None,
    ),
    ("pi-threads", lambda c: OK if of(c, GPT, "pi", "dagger") and c.scale.cores == 192 else None),
    ("pi-mpi", lambda c: ("ok", "", amdahl(c.scale.cores, 0.01))
        if of(c, QWEN, "pi", "mpi") else None),
    ("gemm-opus-dagger", lambda c: ("crash", "", []) if of(c, OPUS, "gemm", "dagger")
        and c.scale.cores == 16 else None),
    ("gemm-mpi", lambda c: ("timeout", "", []) if of(c, GPT, "gemm", "mpi")
        and c.scale.cores > 1 else None),
    ("cholesky-dagger", lambda c: ("crash", "", []) if of(c, GPT, "cholesky", "dagger")
        and c.scale.cores > 16 else None),
    ("cholesky-threads", lambda c: ("crash", "", []) if of(c, GPT, "cholesky", "threads")
        and c.scale.cores == 192 else None),
    ("cholesky-saturation", lambda c: ("ok", "", amdahl(c.scale.cores, 0.0))
        if of(c, OPUS, "cholesky", "threads") else None),
    ("qwen-wrong", lambda c: OK if (as_told(c) or OK)[0] == "wrong-result" else None),
    ("pi-threads-reference", lambda c: ("ok", "", amdahl(c.scale.cores, 0.0002))
        if of(c, HAND, "pi", "dagger") else None),
    ("pi-mpi-reference", lambda c: ("ok", "", amdahl(c.scale.cores, 0.01))
        if of(c, HAND, "pi", "mpi") else None),
    ("gemm-mpi-reference", lambda c: ("ok", "", amdahl(c.scale.cores, 0.003, 0.1))
        if of(c, HAND, "gemm", "mpi") else None),
    ("cholesky-dagger-reference", lambda _: None),
    ("cholesky-saturation-reference", lambda c: ("ok", "", amdahl(c.scale.cores, 0.0))
        if of(c, HAND, "cholesky", "threads") else None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changed"), CHANGES, ids=[name for name, _ in CHANGES])
def test_each_claim_can_be_refuted(
    tmp_path: Path, name: str, changed: Callable[[Cell], Any]
) -> None:
    told = judged(tmp_path, change(changed))[name]
    assert (told["verdict"], told["missing"]) == ("refuted", []), told["reason"]


def gone(*names: str) -> Callable[[Cell], Any]:
    return lambda c: "absent" if any(n in str(c.name) for n in names) else None


ABSENT = {
    "small-runs": gone("/gemm/", "/pi/"),
    "large-fails": gone(f"{QWEN}/"),
    "open-weight-worst": gone(f"{GPT}/pi/mpi"),
    "commercial-alike": gone(f"{OPUS}/pi/mpi/0@1x1x1"),
    "dagger-weaker": gone(f"{OPUS}/"),
    "kinds-of-failure": gone(f"{QWEN}/gemm", f"{QWEN}/cholesky"),
    "pi-threads": gone(f"{QWEN}/pi/dagger"),
    "pi-mpi": gone(f"{QWEN}/pi/mpi"),
    "gemm-opus-dagger": gone(f"{OPUS}/gemm/dagger"),
    "gemm-mpi": gone(f"{QWEN}/gemm/mpi"),
    "cholesky-dagger": gone(f"{GPT}/cholesky/dagger"),
    "cholesky-threads": gone(f"{GPT}/cholesky/threads"),
    "cholesky-saturation": gone(f"{GPT}/cholesky/threads/0@1x1x64"),
    "qwen-wrong": gone(f"{QWEN}/gemm/threads/0@1x1x8"),
    "pi-threads-reference": gone(f"{HAND}/pi/dagger"),
    "pi-mpi-reference": gone(f"{HAND}/pi/mpi/0@1x1x1"),
    "gemm-mpi-reference": gone(f"{HAND}/gemm/mpi"),
    "cholesky-dagger-reference": gone(f"{HAND}/cholesky/dagger/0@1x1x24"),
    "cholesky-saturation-reference": gone(f"{HAND}/cholesky/threads/0@1x1x192"),
}


@pytest.mark.parametrize("name", list(ABSENT))
def test_each_claim_is_open_without_its_data(tmp_path: Path, name: str) -> None:
    told = judged(tmp_path, change(ABSENT[name]))[name]
    assert told["verdict"] == "cannot tell", told["reason"]
    assert told["missing"]


def test_infrastructure_is_no_outcome(tmp_path: Path) -> None:
    """Failures of ours neither support that programs fail nor refute it."""

    def broken(cell: Cell) -> Result | None:
        found = as_told(cell)
        return found if found is None or found[0] == "ok" else ("infrastructure", "", [])

    found = words(judged(tmp_path, broken))
    assert [found[n] for n in ("large-fails", "cholesky-dagger", "qwen-wrong")] == [
        "cannot tell", "cannot tell", "cannot tell",
    ]  # fmt: skip


def test_a_program_that_was_not_written_does_not_run(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, "paper", change(gone("/mpi/", "dagger")))
    for model in (GPT, OPUS, QWEN):
        for problem in ("pi", "gemm", "cholesky"):
            for framework in ("mpi", "dagger", "dagger-distributed"):
                add_session(dataset, f"{model}/{problem}/{framework}/0", ending="no-kernel")
    told = told_of(dataset)
    assert told["small-runs"]["verdict"] == "refuted"
    assert told["small-runs"]["numbers"] == {"ran": 9, "programs": 36, "missing": 0}


def test_other_models_support_nothing(tmp_path: Path) -> None:
    """The claims are about the study's models: what programs by hand do is no evidence."""
    found = words(judged(tmp_path, lambda c: as_told(c) if c.program.model == HAND else None))
    assert {word for name, word in found.items() if name not in PARTS} == {"cannot tell"}
    assert "cannot tell" not in {found[name] for name in PARTS - ELSEWHERE}


def test_the_names_are_unique_and_every_test_is_said() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.test and claim.text.endswith(".") for claim in CLAIMS)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(claims_command.command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return int(result.return_value or 0), result.output


def test_the_command_runs_on_every_committed_dataset() -> None:
    code, output = run("--data", str(ARCHIVE), "--json")
    told = json.loads(output)
    assert code == 0
    assert {one["dataset"] for one in told} == {p.name for p in ARCHIVE.iterdir() if p.is_dir()}
    assert all(len(one["claims"]) == len(CLAIMS) for one in told)


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    write_dataset(tmp_path, "smoke", tiny)
    code, output = run("--data", str(tmp_path))
    assert code == 0
    assert "pi-mpi (results): cannot tell" in output
    assert "missing: times of gpt-5.5/pi/mpi on 1 core and on 24 or more" in output
    assert f"\nmade-up: {len(CLAIMS)} cannot tell\n" in output
    assert "--with-control --study paper" in output
