"""Metrics of datasets: rates and their denominators, envelopes, ratios, costs, gaps."""

import csv
import json
import math
import random
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from test_analysis_data import (
    VARIED,
    Result,
    add_session,
    tiny,
    write_dataset,
    write_manifest,
    write_varied,
)

from repro.agent.endings import REPEATED
from repro.analysis.envelope import envelope
from repro.analysis.metrics import Metrics, metrics
from repro.analysis.rates import ALL, SMALLEST, rates
from repro.analysis.scaling import against_vendor, serial_fractions
from repro.analysis.sessions import OUR_ENDINGS, sessions
from repro.analysis.tidy import load
from repro.analysis.variants import compared
from repro.cli import claims_command, metrics_command
from repro.errors import UserError
from repro.study.expand import Cell


def varied(tmp_path: Path, outcome: Any) -> Path:
    """A dataset of `VARIED`, its times 12 s / cores, or as `outcome` says."""

    def result(cell: Cell) -> Result | None:
        found = outcome(cell)
        if found is None or isinstance(found, tuple):
            return found
        return found, "", [12.0 / cell.scale.cores] * 2 if found == "ok" else []

    study = tmp_path / "varied.toml"
    study.write_text(VARIED)
    return write_dataset(tmp_path, str(study), result, "varied")


def pick(table: pd.DataFrame, **wanted: Any) -> Any:
    """The one row with these values."""
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1, f"{len(table)} rows"
    return table.iloc[0]


def gpt_pi(cell: Cell) -> bool:
    program = cell.program
    return (program.model, program.problem, program.framework) == ("gpt-5.5", "pi", "threads")


def test_rates_of_ten_programs_by_hand(tmp_path: Path) -> None:
    """Of pi with threads: 0-1 do not load, 2-4 deadlock on 4 threads, 5 was never run."""

    def outcome(cell: Cell) -> str | None:
        sample = cell.program.sample
        if not gpt_pi(cell) or sample == 5:
            return None
        if sample < 2:
            return "load-error"
        if sample == 6 and cell.scale.cores == 4:
            return "infrastructure"
        return "deadlock" if sample < 5 and cell.scale.cores == 4 else "ok"

    found = rates(load(varied(tmp_path, outcome)))
    task = {"model": "gpt-5.5", "problem": "pi", "framework": "threads", "k": 1}
    build = pick(found, **task, metric="build", scale=ALL)
    assert (build["value"], build["programs"], build["passed"]) == (pytest.approx(7 / 9), 9, 7)
    assert (build["infrastructure"], build["no_data"], build["n"]) == (1, 3, "1000000")
    small = pick(found, **task, metric="pass", scale=SMALLEST)
    assert (small["value"], small["programs"]) == (pytest.approx(7 / 9), 9)
    every = pick(found, **task, metric="pass", scale=ALL)
    assert (every["value"], every["passed"]) == (pytest.approx(4 / 9), 4)
    four = pick(found, **task, metric="pass", scale="1x1x4")
    assert (four["value"], four["programs"]) == (pytest.approx(3 / 8), 8)
    assert four["low"] < 3 / 8 < four["high"]
    two = pick(found, **(task | {"k": 2}), metric="pass", scale="1x1x4")
    assert two["value"] == pytest.approx(1 - 10 / 28)
    assert set(found[found["metric"] == "pass"]["k"]) == {1, 2, 5}


def test_speedups_count_failures_as_nothing(tmp_path: Path) -> None:
    """T* is 12 s. On 4 threads sample 0 takes 3 s, sample 1 fails, the others take 6 s."""

    def outcome(cell: Cell) -> Any:
        if cell.program.model == "reference":
            return "ok"
        if not gpt_pi(cell):
            return None
        if cell.program.sample == 1:
            return "crash"
        factor = 1 if cell.program.sample == 0 else 2
        return "ok", "", [factor * 12.0 / cell.scale.cores] * 2

    found = rates(load(varied(tmp_path, outcome)))
    task = {"model": "gpt-5.5", "problem": "pi", "framework": "threads", "scale": "1x1x4"}
    speedup = pick(found, **task, metric="speedup", k=1)
    assert (speedup["value"], speedup["programs"], speedup["passed"]) == (2.0, 10, 9)
    assert pick(found, **task, metric="efficiency", k=1)["value"] == 0.5
    assert pick(found, **task, metric="speedup_ok", k=1)["value"] == pytest.approx(20 / 9)
    # k = 2: 9 of 45 draws have sample 0 (4), the one pair without it... all others reach 2.
    assert pick(found, **task, metric="speedup", k=2)["value"] == pytest.approx(
        (9 * 4 + 36 * 2) / 45
    )
    assert pick(found, **task, metric="speedup", k=10)["value"] == 4


def test_without_the_reference_nobody_has_a_speedup(tmp_path: Path) -> None:
    """Nor do those that fail: nought would be a guess."""
    found = rates(load(varied(tmp_path, lambda cell: "crash" if gpt_pi(cell) else None)))
    assert set(found["metric"]) == {"build", "pass"}


def test_a_program_that_was_never_written_is_no_success(tmp_path: Path) -> None:
    dataset = varied(tmp_path, lambda c: "ok" if gpt_pi(c) and c.program.sample < 2 else None)
    add_session(dataset, "gpt-5.5/pi/threads/2", ending="no-kernel")
    add_session(dataset, "gpt-5.5/pi/threads/3", ending="cut-off")
    add_session(dataset, "gpt-5.5-no-docs/pi/threads/0", ending="no-kernel")
    found = rates(load(dataset))
    row = pick(found, model="gpt-5.5", problem="pi", framework="threads", metric="pass",
               scale=ALL, k=1)  # fmt: skip
    assert (row["value"], row["programs"], row["no_data"]) == (pytest.approx(2 / 3), 3, 21)
    assert set(found["model"]) == {"gpt-5.5"}  # of the other nothing was run
    assert metrics(dataset).cells["no-kernel"] == 3 * 2


def test_a_rate_that_leans_to_one_side_is_named(tmp_path: Path) -> None:
    """What was not written fails, and what was is `unavailable`: the rate can only be too low."""
    dataset = varied(tmp_path, lambda c: "unavailable" if gpt_pi(c) else None)
    add_session(dataset, "gpt-5.5/gemm/threads/0", ending="no-kernel")
    lines = [line for line in metrics(dataset).missing if line.startswith("an unbiased build@k")]
    assert len(lines) == 1
    assert "gpt-5.5 with threads: 1 programs that no session produced count" in lines[0]
    (tmp_path / "other").mkdir()
    dataset = varied(tmp_path / "other", lambda c: "ok" if gpt_pi(c) else None)
    add_session(dataset, "gpt-5.5/gemm/threads/0", ending="no-kernel")
    assert not [line for line in metrics(dataset).missing if "unbiased" in line]


def test_the_envelope_tells_the_largest_and_what_ends_it(tmp_path: Path) -> None:
    outcomes: dict[int, list[str | None]] = {
        0: ["ok", "ok", "deadlock"], 1: ["ok", "crash", "ok"], 2: ["ok", "ok", "unavailable"],
        3: ["timeout", "timeout", "timeout"], 4: ["ok", None, "ok"],
    }  # fmt: skip

    def outcome(cell: Cell) -> str | None:
        found = outcomes.get(cell.program.sample) if gpt_pi(cell) else None
        return found[[1, 2, 4].index(cell.scale.cores)] if found else None

    table = envelope(load(varied(tmp_path, outcome)))
    table = table[(table["model"] == "gpt-5.5") & (table["problem"] == "pi")]
    table = table[table["framework"] == "threads"].set_index("sample")
    assert list(table["largest_ok"])[:6] == ["1x1x2", "1x1x4", "1x1x2", "", "1x1x4", ""]
    assert list(table["ends_with"])[:6] == ["deadlock", "", "", "timeout", "", ""]
    assert list(table["ends_at"])[:4] == ["1x1x4", "", "", "1x1x1"]
    assert table.loc[1, "first_failure_with"] == "crash"
    assert (table.loc[2, "measured_to"], table.loc[2, "unavailable"]) == ("1x1x2", 1)
    assert (table.loc[4, "counted"], table.loc[4, "no_data"]) == (2, 1)


def test_times_beside_the_vendor_s_and_serial_fractions(tmp_path: Path) -> None:
    tidy = load(write_dataset(tmp_path, "smoke", tiny))
    vendor = against_vendor(tidy)
    assert set(vendor["problem"]) == {"gemm", "cholesky"}
    assert list(vendor["ratio"]) == pytest.approx([1.1] * 4)
    assert (vendor["low"] < 1.1).all()
    fractions = serial_fractions(tidy)
    assert len(fractions) == 5  # all but the vendor's pi, on two threads
    assert list(fractions["serial_fraction"]) == pytest.approx([0] * 5, abs=1e-7)


def test_our_endings_are_those_that_the_agent_repeats() -> None:
    assert set(OUR_ENDINGS) == REPEATED


def test_sessions_are_counted_from_their_transcripts(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, "smoke", tiny)
    calls = ["docs_search_docs", "bash", "docs_get_doc", "write"]
    path = add_session(dataset, "gpt-5.5/pi/threads/0", calls=calls, dollars=0.5)
    row = sessions(dataset).iloc[0]
    assert (row["tool_calls"], row["doc_lookups"], row["dollars"]) == (4, 2, 0.5)
    (path / "atif.json").unlink()
    assert math.isnan(sessions(dataset).iloc[0]["tool_calls"])
    event = json.dumps({"type": "tool_use", "part": {"tool": "docs_search_docs"}})
    (path / "events.jsonl").write_text(f'{event}\n{{"type": "text"}}\n{{"type": "tool_u')
    row = sessions(dataset).iloc[0]
    assert (row["tool_calls"], row["doc_lookups"]) == (1, 1)


def test_costs_leave_out_what_is_not_the_model_s_doing(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, "smoke", tiny)
    for number, (ending, dollars) in enumerate(
        [("provider-down", 9.0), ("finished", 1.0), ("budget", 3.0), ("gave-up", None)]
    ):
        add_session(dataset, "gpt-5.5/pi/threads/0", number, ending=ending, dollars=dollars)
    row = pick(metrics(dataset).costs, measure="dollars")
    assert (row["sessions"], row["left_out"], row["known"]) == (3, 1, 2)
    assert (row["total"], row["median"]) == (4, 2)


def test_ways_are_compared_on_the_tasks_that_all_have(tmp_path: Path) -> None:
    def outcome(cell: Cell) -> str | None:
        model, problem = cell.program.model, cell.program.problem
        if model == "reference" or (model.endswith("single-shot") and problem == "gemm"):
            return None
        bad = model.endswith("single-shot") or problem == "gemm"
        return "wrong-result" if bad else "ok"

    table = compared(load(varied(tmp_path, outcome)))
    passed = table[table["metric"] == "pass@1, every"].set_index("variant")
    assert dict(passed["value"]) == {"agent": 1, "agent, no docs": 1, "single-shot": 0}
    assert set(passed["tasks"]) == {2}
    assert set(table["base"]) == {"gpt-5.5"}


def test_tokens_are_compared_on_the_tasks_that_all_have(tmp_path: Path) -> None:
    dataset = varied(tmp_path, lambda _: None)
    for program, tokens in (("gpt-5.5/pi", 10), ("gpt-5.5/gemm", 90), ("gpt-5.5-no-docs/pi", 20)):
        add_session(
            dataset, f"{program}/threads/0", docs="no-docs" not in program, model_name="gpt-5.5",
            input_tokens=tokens, output_tokens=0,
        )  # fmt: skip
    table = compared(load(dataset)).set_index("model")
    assert dict(table["value"]) == {"gpt-5.5": 10, "gpt-5.5-no-docs": 20}
    assert set(table["tasks"]) == {1}


def run(command: Any, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command in this process; what it raises passes."""
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return int(result.return_value or 0), result.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a dataset of everything."""
    data = tmp_path_factory.mktemp("data")
    write_varied(data)
    (data / "varied.toml").unlink()
    return data


def test_the_command_prints_tables_and_names_gaps(made: Path) -> None:
    code, output = run(metrics_command.command, "--data", str(made))
    assert code == 0
    assert "252 of 252 cells have an outcome, 215 ok" in output
    assert "40 programs" in output
    assert "varied does not have a time over the vendor's" in output
    assert "gpt-5.5-single-shot  single-shot" in output


def test_json_has_every_table_and_no_nan(made: Path) -> None:
    code, output = run(metrics_command.command, "--data", str(made), "--json")
    told = json.loads(output, parse_constant=pytest.fail)
    assert code == 0
    assert set(told[0]) == set(Metrics.__annotations__)
    assert {"low": None}.items() <= told[0]["rates"][0].items() or told[0]["rates"][0]["low"] < 1


def test_an_empty_dataset_has_gaps_only(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, "smoke", lambda _: None)
    found = metrics(dataset)
    assert found.rates.empty
    assert len([line for line in found.missing if line.startswith("an outcome of ")]) == 5
    assert run(metrics_command.command, "--data", str(tmp_path))[0] == 0


def test_a_damaged_dataset_is_reported_in_part(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "varied", tmp_path / "varied")
    (tmp_path / "varied" / "gpt-5.5" / "attempts.csv").write_text("cell\n")
    transcript = tmp_path / "varied" / "gpt-5.5-no-docs" / "transcripts" / "pi_mpi_1" / "0"
    (transcript / "session.json").write_text("{")
    (tmp_path / "broken").mkdir()
    code, output = run(metrics_command.command, "--data", str(tmp_path))
    assert code == 1
    assert "broken: no metrics: " in output
    assert "damaged, not included: " in output
    assert "gpt-5.5-no-docs" in output
    code, output = run(claims_command.command, "--data", str(tmp_path), "--json")
    assert code == 1
    words = {claim["verdict"] for told in json.loads(output) for claim in told["claims"]}
    assert words == {"cannot tell"}


FIELDS = ["", "nan", "inf", "-1", "0", "1e400", "999999999999999999999", "x", "ok", "true", "é"]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_damaged_there_is_no_traceback(made: Path, tmp_path: Path, seed: int) -> None:
    dataset = shutil.copytree(made / "varied", tmp_path / "varied")
    chance = random.Random(seed)  # noqa: S311
    files = sorted(p for p in dataset.rglob("*") if p.suffix in {".csv", ".json", ".toml"})
    for path in chance.sample(files, 40):
        _damage(path, chance)
    write_manifest(dataset)
    for command in (metrics_command.command, claims_command.command):
        try:
            code, output = run(command, "--data", str(tmp_path), "--json")
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - either is right
            continue
        told = json.loads(output)[0]
        assert code == int(bool(told["damaged"]))


def _damage(path: Path, chance: random.Random) -> None:
    """Cut a file short, or put nonsense into a field of it."""
    text = path.read_text()
    if path.suffix != ".csv" or chance.random() < 0.2:
        path.write_text(text[: chance.randrange(len(text) + 1)])
        return
    rows = list(csv.reader(text.splitlines()))
    row = rows[chance.randrange(1, len(rows))] if len(rows) > 1 else rows[0]
    row[chance.randrange(len(row))] = chance.choice(FIELDS)
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
