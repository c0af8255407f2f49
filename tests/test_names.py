"""Names and filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import UserError
from repro.study.filters import nearest, select
from repro.study.names import CellName, Program, ScalePoint

names = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,12}", fullmatch=True)
counts = st.integers(1, 10**6)
scale_points = st.builds(
    lambda nodes, more, threads: ScalePoint(nodes, nodes + more, threads),
    counts,
    st.integers(0, 500),
    counts,
)
programs = st.builds(Program, names, names, names, st.integers(0, 99))
sizes = st.tuples(st.none(), st.none()) | st.tuples(counts, st.none() | counts)
cell_names = st.builds(
    lambda program, scale, size: CellName(program, scale, *size), programs, scale_points, sizes
)


@given(cell_names)
def test_a_cells_name_is_read_back_the_same(name: CellName) -> None:
    assert CellName.parse(str(name)) == name


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_a_one_line_error(text: str) -> None:
    try:
        name = CellName.parse(text)
    except UserError as error:
        said = str(error)
        assert "not a cell's name" in said
    else:
        assert str(name) == text


@pytest.mark.parametrize("text", ["1x1", "0x1x1", "1x1x1x1", "axbxc", "2x1x1", "", "01x1x1"])
def test_what_is_no_scale_point(text: str) -> None:
    with pytest.raises(ValueError, match="scale point"):
        ScalePoint.parse(text)


def test_cores_of_a_scale_point_count_every_rank() -> None:
    assert ScalePoint.parse("2x384x1").cores == 384
    assert ScalePoint.parse("1x1x24").cores == 24


@given(st.lists(cell_names, min_size=1, unique=True))
def test_a_name_without_wildcards_selects_itself_alone(cells: list[CellName]) -> None:
    assert select(cells, [str(cells[0])]) == [cells[0]]


@given(st.lists(cell_names, min_size=1, unique=True), st.sampled_from(["*x1", "a*", "*/0@*"]))
def test_a_filter_and_its_exclusion_part_the_cells(cells: list[CellName], glob: str) -> None:
    def chosen(patterns: list[str], exclude: list[str]) -> list[CellName]:
        try:
            return select(cells, patterns, exclude)
        except UserError:
            return []

    inside, outside = chosen([glob], []), chosen([], [glob])
    assert sorted(map(str, inside + outside)) == sorted(map(str, cells))


def test_several_filters_are_ored_and_a_star_crosses_slashes() -> None:
    cells = [f"claude-opus-4.7/{p}/{f}/0@1x1x{t}" for p in ("pi", "gemm")
             for f in ("dagger", "dagger-distributed") for t in (8, 24)]  # fmt: skip
    assert select(cells, ["claude-*/gemm/dagger*@*x24"]) == [cells[5], cells[7]]
    assert len(select(cells, ["*@*x8", "*/pi/*"])) == 6
    assert select(cells, ["*/pi/*"], exclude=["*distributed*", "*x8"]) == [cells[1]]


def test_an_empty_match_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean reference/gemm/threads/0@1x1x2"):
        select(["reference/gemm/threads/0@1x1x2", "other"], ["refrence/gemm/threads/0@1x1x2"])
    assert nearest("xyz", ["reference/gemm/threads/0@1x1x2"]) == []
