"""The cost of generation: time, turns, tool calls, look-ups, tokens and dollars by model."""

from typing import Any

import pandas as pd

from repro.analysis.bootstrap import median
from repro.analysis.intervals import rounded
from repro.analysis.sessions import NUMBERS

COLUMNS = [
    "model", "base", "agent", "docs", "measure", "sessions", "left_out", "known", "total",
    "median", "low", "high",
]  # fmt: skip


def costs(sessions: pd.DataFrame) -> pd.DataFrame:
    """The cost of the sessions of each model.

    Args:
        sessions: as in `Tidy`.

    Returns:
        One row per model and measure, columns `COLUMNS`. `sessions` counts those that the model
        ended, `left_out` the others, which are in no other column. `known` is how many of the
        former have this number, `total` its sum and `median` its median with a 95 % bootstrap
        interval; all NaN if none has it. Seconds are of the wall clock.
    """
    rows: list[dict[str, Any]] = []
    for (model, base, agent, docs), group in sessions.groupby(
        ["model", "base", "agent", "docs"], sort=False
    ):
        own = group[group["counts"]]
        about = {
            "model": model, "base": base, "agent": agent, "docs": docs,
            "sessions": len(own), "left_out": len(group) - len(own),
        }  # fmt: skip
        rows += [about | _measure(own, name) for name in NUMBERS]
    return pd.DataFrame(rows, columns=COLUMNS)


def _measure(sessions: pd.DataFrame, name: str) -> dict[str, Any]:
    known = [float(value) for value in sessions[name].dropna()]
    if not known:
        nothing = dict.fromkeys(("total", "median", "low", "high"), float("nan"))
        return {"measure": name, "known": 0} | nothing
    found = median(known)
    return {
        "measure": name, "known": len(known), "total": rounded(sum(known)),
        "median": found.value, "low": found.low, "high": found.high,
    }  # fmt: skip


def endings(sessions: pd.DataFrame) -> pd.DataFrame:
    """Number of sessions by model and ending: columns model, ending, counts, sessions."""
    keys = ["model", "ending", "counts"]
    return sessions.groupby(keys, sort=False).size().rename("sessions").reset_index()
