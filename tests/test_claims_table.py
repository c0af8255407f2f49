"""The table of claims: a line for each, by the dataset that tells, on 80 columns."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from test_analysis_data import write_dataset
from test_claims import ARCHIVE, as_told, run, tried

from repro.analysis.intervals import Interval
from repro.claims.headline import Headline, count, share
from repro.claims.judge import Finding, Judged
from repro.claims.load import PAPER, load_claims
from repro.claims.model import Verdict, Word
from repro.claims.table import HEADS, lines, rows_of

WHOLE, PART, OTHER = (
    next(claim for claim in load_claims(PAPER) if claim.name == name)
    for name in ("pi-mpi", "pi-mpi-reference", "gemm-mpi")
)
HEADLINE = Headline("efficiency", Interval(0.95, 0.9, 0.98123))


def part(
    word: Word, cores: int | None = 2, cells: Sequence[str] = ("a",), needs: str = ""
) -> Finding:
    return Finding(PART, Verdict(word, "why", cells=cells, headline=HEADLINE), needs, cores)


def judged(**findings: Finding) -> list[Judged]:
    return [Judged(name, (), [], [finding]) for name, finding in findings.items()]


def line(**findings: Finding) -> list[str]:
    (row,) = rows_of(judged(**findings))
    return row.columns


NOTHING = part("cannot tell", None, (), needs="times of both")
SUPPORTED = ["  -reference", "supported", "0.950", "0.900 to 0.981", "2"]


def test_the_dataset_that_tells_is_taken_wherever_it_is() -> None:
    assert line(small=NOTHING, main=part("supported")) == [*SUPPORTED, "main"]
    assert line(main=part("supported"), small=NOTHING) == [*SUPPORTED, "main"]


def test_of_several_that_tell_the_same_the_one_with_the_most_cores_is_taken() -> None:
    found = line(small=part("supported"), large=part("supported", 192), old=part("supported", None))
    assert found[-2:] == ["192", "large"]


def test_datasets_that_disagree_are_both_named() -> None:
    found = rows_of(judged(one=part("refuted"), none=NOTHING, two=part("supported", 192)))
    assert found[0].columns == ["  -reference", "disagree", "supported by two, refuted by one"]
    assert set(found[0].findings) == {"one", "two"}


def test_what_no_dataset_tells_says_what_is_missing() -> None:
    assert line(a=NOTHING) == ["  -reference", "cannot tell", "needs times of both"]


def test_an_interval_that_is_too_wide_is_shown_rather_than_a_dataset_that_has_nothing() -> None:
    found = line(a=NOTHING, b=part("cannot tell"))
    assert found == ["  -reference", "cannot tell", "0.950", "0.900 to 0.981", "2", "b"]


def test_the_lines_are_aligned() -> None:
    whole = Finding(WHOLE, Verdict("refuted", "why", headline=share("failed", 0, 20)), "", 192)
    other = Finding(OTHER, Verdict("cannot tell", "why"), "times of both", None)
    found = rows_of([Judged("data", (), [], [whole, part("supported"), other])])
    assert lines(found) == [
        "claim         verdict      number  95 % interval   cores  dataset",
        "pi-mpi        refuted         0 %  0 to 16.8 %       192  data",
        "  -reference  supported     0.950  0.900 to 0.981      2  data",
        "gemm-mpi      cannot tell  needs times of both",
    ]


@pytest.mark.parametrize(
    ("headline", "number", "interval"),
    [
        (Headline("x", Interval(1.0041, 1.0012, 1.0071)), "1.004", "1.001 to 1.007"),
        (Headline("x", Interval(12.345, 9.876, 123.4)), "12.3", "9.876 to 123"),
        (Headline("x", Interval(1.5, float("nan"), float("nan"))), "1.500", ""),
        (share("x", 7, 20), "35 %", "15.4 to 59.2 %"),
        (count("x", 2, 3), "2 of 3", ""),
    ],
)
def test_numbers_are_short(headline: Headline, number: str, interval: str) -> None:
    assert (headline.number, headline.interval) == (number, interval)


def test_no_trial_has_no_number() -> None:
    assert share("x", 0, 0) is None
    assert count("x", 0, 0) is None


def test_no_datasets_have_an_empty_table() -> None:
    assert lines(rows_of([])) == ["  ".join(HEADS)]


def test_the_page_begins_with_the_table_and_fits_a_terminal(tmp_path: Path) -> None:
    write_dataset(tmp_path, "smoke", lambda _: None, name="empty")
    tried(write_dataset(tmp_path, "paper", as_told, name="complete"))
    code, output = run("--data", str(tmp_path))
    assert code == 0
    _, shown, *_ = output.split("\n\n")
    claims = [each.split()[0] for each in shown.splitlines()]
    assert (claims[0], claims[1], len(claims)) == (
        "claim",
        "small-runs",
        1 + len(load_claims(PAPER)),
    )
    assert all(
        each.endswith("complete") or "cannot tell" in each for each in shown.splitlines()[1:]
    )
    commands = [each for each in output.splitlines() if each.startswith("  to tell: repro run")]
    assert max(len(each) for each in output.splitlines() if each not in commands) < 80


def test_the_table_of_the_archive_fits_a_terminal() -> None:
    _, output = run("--data", str(ARCHIVE))
    shown = output.split("\n\n")[1]
    assert max(map(len, shown.splitlines())) <= 80


def test_json_names_the_findings_of_the_table(tmp_path: Path) -> None:
    write_dataset(tmp_path, "smoke", lambda _: None, name="empty")
    tried(write_dataset(tmp_path, "paper", as_told, name="complete"))
    _, output = run("--data", str(tmp_path), "--json")
    by_dataset = {
        one["dataset"]: {c["name"]: c for c in one["claims"]} for one in json.loads(output)
    }
    found = by_dataset["complete"]["pi-mpi-reference"]
    assert found["in_table"]
    assert not by_dataset["empty"]["pi-mpi-reference"]["in_table"]
    assert (found["part_of"], found["study"], found["cores"]) == ("pi-mpi", "frameworks", None)
    assert found["number"]["what"] == "reference on 384: efficiency"
    assert found["number"]["low"] < found["number"]["value"] < found["number"]["high"]
