"""The metrics of ParEval: the expected result of k independent programs, estimated from N.

Names and definitions are those of D. Nichols et al., "Can Large Language Models Write Parallel
Code?", HPDC 2024 (arXiv 2401.12554), and of analysis/metrics.py in their repository
parallelcodefoundry/ParEval. A task is what they call a prompt: here a problem with a framework,
a size, and, where a scale is named, a scale point. A metric of several tasks is the mean over
them.
"""

from collections.abc import Sequence
from math import comb, fsum

KS = (1, 2, 5, 10, 20)
"""The k for which metrics are given: ParEval's 1, 5, 10 and 20, and 2, as programs are costly."""


def at_k(passed: int, n: int, k: int) -> float:
    """pass@k, or build@k: the probability that one of k programs passes, or builds.

    The unbiased estimator 1 - C(n-c, k) / C(n, k) of M. Chen et al., "Evaluating Large Language
    Models Trained on Code", 2021 (arXiv 2107.03374), equation 1, which ParEval takes for both.

    Args:
        passed: c, how many of the programs pass.
        n: how many programs there are.
        k: how many are tried.

    Raises:
        ValueError: not 0 <= passed <= n, or not 1 <= k <= n.
    """
    if not 0 <= passed <= n or not 1 <= k <= n:
        raise ValueError(f"{passed} of {n} programs, {k} tried")
    return 1 - comb(n - passed, k) / comb(n, k)


def best_weights(n: int, k: int) -> list[float]:
    """Probability of each of n programs, worst first, to be the best of k drawn from them.

    C(j-1, k-1) / C(n, k) for the j-th: it is drawn, and the k-1 others are from those below it.

    Raises:
        ValueError: not 1 <= k <= n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"{k} of {n} programs")
    return [comb(j, k - 1) / comb(n, k) for j in range(n)]


def best_of_k(values: Sequence[float], k: int) -> float:
    """speedup_n@k, or efficiency_n@k: the expected value of the best of k programs.

    With the programs' speedups T* / T_j on n cores from the worst to the best this is ParEval's
    sum over j of C(j-1, k-1) / C(N, k) * T* / T_j, without bias the expected maximum of k;
    efficiency_n@k is the same with each speedup divided by n.

    The repository's metrics.py sorts the times the other way, from the fastest, and counts
    C(j-1, k-1) as 1 for j < k. For k = 1 that is the same number; for larger k it is not the
    expectation that the paper defines, which is the one here.

    Args:
        values: one per program, in any order; 0 for a program that does not pass.
        k: how many are tried.

    Raises:
        ValueError: not 1 <= k <= number of programs.
    """
    weights = best_weights(len(values), k)
    return fsum(w * v for w, v in zip(weights, sorted(values), strict=True))
