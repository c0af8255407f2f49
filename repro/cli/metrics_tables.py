"""The tables of `repro metrics`; --json has more, with all digits."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from repro.analysis import attribution_words
from repro.analysis.intervals import Interval
from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.rates import ALL, INPUT_NOTE, SMALLEST
from repro.analysis.sessions import NUMBERS
from repro.measure.outcomes import OUR_OUTCOMES

if TYPE_CHECKING:
    from rich.table import Table

    from repro.analysis.metrics import Metrics


def counts(found: "Metrics") -> str:
    """Cells by outcome, in a line."""
    own = {k: n for k, n in found.cells.items() if k and k not in (*OUR_OUTCOMES, NO_KERNEL)}
    ours = {k: n for k, n in found.cells.items() if k in OUR_OUTCOMES}
    parts = [f"{sum(own.values())} of {sum(found.cells.values())} cells have an outcome"]
    parts += [f"{n} {k}" for k, n in own.items()]
    if never := found.cells.get(NO_KERNEL):
        parts.append(f"{never} are of programs that no session produced")
    apart = [f"{n} {k}" for k, n in ours.items()]
    apart += [f"{found.cells['']} never attempted"] if found.cells.get("") else []
    return ", ".join(parts) + (f"; in no rate: {', '.join(apart)}" if apart else "")


def tables(found: "Metrics") -> Iterator["Table"]:
    """All tables, also empty ones."""
    yield _rates(found.rates)
    yield _speedups(found.rates)
    yield _envelope(found)
    yield _attribution(found)
    yield _repeated(found)
    yield _costs(found)


def _table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> "Table":
    from rich.table import Table

    table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False)
    for name in texts:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _interval(row: Any, value: str = "value") -> str:
    found = Interval(row[value], row["low"], row["high"])
    if math.isnan(found.value):
        return "-"
    return str(found) if found.known else f"{found.value:.3g}"


def _rates(rates: pd.DataFrame) -> "Table":
    """build@k and pass@k by model and framework."""
    heads = ["k", "build@k", "pass@k", "pass@k everywhere", "of", "cells left out"]
    title = "Rates: pass@k at the smallest scale point, and at all with an outcome"
    table = _table(title, ["model", "framework"], heads)
    whole = rates[rates["problem"] == ALL]
    every = whole[(whole["metric"] == "pass") & (whole["scale"] == ALL)]
    for _, row in every.iterrows():
        same = (whole[name] == row[name] for name in ("model", "framework", "k"))
        here = whole[next(same) & next(same) & next(same)]
        others = [
            here[(here["metric"] == metric) & (here["scale"] == scale)]
            for metric, scale in (("build", ALL), ("pass", SMALLEST))
        ]
        shown = [_interval(one.iloc[0]) if len(one) else "-" for one in others]
        left_out = row[[*OUR_OUTCOMES, "no_data"]].sum()
        table.add_row(
            row["model"], row["framework"], str(row["k"]), *shown, _interval(row),
            f"{row['programs']} programs", str(left_out),
        )  # fmt: skip
    return table


def _speedups(rates: pd.DataFrame) -> "Table":
    """speedup_n@k at the largest scale point that a model's framework has one at."""
    title = "Speedup over the reference on one thread, at the largest scale point with an outcome"
    heads = ["k", "speedup_n@k", "efficiency_n@k", "passed"]
    table = _table(title, ["model", "framework", "scale"], heads)
    table.caption, table.caption_justify = INPUT_NOTE, "left"
    perf = rates[(rates["problem"] == ALL) & (rates["framework"] != ALL)]
    for (model, framework), group in perf[perf["metric"] == "speedup"].groupby(
        ["model", "framework"], sort=False
    ):
        scale = max(group["scale"].unique(), key=_cores)
        for _, row in group[group["scale"] == scale].iterrows():
            cores = _cores(scale)
            efficiency = row[["value", "low", "high"]] / cores
            table.add_row(
                str(model), str(framework), str(scale), str(row["k"]), _interval(row),
                _interval(efficiency), f"{row['passed']} of {row['programs']}",
            )  # fmt: skip
    return table


def _cores(scale: str) -> int:
    _, ranks, threads = map(int, str(scale).split("x"))
    return ranks * threads


def _envelope(found: "Metrics") -> "Table":
    """The largest scale at which each program is ok, how it fails beyond, and how it scales."""
    title = "Largest ok scale; there, the serial fraction and the time over the vendor's"
    texts = ["program", "largest ok", "ended by"]
    table = _table(title, texts, ["ok", "serial fraction", "time/vendor's"])
    measured = found.envelope[found.envelope["counted"] > 0]
    for _, row in measured.iterrows():
        program = f"{row['model']}/{row['problem']}/{row['framework']}/{row['sample']}"
        ended = f"{row['ends_with']} at {row['ends_at']}" if row["ends_with"] else "-"
        if not row["ends_with"] and row["measured_to"] != row["study_to"]:
            beyond = "fewer cores than threads beyond" if row["crowded"] else "no outcome beyond"
            ended = f"- ({beyond}, study goes to {row['study_to']})"
        here = f"{program}@{row['largest_ok']}"
        table.add_row(
            program, row["largest_ok"] or "none", ended, f"{row['ok']} of {row['counted']}",
            _at(found.serial_fraction, here, row["n"], "serial_fraction"),
            _at(found.vendor, here, row["n"], "ratio"),
        )  # fmt: skip
    return table


def _attribution(found: "Metrics") -> "Table":
    """Failed cells beside their controls."""
    heads = attribution_words.HEADS
    title = f"Whose fault: {attribution_words.tally(found.attribution)}"
    table = _table(title, heads[:2], heads[2:])
    table.caption, table.caption_justify = attribution_words.NOTE, "left"
    for _, row in found.attribution.iterrows():
        table.add_row(*attribution_words.fields(dict(row)))
    return table


def _repeated(found: "Metrics") -> "Table":
    """Failure rates of cells that were tried several times."""
    heads = attribution_words.REPEATED_HEADS
    table = _table("Failures of cells that were tried several times", heads[:2], heads[2:])
    for _, row in found.repeated.iterrows():
        table.add_row(*attribution_words.repeated_fields(dict(row)))
    return table


def _at(table: pd.DataFrame, cell: str, n: int, value: str) -> str:
    """A number of a cell, whose name may include its size."""
    rows = table[table["cell"].isin([cell, f"{cell},n={n}"]) & (table["n"] == n)]
    return _interval(rows.iloc[0], value) if len(rows) else "-"


def _costs(found: "Metrics") -> "Table":
    """The cost of generation."""
    title = "Generation: medians over the sessions that the model ended"
    heads = ["sessions", *(name.replace("_", " ") for name in NUMBERS)]
    table = _table(title, ["model", "agent", "docs"], heads)
    keys = ["model", "base", "agent", "docs"]
    for (model, _, agent, docs), rows in found.costs.groupby(keys, sort=False):
        first = rows.iloc[0]
        apart = f" (+{first['left_out']})" if first["left_out"] else ""
        medians = rows.set_index("measure")["median"]
        shown = ["-" if math.isnan(medians[name]) else f"{medians[name]:,.6g}" for name in NUMBERS]
        named = (str(model), str(agent), "yes" if docs else "no")
        table.add_row(*named, f"{first['sessions']}{apart}", *shown)
    return table
