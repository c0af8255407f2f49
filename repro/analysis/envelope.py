"""The failure envelope: up to which scale each program is ok, and how it fails beyond."""

from typing import Any

import pandas as pd

from repro.analysis.missing_data import NO_KERNEL, grid
from repro.analysis.tidy import Tidy, first_tiles
from repro.measure.outcomes import OUR_OUTCOMES

PROGRAM = ["model", "problem", "n", "framework", "sample"]
CROWDED = "crowded"
"""In place of an outcome: the cell had fewer cores than threads, and so is not at its scale."""

COLUMNS = [
    *PROGRAM, "ok", "counted", "largest_ok", "largest_ok_cores", "ends_at", "ends_at_cores",
    "ends_with", "ends_flags", "first_failure", "first_failure_cores", "first_failure_with",
    "measured_to", "measured_to_cores", "study_to", "study_to_cores",
    "unavailable", "infrastructure", "no_kernel", "no_data", "crowded",
]  # fmt: skip


def envelope(tidy: Tidy) -> pd.DataFrame:
    """The largest scale point at which each program is `ok`, and the failure beyond it.

    Scale points are ordered by cores. `ends_at` is the smallest scale point with an outcome of
    the program above the largest `ok` one, `ends_with` that outcome and `ends_flags` its flags.
    All are empty for a program that is `ok` at the largest scale point at which it has an outcome
    (`measured_to`): the dataset does not show its envelope. `first_failure` is below `largest_ok`
    where a program fails and recovers. A program that is never `ok` ends at its smallest scale
    point.

    Returns:
        One row per program and size of the study, in its order, columns `COLUMNS`. Where there is
        no scale point, its name is empty and its cores are 0. `ok` counts among the `counted`
        cells, those with an outcome of the program; the last columns count the others by reason,
        `no_kernel` those whose session produced no program, `crowded` those with an outcome on
        fewer cores than threads.
    """
    cells = first_tiles(grid(tidy)).copy()
    crowded = tidy.cells["crowded"] & ~tidy.cells["outcome"].isin(OUR_OUTCOMES)
    cells.loc[cells["cell"].isin(tidy.cells.loc[crowded, "cell"]), "outcome"] = CROWDED
    cores = cells["scale"].str.split("x", expand=True).reindex(columns=range(3))
    cells["cores"] = (cores[1].astype(float) * cores[2].astype(float)).astype("int64")
    rows = [
        dict(zip(PROGRAM, keys, strict=True)) | _row(of_program)
        for keys, of_program in cells.groupby(PROGRAM, sort=False)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(cells: pd.DataFrame) -> dict[str, Any]:
    cells = cells.sort_values("cores", kind="stable")
    counted = cells[~cells["outcome"].isin([*OUR_OUTCOMES, NO_KERNEL, CROWDED, ""])]
    well, failed = counted[counted["outcome"] == "ok"], counted[counted["outcome"] != "ok"]
    reached = well["cores"].max() if len(well) else 0
    ends = failed[failed["cores"] > reached]
    ends_with, flags = ends.iloc[0][["outcome", "flags"]] if len(ends) else ("", "")
    return {
        "ok": len(well), "counted": len(counted),
        **_point("largest_ok", well.tail(1)),
        **_point("ends_at", ends.head(1)), "ends_with": ends_with, "ends_flags": flags,
        **_point("first_failure", failed.head(1)),
        "first_failure_with": failed["outcome"].iloc[0] if len(failed) else "",
        **_point("measured_to", counted.tail(1)), **_point("study_to", cells.tail(1)),
        "unavailable": int((cells["outcome"] == "unavailable").sum()),
        "infrastructure": int((cells["outcome"] == "infrastructure").sum()),
        "no_kernel": int((cells["outcome"] == NO_KERNEL).sum()),
        "no_data": int((cells["outcome"] == "").sum()),
        "crowded": int((cells["outcome"] == CROWDED).sum()),
    }  # fmt: skip


def _point(name: str, row: pd.DataFrame) -> dict[str, Any]:
    """A scale point under a name, and its cores."""
    if row.empty:
        return {name: "", f"{name}_cores": 0}
    return {name: row["scale"].iloc[0], f"{name}_cores": int(row["cores"].iloc[0])}
