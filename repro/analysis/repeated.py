"""How often cells fail that were tried several times."""

from collections import Counter

import pandas as pd

from repro.analysis.attribution import exact_interval
from repro.analysis.tidy import Tidy
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.expand import cells as cells_of

COLUMNS = ["cell", "machine", "crowded", "failed", "of", "share", "low", "high", "failures"]


def repeated(tidy: Tidy) -> pd.DataFrame:
    """The failure rate of each cell with several trials, of the control and of other models.

    Returns:
        One row per cell, machine and `crowded` with at least two attempts that have an outcome of
        the program, in the study's order, columns `COLUMNS`: `failed` of `of` of these are not
        `ok`; `share` has its exact 95 % limits `low` and `high` (`attribution.exact_interval`);
        `failures` counts the outcomes, such as `deadlock 6, timeout 1`.
    """
    own = tidy.attempts[~tidy.attempts["outcome"].isin(OUR_OUTCOMES)]
    rows = []
    for (cell, machine, crowded), found in own.groupby(["cell", "machine", "crowded"])["outcome"]:
        counts = Counter(found)
        of, failed = len(found), len(found) - counts.pop("ok", 0)
        share = exact_interval(failed, of)
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        limits = share.value, share.low, share.high
        rows.append((cell, machine, crowded, failed, of, *limits, told))
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = {str(cell.name): i for i, cell in enumerate(cells_of(tidy.study))}
    table = table[table["of"] > 1]
    return table.sort_values(
        "cell", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )
