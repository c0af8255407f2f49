"""Claims about failures: what the control fails with as well does not count as the program's."""

from pathlib import Path
from typing import Any

import pytest
from test_analysis_data import Result, write_dataset
from test_claims import GPT, HAND, OPUS, QWEN, as_told, change, gone, of, told_of, tried

from repro.study.expand import Cell

ABOUT_FAILURES = ["large-fails", "dagger-weaker", "kinds-of-failure", "cholesky-dagger"]


def judged(dataset: Path, name: str) -> dict[str, Any]:
    return told_of(dataset)[name]


@pytest.mark.parametrize("name", ABOUT_FAILURES)
def test_without_trials_of_the_control_nobody_can_tell(tmp_path: Path, name: str) -> None:
    told = judged(write_dataset(tmp_path, "paper", change(gone(f"{HAND}/"))), name)
    assert (told["verdict"], told["needs"]) == ("cannot tell", "trials of the control")
    assert told["against_control"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    told = judged(write_dataset(tmp_path, "paper", change(gone(f"{HAND}/"))), "cholesky-dagger")
    at_24, at_32 = (f"reference/cholesky/dagger/0@1x1x{cores}" for cores in (24, 32))
    assert told["missing"][:2] == [f"trials of {at_24}", f"trials of {at_32}"]
    assert "deadlock at 24 (undecided: control has no trial)" in told["reason"]


def test_a_study_without_a_control_decides_no_claim_about_failures(tmp_path: Path) -> None:
    dataset = tried(write_dataset(tmp_path, "paper", as_told))
    study = dataset / "study.toml"
    lines = study.read_text(encoding="utf-8").splitlines()
    study.write_text("\n".join(each for each in lines if not each.startswith("control")) + "\n")
    told = told_of(dataset)
    assert {told[name]["verdict"] for name in ABOUT_FAILURES} == {"cannot tell"}
    assert "trials of a control" in told["cholesky-dagger"]["missing"]


def test_too_few_trials_of_the_control_leave_it_open(tmp_path: Path) -> None:
    """One deadlock beside one trial of the control that is ok: p = 1/2."""
    told = judged(write_dataset(tmp_path, "paper", as_told), "cholesky-dagger")
    assert (told["verdict"], told["needs"]) == ("cannot tell", "trials of the control")
    assert "deadlock at 24 (undecided: control failed 0 of 1)" in told["reason"]


def test_a_control_that_deadlocks_too_takes_the_finding_away(tmp_path: Path) -> None:
    told = told_of(tried(write_dataset(tmp_path, "paper", as_told), failed=40))
    assert told["cholesky-dagger"]["verdict"] == "refuted"
    assert "(the framework's: control failed 40 of 80)" in told["cholesky-dagger"]["reason"]
    assert told["cholesky-dagger-reference"]["verdict"] == "supported"
    assert told["cholesky-dagger-reference"]["number"]["value"] == 0.5
    assert told["kinds-of-failure"]["numbers"]["deadlock"] == 0


def test_failures_like_the_controls_are_left_out_of_the_causes(tmp_path: Path) -> None:
    """All deadlocks are the framework's, so that what is left of the failures has other causes."""

    def crashing(cell: Cell) -> Result | None:
        large = of(cell, QWEN, "pi", "mpi") and cell.scale.cores > 8
        return ("crash", "", []) if large else None

    def hanging(cell: Cell) -> Result | None:
        found = as_told(cell)
        if found and found[0] not in {"ok", "deadlock"}:
            return "ok", "", [1.0, 1.01, 1.02]
        return crashing(cell)

    dataset = write_dataset(tmp_path, "paper", change(hanging))
    told = judged(tried(dataset), "large-fails")
    assert told["verdict"] == "supported"
    again = write_dataset(tmp_path, "paper", change(hanging), name="again")
    told = judged(tried(again, failed=40), "large-fails")
    assert told["verdict"] == "refuted"
    assert (told["numbers"]["exceeding"], told["numbers"]["blamed"]) == (0, 0)


def test_a_flag_that_the_control_has_too_is_no_kind_of_failure(tmp_path: Path) -> None:
    def flagged(cell: Cell) -> Result | None:
        found = as_told(cell)
        return ("ok", "oversubscribed", found[2]) if found and of_hand(cell) else None

    def of_hand(cell: Cell) -> bool:
        return cell.program.model == HAND and cell.scale.cores > 8

    told = judged(tried(write_dataset(tmp_path, "paper", change(flagged))), "kinds-of-failure")
    assert (told["verdict"], told["numbers"]["oversubscribed"]) == ("refuted", 0)
    assert told["numbers"]["timeout"] > 0


def test_a_dagger_that_is_as_slow_by_hand_is_no_weakness_of_the_model(tmp_path: Path) -> None:
    """Its failures are the framework's, and its times over the other's are the control's."""

    def slow(cell: Cell) -> Result | None:
        model = cell.program.model
        if not cell.program.framework.startswith("dagger") or model not in {GPT, OPUS, HAND}:
            return None
        return "ok", "", [(3.0 + i / 100) / cell.scale.cores**0.5 for i in range(3)]

    told = judged(tried(write_dataset(tmp_path, "paper", change(slow))), "dagger-weaker")
    assert (told["verdict"], told["missing"]) == ("refuted", [])


def test_a_weakness_needs_times_of_the_control(tmp_path: Path) -> None:
    def ok(cell: Cell) -> Result | str | None:
        if cell.program.model == HAND:
            return "absent"
        found = as_told(cell)
        return found if found is None or found[0] == "ok" else ("ok", "", [1.0, 1.01, 1.02])

    told = judged(write_dataset(tmp_path, "paper", change(ok)), "dagger-weaker")
    assert (told["verdict"], told["needs"]) == ("cannot tell", "trials of the control")
    assert f"{GPT}/pi with threads and dagger: times of the control" in told["missing"]
    assert OPUS in told["reason"]
