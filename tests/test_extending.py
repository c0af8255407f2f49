"""docs/extending.md, followed as it stands: a fourth problem with no edit of the package."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from repro import ROOT
from repro.agent import prompting
from repro.study.load import load_study
from repro.study.names import Program

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
_STEP = re.compile(
    r"(?:^File `(?P<file>[^`]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FAILS = ["repro problem check problems/matvec"]
"""Commands of the page that exit with 1, the first time."""


def steps() -> list[tuple[str, str]]:
    """What the page says to do, in order: (file, its text) or ("", a command)."""
    found = []
    for match in _STEP.finditer(PAGE):
        if match["kind"] == "sh":
            found += [("", line) for line in match["text"].splitlines()]
        else:
            assert match["file"], match["text"]
            found.append((match["file"], match["text"]))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory."""
    return tmp_path_factory.mktemp("extending")


@pytest.mark.timeout(900)
def test_the_page_works_as_it_stands(place: Path, julia_with_stand_ins: Path) -> None:
    assert julia_with_stand_ins
    expected_failures = list(FAILS)
    said: dict[str, str] = {}
    for file, text in steps():
        if file:
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(text, encoding="utf-8")
            continue
        program, *arguments = text.split()
        assert program == "repro"
        answer = subprocess.run(
            [Path(sys.executable).with_name("repro"), *arguments],
            cwd=place, env=os.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        fails = text in expected_failures
        if fails:
            expected_failures.remove(text)
        assert answer.returncode == int(fails), f"{text}\n{answer.stdout}\n{answer.stderr}"
        said[text] = answer.stdout + answer.stderr
    checked = said["repro problem check problems/matvec"].splitlines()
    assert len(checked) == 5
    assert all(line.startswith("ok ") for line in checked), checked
    assert (
        "Define `matvec(comm, n, tile, make_a, x)`"
        in said["repro problem prompts problems/matvec mpi"]
    )
    assert "gpt-5.5/matvec/mpi/0" in said["repro generate --study matvec.toml --dry-run"]


def told(place: Path, *arguments: str) -> object:
    """What a command prints as JSON."""
    answer = subprocess.run(
        [Path(sys.executable).with_name("repro"), *arguments, "--json"],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_its_cells_are_judged_and_its_claim_decided(place: Path) -> None:
    if not (place / "data" / "matvec").is_dir():
        pytest.fail("the page was not followed to its end")
    status = told(place, "status", "--run", "runs/matvec")
    assert isinstance(status, dict)
    outcomes = {cell["cell"]: cell["state"] for cell in status["cells"]}
    by_hand = {"threads": ("1x1x1", "1x1x2"), "mpi": ("1x1x1", "1x2x1")}
    expected = {
        f"reference/matvec/{framework}/0@{point}": "ok"
        for framework, points in by_hand.items()
        for point in points
    }
    expected |= {f"hasty/matvec/threads/0@{point}": "wrong-result" for point in by_hand["threads"]}
    assert {cell: state for cell, state in outcomes.items() if "gpt" not in cell} == expected
    claims = told(place, "claims", "--dataset", "data/matvec")
    assert '"haste-makes-waste"' in (text := json.dumps(claims))
    assert '"verdict": "supported"' in text.partition('"haste-makes-waste"')[2]


def test_the_dataset_needs_nothing_that_is_not_in_it(place: Path, tmp_path: Path) -> None:
    (place / "data" / "matvec").rename(tmp_path / "matvec")
    study = load_study(str(tmp_path / "matvec" / "study.toml"))
    assert study.problem_directory("matvec").path == tmp_path / "matvec" / "problems" / "matvec"
    means = prompting.Means("1.12.6", ("MPI",), docs=True)
    for framework in ("threads", "mpi"):
        program = Program("gpt-5.5", "matvec", framework, 0)
        prompts = prompting.session_prompts(program, study, means)
        assert "Compute y = A*x" in prompts["harness.md"]
    pngs = sorted((place / "figures" / "matvec").glob("*.png"))
    assert any("strong_scaling_shared" in png.name for png in pngs)


def test_a_framework_of_one_s_own_is_a_directory_too(
    place: Path, tmp_path: Path, julia_with_stand_ins: Path
) -> None:
    assert julia_with_stand_ins
    for name in ("problems", "frameworks"):
        (tmp_path / name).symlink_to(place / name)
    text = (place / "matvec.toml").read_text(encoding="utf-8")
    text = text.replace(
        "[frameworks.threads]", '[frameworks.channels]\ndirectory = "frameworks/channels"'
    )
    text = text.replace('frameworks = ["threads"]', 'frameworks = ["channels"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    kernel = (place / "problems/matvec/hasty/threads.jl").read_text(encoding="utf-8")
    (place / "problems/matvec/hasty/channels.jl").write_text(kernel, encoding="utf-8")
    subprocess.run(
        [Path(sys.executable).with_name("repro"), "run", "hasty/*@1x1x2", "--study", "study.toml",
         "--run", "run"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    outcome = json.loads(next((tmp_path / "run/cells").rglob("outcome.json")).read_bytes())
    assert outcome["outcome"] == "wrong-result"
    assert outcome["flags"] == ["no-parallel-construct"], "it uses no channel"
