"""Geometric means of times, their ratios, and 95 % intervals of both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
"""Level of every interval in figures and verdicts."""

DIGITS = 9
"""Significant digits kept: more than a clock resolves, fewer than processors agree on."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval; `low` and `high` are NaN where no spread is known."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is an interval, and not only an estimate."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def as_json(self) -> dict[str, float | None] | None:
        """The fields, null where one is not known; null if there is no estimate."""
        if not math.isfinite(self.value):
            return None
        return {
            name: number if math.isfinite(number) else None for name, number in vars(self).items()
        }

    def __str__(self) -> str:
        if not self.known:
            return f"{self.value:.3g} (no interval)"
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


UNKNOWN = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class LogMean:
    """Mean of the logarithms of `n` times, and the variance of that mean (NaN for one time)."""

    mean: float
    variance: float
    n: int


def log_mean(seconds: Sequence[float]) -> LogMean | None:
    """Mean logarithm of times in seconds; None if there is no time, or one is not positive.

    Times on a logarithmic scale are closer to symmetric, and a ratio of geometric means does not
    depend on which machine is the denominator (Fleming and Wallace, CACM 29(3), 1986).
    """
    if not seconds or min(seconds) <= 0:
        return None
    n = len(seconds)
    logs = [math.log(value) for value in seconds]
    mean = math.fsum(logs) / n
    if n == 1:
        return LogMean(mean, math.nan, 1)
    return LogMean(mean, math.fsum((x - mean) ** 2 for x in logs) / (n - 1) / n, n)


def ratio(
    above: Sequence[Sequence[float]], below: Sequence[Sequence[float]] = (), factor: float = 1
) -> Interval:
    """Product of geometric means `above` over product of those `below`, with its interval.

    With one sample above and none below it is that sample's geometric mean and the t-interval of
    the mean of its logarithms. With several, variances are not taken to be equal: for
    d = sum of +-mean_i, its variance is V = sum v_i with v_i = s_i^2 / n_i, its degrees of
    freedom are V^2 / sum(v_i^2 / (n_i - 1)) (Welch, Biometrika 34, 1947; Satterthwaite,
    Biometrics Bulletin 2, 1946), and the interval is exp(d +- t * sqrt(V)).

    Args:
        above: samples of times in seconds whose means multiply.
        below: samples whose means divide.
        factor: multiplies the result, such as p_0 / p for an efficiency.

    Returns:
        The estimate; without limits if a sample has one time only; all NaN if a sample has no
        time, or one that is not positive.
    """
    signed = [(1, log_mean(sample)) for sample in above] + [
        (-1, log_mean(sample)) for sample in below
    ]
    means = [(sign, mean) for sign, mean in signed if mean is not None]
    if len(means) < len(signed):
        return UNKNOWN
    centre = math.fsum(sign * mean.mean for sign, mean in means) + math.log(factor)
    half = half_width([mean for _, mean in means])
    return Interval(*(rounded(_exp(centre + shift)) for shift in (0.0, -half, half)))


def _exp(power: float) -> float:
    """E to a power; infinity where it overflows, as for the limits of an absurd spread."""
    try:
        return math.exp(power)
    except OverflowError:
        return math.inf


def half_width(means: Sequence[LogMean]) -> float:
    """Half of the interval of a sum or difference of independent means (see `ratio`).

    Returns:
        Half the width on the logarithmic scale; NaN if the spread of a mean is not known.
    """
    from scipy.special import stdtrit  # half a second that few commands need

    variance = math.fsum(mean.variance for mean in means)
    if math.isnan(variance) or variance == 0:
        return variance
    quantile = float(stdtrit(degrees_of_freedom(means), (1 + CONFIDENCE) / 2))
    return quantile * math.sqrt(variance)


def degrees_of_freedom(means: Sequence[LogMean]) -> float:
    """Welch's and Satterthwaite's (see `ratio`), where the variance of the sum is above 0."""
    variance = math.fsum(mean.variance for mean in means)
    return variance**2 / math.fsum(mean.variance**2 / (mean.n - 1) for mean in means)


def rounded(value: float) -> float:
    """A number without the digits on which processors disagree."""
    return float(f"{value:.{DIGITS}g}")
