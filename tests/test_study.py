"""Study files: what they say, what they refuse, and that a change of one is enough."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from syrupy.assertion import SnapshotAssertion

from repro.cli.main import cli
from repro.container import pins
from repro.errors import UserError
from repro.launch.site import settings as site_module
from repro.launch.site.settings import Site, load_site
from repro.study import directories, model
from repro.study.expand import Cell, cells, programs
from repro.study.load import STUDIES, load_study
from repro.study.model import Study
from repro.study.toml import Strict, parse_toml

from a_study import study_toml

SMOKE = (STUDIES / "smoke.toml").read_text(encoding="utf-8")


def study(text: str) -> Study:
    return parse_toml(text, Study, "study.toml")


def names(found: list[Cell]) -> set[str]:
    return {str(cell.name) for cell in found}


@pytest.mark.parametrize("name", ["paper", "smoke", "baseline"])
def test_the_plan_of_each_study_is_as_it_was(name: str, snapshot: SnapshotAssertion) -> None:
    answer = CliRunner().invoke(cli, ["plan", "--study", name, "--json"])
    assert json.loads(answer.output) == snapshot


def test_the_paper_has_its_36_generated_programs_and_ours() -> None:
    paper = load_study("paper")
    written = [p for p in programs(paper) if p.model in ("reference", "vendor")]
    assert len(programs(paper)) - len(written) == 36
    assert len(written) == 12 + 3
    threads = [c.scale.threads for c in cells(paper) if str(c.program) == "gpt-5.5/pi/threads/0"]
    assert threads == [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192]
    assert max(cell.scale.ranks for cell in cells(paper)) == 384
    assert paper.repetitions == 5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('memory = "shared"', 'memory = "shard"', "frameworks.threads.memory = 'shard'"),
        ("n = 1536", "n = -1", "problems.gemm.sizes.0.n = -1: Input should be greater than 0"),
        ("n = 1536", 'n = "big"', "problems.gemm.sizes.0.n = 'big'"),
        ("repetitions = 3", "repetition = 3", "repetition"),
        ('"1x1x4"]', '"1x1"]', "scale_points.shared.2 = '1x1': a scale point is nodes x ranks"),
        (
            'frameworks = ["threads"]',
            'frameworks = ["thread"]',
            "the study has no framework thread",
        ),
        ("[problems.pi]", "[problems.pie]", "problems.pie"),
        (
            'control = "reference"',
            'control = "referee"',
            "control: the study has no model referee, only gpt-5.5, claude-opus-4.7,",
        ),
        ("seed = 260616534", "", "seed: missing; add it"),
        ("seed = 260616534", "seed = 1 = 2", "not TOML"),
    ],
)
def test_a_bad_study_is_refused_with_file_key_and_what_is_allowed(
    old: str, new: str, said: str
) -> None:
    assert old in SMOKE
    with pytest.raises(UserError, match=r"study\.toml: ") as caught:
        study(SMOKE.replace(old, new))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_is_added_by_editing_the_study() -> None:
    text = SMOKE + '\n[models.new-model]\ntitle = "New"\nsamples = 2\n'
    added = names(cells(study(text))) - names(cells(study(SMOKE)))
    assert len(added) == 2 * 3 * 4 * 3
    assert "new-model/gemm/mpi/1@1x2x1" in added


def test_a_study_of_an_old_run_that_names_providers_loads() -> None:
    text = SMOKE + '\n[models.new-model]\ntitle = "New"\nprovider = "openai"\n'
    assert study(text).models["new-model"].title == "New"


def test_a_study_has_a_control_only_if_it_names_one() -> None:
    assert study(SMOKE).control == "reference"
    before = study(SMOKE.replace('control = "reference"', ""))
    assert before.control is None
    assert names(cells(before)) == names(cells(study(SMOKE)))


def test_a_problem_size_is_added_by_editing_the_study() -> None:
    text = SMOKE.replace("{ n = 1536, tile = 256 }", "{ n = 1536, tile = 256 }, { n = 64 }")
    before, after = names(cells(study(SMOKE))), names(cells(study(text)))
    assert before < after
    assert all(name.endswith(",n=64") and "/gemm/" in name for name in after - before)


def test_sizes_that_differ_in_their_tile_only_are_told_apart() -> None:
    sizes = [{"n": n, "tile": tile} for n, tile in ((512, 64), (512, 8), (256, 8), (256, 64))]
    found = cells(study(study_toml({"reference": {}}, {"gemm": sizes})))
    named = {str(cell.name).partition("@")[2]: (cell.n, cell.tile) for cell in found}
    assert named == {
        "1x1x1": (512, 64),
        "1x1x1,n=512,tile=8": (512, 8),
        "1x1x1,n=256": (256, 8),
        "1x1x1,n=256,tile=64": (256, 64),
    }
    with pytest.raises(UserError, match="each with another n or another tile"):
        study(study_toml({"reference": {}}, {"gemm": [sizes[0], sizes[0]]}))


def test_a_model_can_have_programs_of_some_problems_only() -> None:
    text = study_toml(
        {"reference": {}, "vendor": {"problems": ["gemm"]}}, {"pi": None, "gemm": None}
    )
    assert [str(p) for p in programs(study(text))] == [
        "reference/pi/threads/0",
        "reference/gemm/threads/0",
        "vendor/gemm/threads/0",
    ]
    with pytest.raises(UserError, match="model vendor: the study has no problem gem"):
        study(text.replace('["gemm"]', '["gem"]'))


def test_a_scale_point_is_added_by_editing_the_study() -> None:
    text = SMOKE.replace('"1x1x4"]', '"1x1x4", "1x1x8"]')
    added = names(cells(study(text))) - names(cells(study(SMOKE)))
    assert added
    assert all(name.endswith("@1x1x8") for name in added)


def test_a_site_is_added_by_adding_a_file(tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    local = (site_module.SITES / "local.toml").read_text(encoding="utf-8")
    file.write_text(local.replace('"local"', '"lab"', 1).replace('"auto"', "1", 1))
    lab = load_site(str(file))
    assert (lab.name, len(lab.cores)) == ("lab", 1)


def test_an_unknown_study_and_site_name_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"there are baseline, .*, local-model, paper, smoke"):
        load_study("papier")
    with pytest.raises(UserError, match="there are generic, lab, local, otus"):
        load_site("otos")


def _models() -> list[type[BaseModel]]:
    modules = (model, directories, pins, site_module)
    found = {value for module in modules for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, Strict)}  # fmt: skip
    return sorted(found - {Strict}, key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", _models())
def test_every_field_is_documented(cls: type[BaseModel]) -> None:
    assert cls.model_fields
    undocumented = [name for name, info in cls.model_fields.items() if not info.description]
    assert undocumented == []


def test_the_models_above_include_study_and_site() -> None:
    assert {Study, Site} <= set(_models())


@given(
    samples=st.integers(1, 4),
    sizes=st.lists(st.integers(1, 999), min_size=1, max_size=3, unique=True),
    threads=st.lists(st.integers(1, 64), min_size=1, max_size=4, unique=True),
)
def test_expansion_is_the_full_product_without_doubles(
    samples: int, sizes: list[int], threads: list[int]
) -> None:
    models, points = {"a": {"samples": samples}}, [f"1x1x{count}" for count in threads]
    found = cells(study(study_toml(models, {"pi": [{"n": n} for n in sizes]}, shared=points)))
    assert len(found) == len(names(found)) == samples * len(sizes) * len(threads)
    assert {cell.n for cell in found} == set(sizes)
