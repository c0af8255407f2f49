"""Whose fault a failure is: exact intervals, Fisher's test, the three words, where they stand."""

import csv
import json
import random
from html import unescape
from io import StringIO
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from scipy.stats import binom, binomtest, fisher_exact
from test_analysis_data import MACHINE, Result, add_trials, write_dataset

from paper_figures import failure_envelope, outcome_matrix, style
from repro.analysis.attribution import (
    COLUMNS,
    Trials,
    attributions,
    exact_interval,
    fault,
    p_exceeds,
    trials,
)
from repro.analysis.attribution_words import sentence, tally, told
from repro.analysis.metrics import metrics
from repro.analysis.repeated import repeated
from repro.analysis.significance import adjusted
from repro.analysis.tidy import Tidy, load
from repro.cli.main import cli
from repro.cli.metrics_command import TABLES
from repro.errors import UserError
from repro.report.site import write_site
from repro.study.expand import Cell

from a_study import study_toml

TWENTY = ["ok"] * 20


@pytest.mark.parametrize(
    ("failed", "of", "low", "high"),
    [
        (0, 20, 0.0, 1 - 0.025 ** (1 / 20)),  # 16.8 %, in closed form
        (20, 20, 0.025 ** (1 / 20), 1.0),
        (1, 1, 0.025, 1.0),
        (1, 20, 0.00126509, 0.24873276),
        (5, 10, 0.18708603, 0.81291397),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_exact_interval_of_known_cases(failed: int, of: int, low: float, high: float) -> None:
    found = exact_interval(failed, of)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-8)


def test_the_share_is_not_known_without_trials() -> None:
    assert str(exact_interval(0, 0).value) == "nan"
    assert exact_interval(3, 12).value == 0.25


COUNTS = st.integers(0, 30).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTS.filter(lambda counts: counts[1] > 0))
def test_beyond_each_limit_is_at_most_a_fortieth(counts: tuple[int, int]) -> None:
    failed, of = counts
    found = exact_interval(failed, of)
    other = binomtest(failed, of).proportion_ci(method="exact")  # by a search for roots
    assert [found.low, found.high] == pytest.approx([other.low, other.high])
    assert found.low <= failed / of <= found.high
    assert failed == 0 or binom.sf(failed - 1, of, found.low) == pytest.approx(0.025)
    assert failed == of or binom.cdf(failed, of, found.high) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("program", "control", "p"),
    [
        ((1, 1), (0, 19), 1 / 20),
        ((3, 3), (0, 20), 1 / 1771),  # one of the ways to choose 3 of 23
        ((1, 1), (1, 20), 2 / 21),
        ((2, 4), (0, 3), 6 / 21),
        ((0, 5), (0, 5), 1),
        ((1, 1), (0, 0), 1),
        ((0, 0), (3, 9), 1),
    ],
)
def test_fishers_p_of_known_cases(
    program: tuple[int, int], control: tuple[int, int], p: float
) -> None:
    assert p_exceeds(*program, *control) == pytest.approx(p, abs=1e-9)


@given(COUNTS, COUNTS)
def test_fishers_p_is_scipys(program: tuple[int, int], control: tuple[int, int]) -> None:
    table = np.array([[failed, of - failed] for failed, of in (program, control)])
    other = fisher_exact(table, alternative="greater").pvalue
    assert p_exceeds(*program, *control) == pytest.approx(other, rel=1e-6)


@pytest.mark.parametrize(("failed", "of"), [(2, 1), (-1, 3)])
def test_more_failures_than_trials_are_refused(failed: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"{failed} of {of} trials cannot fail"):
        exact_interval(failed, of)
    with pytest.raises(ValueError, match=f"{failed} of {of} trials cannot fail"):
        p_exceeds(1, 1, failed, of)


TOWARDS_THE_PROGRAM = ["framework", "undecided", "program"]


def rank(program: tuple[int, int], control: tuple[int, int]) -> int:
    """How much the program's a failure is, as the only one of its dataset."""
    found = fault(p_exceeds(*program, *control), exact_interval(*control))
    return TOWARDS_THE_PROGRAM.index(found)


@given(COUNTS, COUNTS.filter(lambda counts: counts[0] < counts[1]))
def test_more_failures_of_the_control_never_make_it_more_the_programs(
    program: tuple[int, int], control: tuple[int, int]
) -> None:
    failed, of = control
    assert rank(program, (failed + 1, of)) <= rank(program, control)


@given(COUNTS.filter(lambda counts: counts[0] < counts[1]), COUNTS)
def test_more_failures_of_the_program_never_make_it_less_the_programs(
    program: tuple[int, int], control: tuple[int, int]
) -> None:
    failed, of = program
    assert rank((failed + 1, of), control) >= rank(program, control)


@given(COUNTS, st.integers(0, 200))
def test_without_a_failure_of_the_control_it_is_never_the_frameworks(
    program: tuple[int, int], of: int
) -> None:
    assert rank(program, (0, of)) > 0


@pytest.mark.parametrize(
    ("program", "control", "expected"),
    [
        ((1, 1), (0, 19), "program"),
        ((1, 1), (0, 18), "undecided"),
        ((1, 1), (3, 20), "undecided"),  # 3.2 to 37.9 %
        ((1, 1), (4, 20), "framework"),  # 5.7 to 43.7 %
        ((1, 1), (1, 1), "undecided"),
        ((1, 1), (2, 2), "framework"),  # 15.8 to 100 %
        ((20, 20), (10, 20), "program"),  # it fails more often than the framework makes it
        ((1, 1), (0, 0), "undecided"),
    ],
)
def test_the_three_words(program: tuple[int, int], control: tuple[int, int], expected: str) -> None:
    assert TOWARDS_THE_PROGRAM[rank(program, control)] == expected


def blamed(trials_of_failed: int, guilty: int) -> tuple[float, float]:
    """Simulate 400 programs on a framework that fails in 0.5 % of runs, 100 times.

    Returns:
        Of the programs without a fault that fail at first, the share called the program's; the same
        of the `guilty`, which always fail.
    """
    chance = random.Random(1)  # noqa: S311 - a simulation
    called: dict[bool, list[bool]] = {False: [], True: []}
    for _ in range(100):
        rates = [1.0] * guilty + [0.005] * (400 - guilty)
        failed = [rate for rate in rates if chance.random() < rate]
        found = []
        for rate in failed:
            again = sum(chance.random() < rate for _ in range(trials_of_failed - 1))
            control = sum(chance.random() < 0.005 for _ in range(20))
            found.append((1 + again, control))
        ps = adjusted([p_exceeds(own, trials_of_failed, control, 20) for own, control in found])
        for rate, p, (_, control) in zip(failed, ps, found, strict=True):
            called[rate == 1].append(fault(p, exact_interval(control, 20)) == "program")
    return fmean(called[False]), fmean(called[True] or [0])


def test_a_failed_cell_must_be_tried_again_to_be_judged() -> None:
    """The numbers in docs/glossary.md."""
    assert 0.6 < blamed(1, guilty=0)[0] < 0.75
    assert blamed(3, guilty=0)[0] < 0.02
    false, right = blamed(3, guilty=10)
    assert false < 0.04
    assert right > 0.99


def test_trials_are_counted_by_the_way_they_fail() -> None:
    found = ["ok", "deadlock", "timeout", "crash", "unavailable", "infrastructure"]
    assert trials(found, "deadlock") == Trials(same=2, any=3, of=4)
    assert trials(found, "wrong-result") == Trials(same=0, any=3, of=4)
    assert trials(["load-error", "runtime-error"], "runtime-error") == Trials(2, 2, 2)
    assert trials([], "crash") == Trials(0, 0, 0)


MODELS: dict[str, dict[str, Any]] = {
    "gpt-5.5": {}, "vendor": {"frameworks": ["threads"]}, "reference": {},
}  # fmt: skip
DEADLOCKS = "gpt-5.5/pi/threads/0@1x1x2"
CONTROL = "reference/pi/threads/0@1x1x2"


def controlled(root: Path, outcome: dict[str, str], control: str | None = "reference") -> Path:
    """A dataset of one attempt a cell: `ok`, or as `outcome` says by the cell's name."""
    head = {} if control is None else {"control": control}
    study = root / "controlled.toml"
    frameworks = ["threads", "dagger"]
    scales = ["1x1x1", "1x1x2"]
    study.write_text(
        study_toml(MODELS, {"pi": None}, frameworks, scales, name="controlled", **head)
    )

    def result(cell: Cell) -> Result:
        found = outcome.get(str(cell.name), "ok")
        return found, "", [6.0 / cell.scale.cores] * 3 if found == "ok" else []

    return write_dataset(root, str(study), result, "controlled")


def only(table: pd.DataFrame) -> dict[str, Any]:
    assert list(table.columns) == COLUMNS
    assert len(table) == 1
    return dict(table.iloc[0])


def test_a_deadlock_that_the_control_never_has_is_the_programs(tmp_path: Path) -> None:
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock"})
    add_trials(dataset, CONTROL, TWENTY)
    row = only(attributions(load(dataset)))
    assert (row["cell"], row["control"], row["threads"]) == (DEADLOCKS, CONTROL, 2)
    assert (row["failed"], row["of"], row["control_failed"], row["control_of"]) == (1, 1, 0, 21)
    assert (row["control_low"], row["control_high"]) == (0, pytest.approx(1 - 0.025 ** (1 / 21)))
    assert row["p"] == row["p_adjusted"] == pytest.approx(1 / 22)
    assert row["fault"] == "program"


def test_a_deadlock_that_the_control_has_too_is_the_frameworks(tmp_path: Path) -> None:
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock"})
    add_trials(dataset, CONTROL, ["timeout", "deadlock", "ok", "infrastructure", "deadlock"])
    row = only(attributions(load(dataset)))
    assert (row["control_failed"], row["control_of"], row["fault"]) == (3, 5, "framework")


def test_a_control_that_fails_otherwise_decides_nothing(tmp_path: Path) -> None:
    """It shows neither that the framework hangs nor that it works."""
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock"})
    add_trials(dataset, CONTROL, ["crash"] * 20)
    row = only(attributions(load(dataset)))
    assert (row["control_failed"], row["control_failed_any"], row["control_of"]) == (0, 20, 21)
    assert row["p"] > 0.9
    assert row["fault"] == "undecided"


def test_without_a_trial_of_the_control_nothing_is_tested(tmp_path: Path) -> None:
    dagger = "gpt-5.5/pi/dagger/0@1x1x2"
    failed = {dagger: "crash", "vendor/pi/threads/0@1x1x2": "wrong-result"}
    dataset = controlled(tmp_path, failed | {"reference/pi/dagger/0@1x1x2": "unavailable"})
    add_trials(dataset, CONTROL, TWENTY)
    found = attributions(load(dataset)).set_index("model")
    assert list(found["fault"]) == ["undecided", "program"]
    assert found.loc["gpt-5.5", "control_of"] == 0
    assert found["p"].isna().tolist() == found["p_adjusted"].isna().tolist() == [True, False]


def test_the_p_values_are_corrected_for_the_cells_that_are_tested(tmp_path: Path) -> None:
    cells = [DEADLOCKS, "gpt-5.5/pi/threads/0@1x1x1", "gpt-5.5/pi/dagger/0@1x1x1"]
    dataset = controlled(tmp_path, dict.fromkeys(cells, "deadlock"))
    add_trials(dataset, CONTROL, TWENTY)
    found = attributions(load(dataset)).set_index("cell")
    assert found["p"].tolist() == [0.5, pytest.approx(1 / 22), 0.5]
    assert found.loc[DEADLOCKS, "p_adjusted"] == pytest.approx(3 / 22)
    assert set(found["fault"]) == {"undecided"}
    add_trials(dataset, DEADLOCKS, ["timeout"] * 2)
    found = attributions(load(dataset)).set_index("cell")
    assert found.loc[DEADLOCKS, "p_adjusted"] == pytest.approx(3 / 2024)
    assert found["fault"].tolist() == ["undecided", "program", "undecided"]


def test_a_program_that_fails_sometimes_has_all_its_attempts_counted(tmp_path: Path) -> None:
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock"})
    add_trials(dataset, DEADLOCKS, ["crash", "infrastructure", "ok", "timeout"])
    row = only(attributions(load(dataset)))
    assert (row["failed"], row["failed_any"], row["of"]) == (2, 3, 4)


def test_trials_on_another_machine_or_with_fewer_cores_are_no_control(tmp_path: Path) -> None:
    other = "gpt-5.5/pi/dagger/0@1x1x2"
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock", other: "infrastructure"})
    machine = {"machine": "Another", "cores": 1}
    (dataset / "environment" / "e2.json").write_text(json.dumps(machine))
    add_trials(dataset, CONTROL, TWENTY, environment="e2")
    add_trials(dataset, "reference/pi/dagger/0@1x1x2", TWENTY, environment="e2")
    add_trials(dataset, other, ["timeout"], environment="e2")
    found = attributions(load(dataset)).set_index("cell")
    columns = ["machine", "crowded", "of", "control_of"]
    assert list(found.loc[DEADLOCKS, columns]) == [MACHINE, False, 1, 1]
    assert list(found.loc[other, columns]) == ["Another", True, 1, 20]


@pytest.mark.parametrize("control", [None, "vendor"])
def test_who_is_the_control_is_the_studys_to_say(tmp_path: Path, control: str | None) -> None:
    failed = [DEADLOCKS, "gpt-5.5/pi/dagger/0@1x1x2", CONTROL]
    dataset = controlled(tmp_path, dict.fromkeys(failed, "deadlock"), control)
    found = attributions(load(dataset))
    assert list(found.columns) == COLUMNS
    told = dict(zip(found["cell"], found["control"], strict=True))
    vendors = "vendor/pi/threads/0@1x1x2"
    expected = {DEADLOCKS: vendors, "gpt-5.5/pi/dagger/0@1x1x2": "", CONTROL: vendors}
    assert told == (expected if control else {})


def test_the_controls_own_failures_are_in_no_row(tmp_path: Path) -> None:
    assert attributions(load(controlled(tmp_path, {CONTROL: "deadlock"}))).empty


THEIRS = "gpt-5.5/pi/dagger/0@1x1x2"
FRAMEWORKS = "reference/pi/dagger/0@1x1x2"
SENTENCES = {
    DEADLOCKS: "Program failed 1 of 1, control failed 0 of 40 (0 to 8.8 %), p = 0.024, "
    "corrected 0.049: the program's.",
    THEIRS: "Program failed 1 of 1, control failed 7 of 21 (15 to 57 %), p = 0.36, "
    "corrected 0.36: the framework's.",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deadlock of the program, with threads, and a crash of the framework, Dagger."""
    root = tmp_path_factory.mktemp("judged")
    dataset = controlled(root, {DEADLOCKS: "deadlock", THEIRS: "crash"})
    add_trials(dataset, CONTROL, ["ok"] * 39)
    add_trials(dataset, FRAMEWORKS, ["crash"] * 7 + ["ok"] * 13)
    return dataset


def test_a_sentence_has_denominators_interval_and_p(judged: Path) -> None:
    found = attributions(load(judged))
    assert {cell: about.sentence for cell, about in told(found).items()} == SENTENCES
    assert [about.control for about in told(found).values()] == [CONTROL, FRAMEWORKS]
    assert tally(found) == "1 the program's, 1 the framework's, 0 undecided"


def test_a_sentence_says_what_differs_and_what_is_missing(tmp_path: Path) -> None:
    failed = {DEADLOCKS: "deadlock", THEIRS: "crash", FRAMEWORKS: "unavailable"}
    dataset = controlled(tmp_path, failed)
    add_trials(dataset, DEADLOCKS, ["ok", "crash"])
    add_trials(dataset, CONTROL, ["runtime-error"])
    found = attributions(load(dataset))
    assert [sentence(dict(row)) for _, row in found.iterrows()] == [
        (
            "Program failed 1 of 3 (2 in any way), "
            "control failed 0 of 2 (0 to 84 %; 1 in any way), p = 0.9, corrected 0.9: undecided."
        ),
        "Program failed 1 of 1, control has no trial: undecided.",
    ]
    counts = "0 the program's, 0 the framework's, 2 undecided"
    assert tally(found) == f"{counts} (1 of these without a trial of the control)"


def test_metrics_print_it_as_a_table_as_json_and_as_csv(judged: Path) -> None:
    def printed(*options: str) -> str:
        answer = CliRunner().invoke(cli, ["metrics", "--dataset", str(judged), *options])
        assert answer.exit_code == 0, answer.output
        return answer.output

    shown = printed()
    assert "Whose fault: 1 the program's, 1 the framework's, 0 undecided" in shown
    assert "0 to 8.8 %" in next(line for line in shown.splitlines() if DEADLOCKS in line)
    rows = json.loads(printed("--json"))[0]["attribution"]
    table = list(csv.DictReader(StringIO(printed("--csv", "attribution"))))
    assert [row["fault"] for row in rows] == [row["fault"] for row in table]
    assert list(table[0]) == ["dataset", *COLUMNS]
    assert (
        float(table[1]["control_low"]) == rows[1]["control_low"] == pytest.approx(0.1459, abs=1e-4)
    )


def test_every_table_of_the_metrics_can_be_had_as_csv(judged: Path) -> None:
    found = vars(metrics(judged))
    assert list(TABLES) == [name for name in found if isinstance(found[name], pd.DataFrame)]
    options = ["metrics", "--dataset", str(judged), "--csv", "costs", "--json"]
    answer = CliRunner().invoke(cli, options)
    assert isinstance(answer.exception, UserError)
    assert str(answer.exception) == "--csv and --json: choose one of them"


def test_cells_that_were_tried_several_times_have_a_failure_rate(judged: Path) -> None:
    found = repeated(load(judged)).set_index("cell")
    assert found.index.tolist() == [CONTROL, FRAMEWORKS]
    assert found["failures"].tolist() == ["", "crash 7"]
    assert [found.loc[FRAMEWORKS, name] for name in ("failed", "of", "low")] == [
        7, 21, pytest.approx(0.1459, abs=1e-4),
    ]  # fmt: skip
    answer = CliRunner().invoke(cli, ["metrics", "--dataset", str(judged)])
    title = "Failures of cells that were tried several times"
    lines = answer.output.partition(title)[2].splitlines()
    assert next(line.split()[1:] for line in lines if line.startswith(FRAMEWORKS)) == [
        "crash",
        "7",
        "7",
        "of",
        "21",
        "15",
        "to",
        "57",
        "%",
    ]


def words_of(module: ModuleType, tidy: Tidy) -> list[str]:
    """The text of a figure."""
    with style.printed():
        texts = module.draw(tidy, 0).findobj(Text)
    return [text.get_text() for text in texts]


@pytest.mark.parametrize("module", [outcome_matrix, failure_envelope])
def test_figures_show_it_if_the_control_has_trials(judged: Path, module: ModuleType) -> None:
    tidy = load(judged)
    numbers = module.numbers(tidy, 0)
    faults = numbers[numbers["fault"] != ""]
    assert set(faults["fault"]) == {"program", "framework"}
    assert set(faults["control_of"]) == {40, 21}
    words = " ".join(words_of(module, tidy))
    assert "line below: the program's (1)" in words
    assert "line above: the framework's (1)" in words
    assert "Failed cells: 2, compared with" in words or "Failures that end a program: 2," in words


@pytest.mark.parametrize("module", [outcome_matrix, failure_envelope])
@pytest.mark.parametrize("control", [None, "reference"])
def test_figures_without_trials_of_a_control_are_as_before(
    tmp_path: Path, module: ModuleType, control: str | None
) -> None:
    dataset = controlled(tmp_path, {DEADLOCKS: "deadlock", CONTROL: "unavailable"}, control)
    tidy = load(dataset)
    assert "fault" not in module.numbers(tidy, 0)
    assert not any("the program's" in text for text in words_of(module, tidy))


def test_the_report_has_it_on_the_overview_the_cells_page_and_the_matrix(
    judged: Path, tmp_path: Path
) -> None:
    write_site(judged, tmp_path / "site")
    pages = {
        name: unescape((tmp_path / "site" / name).read_text())
        for name in ("index.html", "matrix.html", "programs/gpt-5.5/pi_threads_0.html")
    }
    assert SENTENCES[DEADLOCKS] in pages["programs/gpt-5.5/pi_threads_0.html"]
    assert SENTENCES[THEIRS] not in pages["programs/gpt-5.5/pi_threads_0.html"]
    link = '<a href="../../programs/reference/pi_threads_0.html#1x1x2">The control'
    assert link in pages["programs/gpt-5.5/pi_threads_0.html"]
    assert all(text in pages["matrix.html"] for text in SENTENCES.values())
    assert "Of 2 failed cells: 1 the program's, 1 the framework's" in pages["index.html"]
    assert "Cells that were tried several times" in pages["index.html"]
    assert "<td>the framework's</td>" in pages["index.html"].replace(' class="n"', "")


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (None, "a control for its 1 failed cells: its study names none"),
        ("vendor", "a trial of the control (vendor) for 1 of 1 failed cells: it did not run"),
    ],
)
def test_a_failure_without_a_control_is_named_as_missing(
    tmp_path: Path, control: str | None, said: str
) -> None:
    found = metrics(controlled(tmp_path, {THEIRS: "crash"}, control)).missing
    assert any(line.startswith(said) for line in found)
