"""The kinds of claims: what a claim's `kind` may be, one module each."""

from collections.abc import Mapping

from repro.claims.kinds.breakdown import Breakdown
from repro.claims.kinds.comparable_speedups import ComparableSpeedups
from repro.claims.kinds.efficiency import Efficiency
from repro.claims.kinds.failure_causes import FailureCauses
from repro.claims.kinds.failure_kinds import FailureKinds
from repro.claims.kinds.failure_rate import FailureRate
from repro.claims.kinds.fewest_ok import FewestOk
from repro.claims.kinds.occurrence import Occurrence
from repro.claims.kinds.outcome_at import OutcomeAt
from repro.claims.kinds.reach import Reach
from repro.claims.kinds.recurring_weakness import RecurringWeakness
from repro.claims.kinds.runs_at_smallest import RunsAtSmallest
from repro.claims.kinds.saturation import Saturation
from repro.claims.kinds.small_tiles import SmallTiles
from repro.claims.kinds.steadiness import Steadiness
from repro.claims.kinds.time_ratio import TimeRatio
from repro.claims.kinds.untested import Untested
from repro.claims.model import Claim

KINDS: Mapping[str, type[Claim]] = {
    "runs-at-smallest": RunsAtSmallest,
    "failure-causes": FailureCauses,
    "failure-kinds": FailureKinds,
    "failure-rate": FailureRate,
    "fewest-ok": FewestOk,
    "occurrence": Occurrence,
    "outcome-at": OutcomeAt,
    "reach": Reach,
    "breakdown": Breakdown,
    "time-ratio": TimeRatio,
    "comparable-speedups": ComparableSpeedups,
    "recurring-weakness": RecurringWeakness,
    "efficiency": Efficiency,
    "saturation": Saturation,
    "small-tiles": SmallTiles,
    "steadiness": Steadiness,
    "untested": Untested,
}
"""By name, as a claim's `kind` gives it."""
