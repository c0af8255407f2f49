"""Whether times differ by more than a factor: a test for one cell, and a correction for many."""

import math
from collections.abc import Sequence

from repro.analysis.intervals import degrees_of_freedom, log_mean, rounded

FALSE_DISCOVERIES = 0.05
"""False discovery rate: the accepted share of false ones among the differences found."""


def p_beyond(
    above: Sequence[Sequence[float]], below: Sequence[Sequence[float]], factor: float
) -> float | None:
    """P-value of the hypothesis that the true ratio is within a factor either way.

    For d, the logarithm of the ratio (`intervals.ratio`), with standard error s and Welch's
    degrees of freedom: P(T > (|d| - log f) / s) + P(T < -(|d| + log f) / s), the tails at the
    edge of the hypothesis |log ratio| <= log f. A factor of 1 makes it Welch's t-test.

    Args:
        above: samples of times in seconds whose geometric means multiply.
        below: samples whose means divide.
        factor: f, at least 1.

    Returns:
        The p-value; None if a sample has fewer than two times, or one that is not positive.
    """
    from scipy.special import stdtr

    signed = [(1, log_mean(sample)) for sample in above] + [(-1, log_mean(s)) for s in below]
    means = [(sign, mean) for sign, mean in signed if mean is not None and mean.n > 1]
    if len(means) < len(signed):
        return None
    distance = abs(math.fsum(sign * mean.mean for sign, mean in means))
    spread = math.sqrt(math.fsum(mean.variance for _, mean in means))
    edge = math.log(factor)
    if spread == 0:
        return float(distance <= edge)
    freedom = degrees_of_freedom([mean for _, mean in means])
    tails = (edge - distance) / spread, -(edge + distance) / spread
    return rounded(min(1.0, math.fsum(float(stdtr(freedom, tail)) for tail in tails)))


def adjusted(ps: Sequence[float]) -> list[float]:
    """P-values corrected for multiple testing after Benjamini and Hochberg (JRSS B 57, 1995).

    Of the differences with an adjusted p-value up to `FALSE_DISCOVERIES`, at most that share is
    expected to be false. If nothing differs at all, it is also the probability of any finding,
    which is what an exit code should promise. Holm's procedure promises more, but finds less in
    hundreds of cells of five repetitions. Cells that share a baseline are positively dependent,
    which the procedure allows.
    """
    if not ps:
        return []
    from scipy.stats import false_discovery_control  # a second that few commands need

    return [rounded(float(p)) for p in false_discovery_control(list(ps), method="bh")]
