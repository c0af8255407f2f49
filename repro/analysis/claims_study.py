"""The claims of arXiv 2606.16534: of its abstract, and of its results as the study's notes say."""

from repro.analysis import claims_outcomes as by_outcome
from repro.analysis import claims_times as by_time
from repro.analysis.claims import LARGE, Claim, Seen, Verdict


def _not_of_tables(missing: str) -> Verdict:
    return Verdict("cannot tell", "no table of a dataset holds this", missing=[missing])


def _sizes_of_tests(_: Seen) -> Verdict:
    return _not_of_tables("the sizes of the agents' own tests, which are code in their transcripts")


def _promise(_: Seen) -> Verdict:
    return _not_of_tables("a measure of promise; see small-runs and large-fails for what there is")


CLAIMS = (
    Claim(
        "small-runs",
        "abstract",
        "The agents reliably produce executable code for small inputs.",
        f"At least {by_outcome.RELIABLY:.0%} of the three models' programs run at their smallest "
        "scale point: ok, wrong-result, or a repetition completed. Programs without an outcome "
        "count for both sides.",
        by_outcome.runs_when_small,
    ),
    Claim(
        "large-fails",
        "abstract",
        "They fail at larger scales due to deadlocks, oversubscription, or out-of-memory errors.",
        "Of the three models' programs that are ok at their smallest scale point some fail at a "
        "larger one, and more than half of these cells are deadlock, out-of-memory or flagged "
        f"oversubscribed. Each model has an outcome on {LARGE} cores or more.",
        by_outcome.fails_at_scale,
    ),
    Claim(
        "open-weight-worst",
        "abstract",
        "The open-weight model is affected most severely.",
        "At larger scale points where all three models have an outcome, its share of ok is below "
        f"that of each other. Each problem and framework has such a point on {LARGE} cores.",
        by_outcome.open_weight_is_worst,
    ),
    Claim(
        "commercial-alike",
        "abstract",
        "The two commercial models scale comparably on Base.Threads and MPI.jl.",
        "The ratio of their speedups over one core, on the most cores that both have times on, is "
        f"within a factor of {by_time.COMPARABLE} with its whole 95 % interval, for each problem "
        "and both frameworks (sample 0).",
        by_time.commercial_are_comparable,
    ),
    Claim(
        "dagger-weaker",
        "abstract",
        "Their Dagger.jl implementations expose recurring weaknesses in task dependencies, "
        "granularity, and scheduling.",
        "Only whether weaknesses recur, not what causes them: for each of the two, in more than "
        "one of six comparisons, Dagger has fewer ok cells on the same cores than Threads (or, "
        f"distributed, MPI), or takes {by_time.GAIN} times as long where both are ok.",
        by_time.dagger_is_weaker,
    ),
    Claim(
        "promising",
        "abstract",
        "Agentic AI is promising for producing parallel Julia code, but robust, performance-aware "
        "implementations for large-scale systems remain an open challenge.",
        "Not tested: a judgement.",
        _promise,
    ),
    Claim(
        "kinds-of-failure",
        "results",
        "At scale there are deadlock, oversubscription, out of memory, crash and timeout.",
        "Each of the five occurs at a larger scale point of a program of the three models that "
        "is ok at its smallest.",
        by_outcome.kinds_of_failure,
    ),
    Claim(
        "pi-threads",
        "results",
        "Pi: Threads avoids Dagger's scheduling cost.",
        "Each model's Dagger program takes longer than its Threads program on the most threads "
        "that both have times on, with the whole 95 % interval of the ratio above 1.",
        by_time.pi_threads_beat_dagger,
    ),
    Claim(
        "pi-mpi",
        "results",
        "Pi: MPI is near ideal.",
        f"Each model's efficiency over one core is above {by_time.NEAR_IDEAL}, with its whole 95 % "
        f"interval, on the most cores that it has times on, at least {LARGE}.",
        by_time.pi_mpi_is_near_ideal,
    ),
    Claim(
        "gemm-opus-dagger",
        "results",
        "GEMM: one Opus/Dagger program degrades and fails beyond 32 threads.",
        "It is ok up to 32 threads and not at some larger scale point, and somewhere slower than "
        "on fewer threads.",
        by_outcome.opus_gemm_dagger_fails,
    ),
    Claim(
        "gemm-mpi",
        "results",
        "GEMM: MPI is steadier than distributed Dagger.",
        "For each model MPI is ok at no fewer of the scale points where both have an outcome, and "
        "the median coefficient of variation of its times is smaller.",
        by_time.gemm_mpi_is_steadier,
    ),
    Claim(
        "cholesky-dagger",
        "results",
        "Cholesky: GPT's and Opus's Dagger programs deadlock at 24 and 32 tasks.",
        "Each comes to deadlock at 24 or at 32 threads.",
        by_outcome.cholesky_dagger_deadlocks,
    ),
    Claim(
        "cholesky-threads",
        "results",
        "Cholesky: their Threads programs go on to 192.",
        "Both are ok at 192 threads.",
        by_outcome.cholesky_threads_go_on,
    ),
    Claim(
        "cholesky-saturation",
        "results",
        "Cholesky: the Threads programs saturate near 64.",
        f"The time falls by more than a factor of {by_time.GAIN} from 16 to 64 threads, and by "
        "less from 64 to 192, each with its whole 95 % interval, for both models.",
        by_time.cholesky_saturates,
    ),
    Claim(
        "qwen-wrong",
        "results",
        "Qwen sometimes returns wrong results.",
        "A cell of its programs is wrong-result. Refuted only if every cell has an outcome.",
        by_outcome.qwen_is_sometimes_wrong,
    ),
    Claim(
        "qwen-tests",
        "results",
        "Qwen tests with sizes too small to show scaling.",
        "Not tested: the sizes are in code that the agent wrote and ran.",
        _sizes_of_tests,
    ),
)
"""In the order in which the paper makes them. Thresholds are ours and part of each test's words."""
