"""Whose fault a failure is: a failed cell's trials beside those of its control.

The control's cell is the same problem, size, framework and scale point of the model that the study
names as `control`, whose programs are known to be right. What it does on the same machine shows
what the framework, the harness and the machine can do to a program without a fault.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd

from repro.analysis.intervals import CONFIDENCE, Interval, rounded
from repro.analysis.significance import FALSE_DISCOVERIES, adjusted
from repro.analysis.tidy import Tidy
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.expand import cells as cells_of

Fault = Literal["program", "framework", "undecided"]

WORDS: dict[str, str] = {
    "program": "the program's", "framework": "the framework's", "undecided": "undecided",
}  # fmt: skip
"""How a fault is named to a reader; docs/glossary.md defines the words."""

RARE = 0.05
"""A control that fails more often than this is no sign that the program is at fault."""

WAYS = {
    "deadlock": "hang", "timeout": "hang", "out-of-memory": "memory", "crash": "crash",
    "wrong-result": "wrong", "load-error": "error", "runtime-error": "error",
}  # fmt: skip
"""The way of failing of each outcome; a hang may poll or sleep: a timeout or a deadlock."""

COLUMNS = [
    "cell", "model", "problem", "framework", "sample", "nodes", "ranks", "threads", "n",
    "machine", "crowded", "outcome", "failed", "failed_any", "of", "control", "control_failed",
    "control_failed_any", "control_of", "control_low", "control_high", "p", "p_adjusted", "fault",
]  # fmt: skip


class Trials(NamedTuple):
    """Attempts of one cell on one machine that have an outcome of the program."""

    same: int
    """Those that failed in a given way."""

    any: int
    """Those that failed in any way."""

    of: int
    """All of them."""


def trials(outcomes: Iterable[str], like: str) -> Trials:
    """Count the outcomes of attempts.

    Args:
        outcomes: one for each attempt; `OUR_OUTCOMES` are no trials.
        like: the outcome, not `ok`, whose way of failing (`WAYS`) is counted as the same.
    """
    own = [outcome for outcome in outcomes if outcome not in OUR_OUTCOMES]
    ways = [WAYS[outcome] for outcome in own if outcome != "ok"]
    return Trials(ways.count(WAYS[like]), len(ways), len(own))


def exact_interval(failed: int, of: int) -> Interval:
    """The share of trials that fail, with Clopper and Pearson's exact 95 % interval.

    It is two-sided, with at most 2.5 % beyond each limit, like every interval of the package:
    0 of 20 gives 0 to 16.8 %. (The one-sided limit of 5 % would be 13.9 %.) Without trials the
    share is NaN and the interval 0 to 1.

    Source: Clopper and Pearson, Biometrika 26, 1934; by quantiles of the beta distribution.

    Raises:
        ValueError: `failed` is not from 0 to `of`.
    """
    from scipy.special import betaincinv  # half a second that few commands need

    _check(failed, of)
    if of == 0:
        return Interval(math.nan, 0.0, 1.0)
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(failed, of - failed + 1, tail)) if failed else 0.0
    high = float(betaincinv(failed + 1, of - failed, 1 - tail)) if failed < of else 1.0
    return Interval(rounded(failed / of), rounded(low), rounded(high))


def p_exceeds(failed: int, of: int, control_failed: int, control_of: int) -> float:
    """P-value of the hypothesis that the program fails no more often than the control.

    Fisher's exact test, one-sided: the probability, given the number of failures in all, that at
    least `failed` of them fall to the program. 1 of 1 against 0 of 19 gives 1 / 20. It is 1 where
    one of the two has no trial.

    Source: Fisher, Statistical Methods for Research Workers, 5th ed., 1934.

    Raises:
        ValueError: a number of failures is not from 0 to that of its trials.
    """
    _check(failed, of)
    _check(control_failed, control_of)
    failures = failed + control_failed
    ways = sum(
        math.comb(of, mine) * math.comb(control_of, failures - mine)
        for mine in range(failed, min(of, failures) + 1)
    )
    return rounded(ways / math.comb(of + control_of, failures))


def _check(failed: int, of: int) -> None:
    if not 0 <= failed <= of:
        raise ValueError(f"{failed} of {of} trials cannot fail")


def fault(p_adjusted: float, control: Interval) -> Fault:
    """Whose a failure is.

    The program's: it fails more often than its control, by a corrected p-value of at most 5 %.
    The framework's: not that, and the control's exact interval lies above 5 %, so that what it
    shares with the program (framework, harness, machine) suffices for the failure. Else undecided.

    Args:
        p_adjusted: of `p_exceeds`, corrected for the number of cells; NaN without a control.
        control: the share of the control's trials that fail in the same way, by `exact_interval`.
    """
    if p_adjusted <= FALSE_DISCOVERIES:
        return "program"
    return "framework" if control.low > RARE else "undecided"


def attributions(tidy: Tidy) -> pd.DataFrame:
    """Whose fault each failed cell is, of the models that are not the control.

    Trials are all attempts with an outcome of the program on the machine of the attempt that
    counts, with fewer cores than threads (`crowded`) if and only if that one had fewer. The
    program's p-value compares its failures in the same way with the control's in any way: a
    control that crashes shows nothing about whether the framework lets it hang. P-values are
    corrected over all failed cells that have a control (`significance.adjusted`).

    Returns:
        One row per failed cell in the study's order, columns `COLUMNS`; none if the study names no
        control. `failed` of `of` trials failed in the way of the cell's `outcome` (`WAYS`),
        `failed_any` in any; `control_...` is the same of the cell named `control`, which is empty
        where the control has no program; `control_low` and `control_high` are the limits of
        `control_failed` of `control_of`. `p` and `p_adjusted` are NaN without a control trial.
    """
    if tidy.study.control is None:
        return pd.DataFrame(columns=COLUMNS)
    told = tidy.attempts.groupby(["cell", "machine", "crowded"])["outcome"]
    outcomes = {key: group.tolist() for key, group in told}
    rows = [_row(tidy, dict(cell), outcomes) for _, cell in _failed_cells(tidy).iterrows()]
    tested = [row for row in rows if row["control_of"]]
    corrected = adjusted([row["p"] for row in tested])
    for row, p_adjusted in zip(tested, corrected, strict=True):
        row["p_adjusted"] = p_adjusted
    for row in rows:
        control = Interval(math.nan, row["control_low"], row["control_high"])
        row["fault"] = fault(row["p_adjusted"], control)
    return pd.DataFrame(rows, columns=COLUMNS)


def _failed_cells(tidy: Tidy) -> pd.DataFrame:
    """Cells with a failure of a program that is not the control's, in the study's order."""
    cells = tidy.cells[tidy.cells["outcome"].isin(WAYS)]
    cells = cells[cells["model"] != tidy.study.control]
    order = {str(cell.name): i for i, cell in enumerate(cells_of(tidy.study))}
    return cells.sort_values("cell", key=lambda names: names.map(order), kind="stable")


def _row(tidy: Tidy, cell: Mapping[str, Any], outcomes: Mapping[Any, list[str]]) -> dict[str, Any]:
    """A row of `attributions`, its p-value not yet corrected."""
    control = control_cell(tidy, cell)
    where = cell["machine"], cell["crowded"]
    own = trials(outcomes[cell["cell"], *where], cell["outcome"])
    of_control = trials(outcomes.get((control, *where), ()), cell["outcome"])
    limits = exact_interval(of_control.same, of_control.of)
    p = p_exceeds(own.same, own.of, of_control.any, of_control.of)
    return {name: cell[name] for name in COLUMNS[: COLUMNS.index("failed")]} | {
        "failed": own.same, "failed_any": own.any, "of": own.of,
        "control": control, "control_failed": of_control.same,
        "control_failed_any": of_control.any, "control_of": of_control.of,
        "control_low": limits.low, "control_high": limits.high,
        "p": p if of_control.of else math.nan, "p_adjusted": math.nan,
    }  # fmt: skip


def control_cell(tidy: Tidy, cell: Mapping[str, Any]) -> str:
    """The name of a cell's control; empty if the control has no program of its framework."""
    name = tidy.study.control
    frameworks = tidy.study.models[name].frameworks if name else ()
    if frameworks is not None and cell["framework"] not in frameworks:
        return ""
    scale = cell["cell"].partition("@")[2]
    return f"{name}/{cell['problem']}/{cell['framework']}/0@{scale}"
