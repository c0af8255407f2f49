"""What `--check` says of figures that are not the expected ones."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave

from repro.analysis.expected_figures import SUMS, check, difference, update
from repro.errors import UserError


@pytest.fixture
def built(tmp_path: Path) -> Path:
    directory = tmp_path / "built"
    directory.mkdir()
    (directory / "a.svg").write_text("<svg>\n<path/>\n</svg>\n")
    (directory / "a.pdf").write_bytes(b"%PDF\n\xff\xfe 1 0\nend\n")
    imsave(directory / "a.png", np.zeros((4, 6, 3)))
    return directory


@pytest.fixture
def expected(built: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "expected" / "made-up"
    update(built, directory)
    return directory


def test_the_same_figures_are_as_expected(built: Path, expected: Path) -> None:
    assert check(built, expected) == []
    assert (expected / SUMS).read_text().count("\n") == 3


def test_without_expected_figures_it_says_so(built: Path, tmp_path: Path) -> None:
    (problem,) = check(built, tmp_path / "none")
    assert problem.endswith("SHA256SUMS: missing; make it with --update-expected")


def test_a_changed_line_is_shown_with_its_number(built: Path, expected: Path) -> None:
    (built / "a.svg").write_text("<svg>\n<path d=''/>\n</svg>\n")
    (built / "a.pdf").write_bytes(b"%PDF\n\xff\xfe 1 1\nend\n")
    assert check(built, expected) == [
        r"a.pdf: line 2 is 'ÿþ 1 1', expected 'ÿþ 1 0'",
        """a.svg: line 2 is "<path d=''/>", expected '<path/>'""",
    ]


def test_a_longer_file_differs_where_the_other_ends(built: Path, expected: Path) -> None:
    (built / "a.svg").write_text("<svg>\n<path/>\n</svg>\n<more>\n")
    assert check(built, expected) == ["a.svg: line 4 is '<more>', expected ''"]


def test_long_lines_are_shown_around_the_difference(tmp_path: Path) -> None:
    one, other = tmp_path / "1.svg", tmp_path / "2.svg"
    one.write_text("x" * 5000 + "a" + "y" * 5000)
    other.write_text("x" * 5000 + "b" + "y" * 5000)
    told = difference(one, other)
    assert "xxa" in told
    assert "xxb" in told
    assert len(told) < 300


def test_the_first_pixel_that_differs_is_shown(built: Path, expected: Path) -> None:
    image = np.zeros((4, 6, 3))
    image[2, 5] = image[3, 0] = 1
    imsave(built / "a.png", image)
    told = "2 pixels differ, the first at x=5, y=2: (255, 255, 255, 255), expected (0, 0, 0, 255)"
    assert check(built, expected) == [f"a.png: {told}"]


def test_images_of_other_sizes(built: Path, expected: Path) -> None:
    imsave(built / "a.png", np.zeros((5, 6, 3)))
    assert check(built, expected) == ["a.png: is 6 x 5 pixels, expected 6 x 4"]


def test_missing_and_surplus_figures_are_named(built: Path, expected: Path) -> None:
    (built / "a.svg").unlink()
    (built / "b.svg").write_text("<svg/>\n")
    (expected / "c.svg").write_text("<svg/>\n")
    (expected / "a.pdf").unlink()
    problems = check(built, expected)
    assert [problem.split(":")[0].rsplit("/", 1)[-1] for problem in problems] == [
        "a.pdf",
        "a.svg",
        "b.svg",
        "c.svg",
    ]


def test_a_committed_file_that_is_not_in_its_sums_is_told(built: Path, expected: Path) -> None:
    (expected / "a.svg").write_text("<svg/>\n")
    (problem,) = check(built, expected)
    assert "a.svg: does not match SHA256SUMS" in problem


def test_update_takes_stale_figures_away(built: Path, expected: Path) -> None:
    (built / "a.svg").unlink()
    update(built, expected)
    assert sorted(path.name for path in expected.iterdir()) == [SUMS, "a.pdf", "a.png"]
    assert check(built, expected) == []


def test_damaged_sums_are_an_error_of_the_user(built: Path, expected: Path) -> None:
    (expected / SUMS).write_text("what\n")
    with pytest.raises(UserError, match="not a line of sha256sum: what"):
        check(built, expected)
