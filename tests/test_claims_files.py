"""Claims as data: a claim on anything is a table of TOML; what is wrong in one is named."""

import shutil
from pathlib import Path

import pytest

from repro import ROOT
from repro.claims.kinds import KINDS
from repro.claims.load import PAPER, claims_of, load_claims, models_of
from repro.claims.observations import Observations, Point
from repro.errors import UserError
from repro.study.load import STUDIES, load_study
from repro.study.model import Study
from repro.study.names import Program

EFFICIENT = """\
study = "waves"

[[claim]]
name = "stencil-scales"
source = "this test"
text = "Stencil: MPI scales."
test = "The efficiency on {large} cores or more is above {above}."
telling = ["*/stencil/mpi/*"]
kind = "efficiency"
models = ["ada", "grace"]
problem = "stencil"
framework = "mpi"
above = 0.7
large = 8
"""


def claims(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "claims.toml"
    path.write_text(text, encoding="utf-8")
    return path


def seen(efficiency: dict[str, float]) -> Observations:
    """Programs of made-up models for a made-up problem, with their efficiency on 8 cores."""

    def points(at_8: float) -> list[Point]:
        times = {1: 80.0, 8: 10 / at_8}
        return [
            Point(f"cell@1x{cores}x1", cores, "ok", seconds=(t, t * 1.001, t * 1.002))
            for cores, t in times.items()
        ]

    return Observations({
        Program(model, "stencil", "mpi", 0): points(share) for model, share in efficiency.items()
    })  # fmt: skip


@pytest.mark.parametrize(
    ("efficiency", "word"),
    [
        ({"ada": 0.9, "grace": 0.8}, "supported"),
        ({"ada": 0.9, "grace": 0.5}, "refuted"),
        ({"ada": 0.9}, "cannot tell"),
    ],
)
def test_a_claim_on_a_new_problem_and_new_models_is_data_only(
    tmp_path: Path, efficiency: dict[str, float], word: str
) -> None:
    (claim,) = load_claims(claims(tmp_path, EFFICIENT))
    verdict = claim.judge(seen(efficiency))
    assert verdict.word == word
    assert claim.tested == "The efficiency on 8 cores or more is above 0.7."
    if word == "cannot tell":
        assert verdict.missing == ["times of grace/stencil/mpi on 1 core and on 8 or more"]


@pytest.fixture
def stencil(tmp_path: Path) -> Path:
    """The directory of a problem outside the package; studies are beside it."""
    return shutil.copytree(ROOT / "problems" / "pi", tmp_path / "stencil")


def study_with(stencil: Path) -> Study:
    text = (STUDIES / "smoke.toml").read_text(encoding="utf-8")
    named = text.replace("[problems.pi]", f'[problems.{stencil.name}]\ndirectory = "{stencil}"')
    path = stencil.with_name("waves.toml")
    path.write_text(named, encoding="utf-8")
    return load_study(str(path))


def test_a_problem_of_the_study_brings_its_claims(stencil: Path) -> None:
    study, paper = study_with(stencil), load_claims(PAPER)
    assert claims_of(study) == paper
    claims(stencil, EFFICIENT)
    claims(stencil.parent, EFFICIENT)  # which is no problem's
    assert [each.name for each in claims_of(study)[len(paper) :]] == ["stencil-scales"]
    assert claims_of(load_study("smoke")) == paper
    claims(stencil, EFFICIENT.replace("stencil-scales", "small-runs"))
    with pytest.raises(UserError, match="claim small-runs: there is another of this name"):
        claims_of(study)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("above = 0.7", "above = -1", "claim stencil-scales: above = -1: Input should be greater"),
        ("above = 0.7", "abvoe = 0.7", "claim stencil-scales: above: missing; add it"),
        ("large = 8", "large = 8\nsmall = 1", "claim stencil-scales: small: no such key"),
        ('kind = "efficiency"', "", "claim stencil-scales: kind = None: there are "),
        ('"efficiency"', '"efficient"', "claim stencil-scales: kind = 'efficient': there are "),
        ('"efficiency"', "[1]", "claim stencil-scales: kind = [1]: there are "),
        ("{above}", "{bound}", "claim stencil-scales: test: 'bound': no such parameter"),
        ("{above}", "{models[7]}", "claim stencil-scales: test: tuple index out of range: no such"),
        ("{above}", "{", "claim stencil-scales: test: "),
        ('name = "stencil-scales"\n', "", "claim 1: name: missing; add it"),
        ('["ada", "grace"]', "[]", "claim stencil-scales: models = []: "),
        ('study = "waves"', "", "study: missing; add it"),
        ("[[claim]]", "[claim]", "claim: Input should be a valid tuple"),
        ("[[claim]]", "[[claim]", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_of_claims_is_said_in_a_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = claims(tmp_path, EFFICIENT.replace(old, new))
    with pytest.raises(UserError) as error:
        load_claims(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_two_claims_of_a_name_are_refused(tmp_path: Path) -> None:
    twice = EFFICIENT + EFFICIENT.removeprefix('study = "waves"\n')
    with pytest.raises(UserError, match="there is another of this name"):
        load_claims(claims(tmp_path, twice))


def test_the_paper_has_a_claim_of_every_kind() -> None:
    paper = load_claims(PAPER)
    assert {claim.kind for claim in paper} == set(KINDS)
    assert models_of(paper) == ("gpt-5.5", "claude-opus-4.7", "qwen3-coder-next")
    study = load_study(paper[0].study)
    assert set(models_of(paper)) <= set(study.models)
