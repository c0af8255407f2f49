"""ParEval's estimators, against their definitions worked out by hand and by enumeration."""

from fractions import Fraction
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.bootstrap import best_of_tasks, median
from repro.analysis.pareval import at_k, best_of_k, best_weights
from repro.analysis.scaling import karp_flatt


def chances(n: int, c: int, k: int) -> Fraction:
    """The share of all ways to draw k of n programs in which one of c passes."""
    draws = list(combinations([True] * c + [False] * (n - c), k))
    return Fraction(sum(any(draw) for draw in draws), len(draws))


def test_pass_at_k_by_hand() -> None:
    # 20 programs, 5 pass: 1 - C(15,10)/C(20,10) = 1 - 3003/184756.
    assert at_k(5, 20, 1) == 0.25
    assert at_k(5, 20, 10) == pytest.approx(1 - 3003 / 184756, rel=1e-12)
    assert at_k(2, 4, 2) == pytest.approx(5 / 6)
    assert (at_k(0, 7, 3), at_k(7, 7, 3), at_k(5, 7, 3)) == (0, 1, 1)


@given(
    st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))
)
def test_pass_at_k_is_the_share_of_all_draws(nck: tuple[int, int, int]) -> None:
    n, c, k = nck
    assert at_k(c, n, k) == pytest.approx(float(chances(n, c, k)))


def published_product(n: int, c: int, k: int) -> float:
    """The form in which Chen et al. and ParEval's metrics.py compute the same."""
    product = 1.0
    for i in range(n - c + 1, n + 1):
        product *= 1 - k / i
    return 1.0 if n - c < k else 1 - product


@pytest.mark.parametrize("n", [1, 5, 20, 50])
def test_pass_at_k_agrees_with_the_published_form(n: int) -> None:
    for k in (k for k in (1, 5, 10, 20) if k <= n):
        for c in range(n + 1):
            assert at_k(c, n, k) == pytest.approx(published_product(n, c, k), abs=1e-12)


def test_speedup_at_k_on_a_worked_example() -> None:
    # ParEval's sum for N = 4 programs with T* = 12 s and times 12, 6, 4 and 3 s on n cores:
    # speedups 1, 2, 3, 4; k = 2: C(j-1, 1) / C(4, 2) = 0, 1/6, 2/6, 3/6.
    speedups = [12 / time for time in (3, 12, 4, 6)]
    assert best_weights(4, 2) == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6])
    assert best_of_k(speedups, 2) == pytest.approx(2 / 6 + 6 / 6 + 12 / 6)
    assert best_of_k(speedups, 1) == pytest.approx(2.5)
    assert best_of_k(speedups, 4) == 4


@given(st.lists(st.floats(0, 400), min_size=1, max_size=7), st.data())
def test_speedup_at_k_is_the_mean_maximum_of_all_draws(
    speedups: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(speedups)))
    maxima = [max(draw) for draw in combinations(speedups, k)]
    assert best_of_k(speedups, k) == pytest.approx(fmean(maxima))


def test_with_zeros_and_ones_both_estimators_are_one() -> None:
    assert best_of_k([0, 1, 0, 0, 1], 2) == pytest.approx(at_k(2, 5, 2))


@pytest.mark.parametrize(
    ("passed", "n", "k"), [(1, 2, 3), (3, 2, 1), (-1, 2, 1), (0, 0, 1), (1, 1, 0)]
)
def test_fewer_programs_than_k_do_not_tell(passed: int, n: int, k: int) -> None:
    with pytest.raises(ValueError, match="programs"):
        at_k(passed, n, k)


def test_several_tasks_are_averaged() -> None:
    found = best_of_tasks([[1, 0], [1, 1, 1, 1]], 1)
    assert found.value == 0.75
    assert found.low == 0.5  # of the two of the first task none was drawn
    assert found.high == 1


def test_the_bootstrap_interval_of_a_share_is_that_of_a_binomial() -> None:
    # 30 of 60: percentiles of Binomial(60, 1/2) / 60 are 22/60 and 38/60.
    found = best_of_tasks([[0, 1] * 30], 1)
    assert found.low == pytest.approx(22 / 60, abs=1.01 / 60)
    assert found.high == pytest.approx(38 / 60, abs=1.01 / 60)
    assert found == best_of_tasks([[0, 1] * 30], 1)


@pytest.mark.parametrize("tasks", [[[1.0]], [[1.0, 0.0], [1.0]], [[1.0, 1.0], [0.0, 0.0]]])
def test_where_no_spread_is_known_there_is_no_interval(tasks: list[list[float]]) -> None:
    assert not best_of_tasks(tasks, 1).known


def test_medians() -> None:
    assert median([5.0]).value == 5
    assert not median([5.0, 5.0]).known
    found = median([float(value) for value in range(1, 102)])
    assert found.value == 51
    assert 35 < found.low < 51 < found.high < 67


def test_karp_flatt_by_hand() -> None:
    # Amdahl's law with a serial part of 0.1 gives S(4) = 1 / (0.1 + 0.9/4) = 40/13.
    assert karp_flatt(40 / 13, 4) == pytest.approx(0.1)
    assert karp_flatt(8, 8) == pytest.approx(0)
    assert karp_flatt(1, 8) == pytest.approx(1)
    assert karp_flatt(10, 8) < 0
