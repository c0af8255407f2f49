"""Bootstrap intervals of metrics over the programs of several tasks, and of medians."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repro.analysis.intervals import CONFIDENCE, Interval, rounded
from repro.analysis.pareval import best_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SEED = 260616534
"""Seed of the resampling: the same dataset gives the same limits."""

RESAMPLES = 2000


def best_of_tasks(tasks: Sequence[Sequence[float]], k: int) -> Interval:
    """Mean over tasks of the expected maximum of k of a task's programs.

    With values of 0 and 1 the expected maximum is the probability that one of k is 1. So this is
    pass@k and build@k as well as speedup_n@k and efficiency_n@k.

    The interval is scipy's percentile bootstrap (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapter 13). The tasks are fixed by the study; the programs of each task are
    resampled, since generation is what is random. There is no interval if a task has one program
    only, or if the values of each task are all equal: then no spread is known.

    Args:
        tasks: for each task one value per program.
        k: number of programs tried; at most as many as the smallest task has.

    Returns:
        The estimate with its 95 % interval.

    Raises:
        ValueError: there is no task, or one has fewer than k programs.
    """
    import numpy as np

    if not tasks:
        raise ValueError("no task")
    weights = [np.array(best_weights(len(values), k)) for values in tasks]

    def statistic(*drawn: "Numbers", axis: int = -1) -> "Numbers":
        each = [np.sort(d, axis=axis) @ w for d, w in zip(drawn, weights, strict=True)]
        return np.asarray(np.mean(each, axis=0), dtype=np.float64)

    arrays = [np.array(values, dtype=float) for values in tasks]
    value = float(statistic(*arrays))
    if min(map(len, tasks)) == 1 or all(len(set(values)) == 1 for values in tasks):
        return Interval(rounded(value), float("nan"), float("nan"))
    from scipy.stats import bootstrap  # a second that few commands need

    found = bootstrap(
        arrays, statistic, vectorized=True, n_resamples=RESAMPLES, method="percentile",
        confidence_level=CONFIDENCE, rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return Interval(*(rounded(float(number)) for number in (value, found.low, found.high)))


def median(values: Sequence[float]) -> Interval:
    """The median and its 95 % percentile bootstrap interval; without limits for one value.

    Raises:
        ValueError: there is no value.
    """
    import numpy as np

    if not values:
        raise ValueError("no value")
    middle = rounded(float(np.median(values)))
    if len(set(values)) == 1:
        return Interval(middle, float("nan"), float("nan"))
    from scipy.stats import bootstrap

    found = bootstrap(
        (np.array(values, dtype=float),), np.median, vectorized=True, n_resamples=RESAMPLES,
        method="percentile", confidence_level=CONFIDENCE, rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return Interval(middle, rounded(float(found.low)), rounded(float(found.high)))
