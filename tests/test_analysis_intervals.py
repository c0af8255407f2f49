"""Means, ratios and their intervals against hand-computed values and another implementation."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from repro.analysis.intervals import Interval, log_mean, ratio

TIMES = st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=6)


def exp(*logs: float) -> list[float]:
    return [math.exp(value) for value in logs]


def test_geometric_mean_by_hand() -> None:
    # logarithms 1, 2, 3: mean 2, s = 1; t(0.975; 2) = 4.302653, divided by sqrt(3): 2.484138
    found = ratio([exp(1, 2, 3)])
    assert found.value == pytest.approx(math.exp(2), rel=1e-8)
    assert found.low == pytest.approx(math.exp(2 - 2.484138), rel=1e-6)
    assert found.high == pytest.approx(math.exp(2 + 2.484138), rel=1e-6)


def test_ratio_is_that_of_welch() -> None:
    one, other = exp(1, 2, 3), exp(0, 0.5, 1.0, 1.2)
    logs = [[math.log(x) for x in sample] for sample in (one, other)]
    theirs = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    found = ratio([one], [other])
    assert math.log(found.low) == pytest.approx(theirs.low, rel=1e-7)
    assert math.log(found.high) == pytest.approx(theirs.high, rel=1e-7)


def test_one_time_has_no_interval() -> None:
    found = ratio([[2.0]], [[1.0, 1.1]])
    assert found.value == pytest.approx(2 / math.sqrt(1.1), rel=1e-8)
    assert not found.known
    assert str(found) == "1.91 (no interval)"


@pytest.mark.parametrize("sample", [[], [0.0, 1.0], [-1.0]])
def test_times_without_a_logarithm_give_nothing(sample: Sequence[float]) -> None:
    assert log_mean(sample) is None
    assert math.isnan(ratio([[1.0, 2.0]], [sample]).value)


def test_equal_times_give_an_interval_of_no_width() -> None:
    assert ratio([[2.0, 2.0]], [[1.0, 1.0]]) == Interval(2.0, 2.0, 2.0)


def test_factor() -> None:
    assert ratio([[2.0, 2.0]], factor=0.25).value == 0.5


@given(TIMES, TIMES)
def test_the_inverse_ratio_has_the_inverse_interval(one: list[float], other: list[float]) -> None:
    there, back = ratio([one], [other]), ratio([other], [one])
    assert there.value * back.value == pytest.approx(1, rel=1e-6)
    if there.low > 0 and there.high < math.inf:
        assert there.low * back.high == pytest.approx(1, rel=1e-6)


def test_95_of_100_intervals_hold_the_truth() -> None:
    chance = random.Random(1)  # noqa: S311 - a simulation, no secret
    held = 0
    for _ in range(2000):
        one = [chance.lognormvariate(1, 0.05) for _ in range(5)]
        other = [chance.lognormvariate(0, 0.15) for _ in range(5)]
        found = ratio([one], [other])
        held += found.low <= math.e <= found.high
    assert 0.935 < held / 2000 < 0.975
