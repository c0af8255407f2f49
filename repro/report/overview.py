"""The tables of the overview: metrics with their denominators, from `repro.analysis`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis import attribution_words
from repro.analysis.damaged_data import Damage, recorded
from repro.analysis.intervals import Interval
from repro.analysis.metrics import Metrics, metrics
from repro.analysis.rates import ALL, INPUT_NOTE, SMALLEST
from repro.analysis.sessions import NUMBERS
from repro.analysis.tidy import load
from repro.claims.judge import Judged, judge_all
from repro.claims.load import claims_of
from repro.claims.table import Row, rows_of
from repro.measure.outcomes import OUR_OUTCOMES


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: its title.
        note: how to read it.
        heads: headings of the columns.
        texts: number of leading columns with words; the others have numbers.
        rows: the cells of each row.
    """

    title: str
    note: str
    heads: list[str]
    texts: int
    rows: list[list[str]]


@dataclass
class Analysis:
    """The results of the analysis of a dataset, as far as its files can be read.

    Attributes:
        tables: metrics; tables without rows are left out.
        attribution: failed cells beside their controls, as `attribution.attributions` gives them.
        claims: the claims with verdicts, as in `repro claims --json`, with the `paper`'s text.
        verdicts: the table of the claims.
        missing: metrics and cells without data.
        damaged: files that could not be read.
    """

    tables: list[Table] = field(default_factory=list)
    attribution: pd.DataFrame = field(default_factory=pd.DataFrame)
    claims: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: Damage = field(default_factory=list)


def analysis(dataset: Path) -> Analysis:
    """Compute metrics and verdicts; list files that cannot be read in `damaged`."""
    found = Analysis()
    with recorded(found.damaged):
        computed = metrics(dataset)
        found.damaged += computed.damaged
        found.missing, found.attribution = computed.missing, computed.attribution
        shown = (_rates, _speedups, _envelope, _attribution, _repeated, _costs)
        found.tables = [table for show in shown if (table := show(computed)).rows]
        tidy = load(dataset, [])
        findings = judge_all(claims_of(tidy.study), tidy, computed.damaged)
        paper = {each.claim.name: each.claim.text for each in findings}
        found.claims = [
            each.as_json() | {"paper": paper[each.claim.part_of or each.claim.name]}
            for each in findings
        ]
        found.verdicts = rows_of([Judged(tidy.name, (), [], findings)])
    return found


def _rates(found: Metrics) -> Table:
    rates = found.rates[(found.rates["problem"] == ALL) & (found.rates["k"] == 1)]
    built = rates[rates["metric"] == "build"]
    passed = rates[rates["metric"] == "pass"]
    rows = []
    for _, row in built[built["scale"] == ALL].iterrows():
        here = (passed["model"] == row["model"]) & (passed["framework"] == row["framework"])
        smallest, everywhere = (
            passed[here & (passed["scale"] == scale)] for scale in (SMALLEST, ALL)
        )
        left_out = ", ".join(
            f"{row[name]} {name.replace('_', ' ')}"
            for name in (*OUR_OUTCOMES, "no_data")
            if row[name]
        )
        rows.append([
            str(row["model"]), str(row["framework"]), _of(row), _first(smallest),
            _first(everywhere), left_out or "none",
        ])  # fmt: skip
    heads = ["model", "framework", "builds", "passes at the smallest scale", "passes everywhere",
             "excluded cells"]  # fmt: skip
    note = (
        "build@1 and pass@1, with 95 % intervals if there are several programs per task, and the "
        "number of programs. Everywhere: at each scale point with an outcome."
    )
    return Table("Rates", note, heads, 2, rows)


def _first(rows: pd.DataFrame) -> str:
    return _of(rows.iloc[0]) if len(rows) else "-"


def _of(row: Any) -> str:
    return f"{_interval(row)} ({row['passed']} of {row['programs']})"


def _interval(row: Any, value: str = "value") -> str:
    found = Interval(row[value], row["low"], row["high"])
    if math.isnan(found.value):
        return "-"
    return str(found) if found.known else f"{found.value:.3g}"


def _speedups(found: Metrics) -> Table:
    rates = found.rates[(found.rates["metric"] == "speedup") & (found.rates["k"] == 1)]
    rates = rates[(rates["problem"] == ALL) & (rates["framework"] != ALL)]
    rows = []
    for (model, framework), group in rates.groupby(["model", "framework"], sort=False):
        points = group[group["scale"].str.count("x") == 2]  # noqa: PLR2004 - a scale point's name
        for _, row in points.iterrows():
            rows.append([str(model), str(framework), str(row["scale"]), _of(row)])
    note = (
        "Over the reference program on one thread of the same machine; a program that fails counts "
        f"as 0. {INPUT_NOTE}"
    )
    return Table("Speedup", note, ["model", "framework", "scale", "speedup@1"], 3, rows)


def _envelope(found: Metrics) -> Table:
    rows = []
    for _, row in found.envelope[found.envelope["counted"] > 0].iterrows():
        program = f"{row['model']}/{row['problem']}/{row['framework']}/{row['sample']}"
        ended = f"{row['ends_with']} at {row['ends_at']}" if row["ends_with"] else "-"
        if not row["ends_with"] and row["measured_to"] != row["study_to"]:
            beyond = "fewer cores than threads beyond" if row["crowded"] else "no outcome beyond"
            ended = f"- ({beyond}; the study extends to {row['study_to']})"
        times = f"{row['ok']} of {row['counted']}"
        serial = _at(found.serial_fraction, program, row, "serial_fraction")
        ratio = _at(found.vendor, program, row, "ratio")
        rows.append([program, row["largest_ok"] or "none", ended, times, serial, ratio])
    heads = ["program", "largest ok", "ended by", "ok", "serial fraction", "time / vendor's"]
    note = (
        "Serial fraction (Karp-Flatt) and time over the vendor's, at the largest ok scale point. "
        f"{INPUT_NOTE}"
    )
    return Table("Failure envelope", note, heads, 3, rows)


def _attribution(found: Metrics) -> Table:
    words = attribution_words
    rows = [words.fields(dict(row)) for _, row in found.attribution.iterrows()]
    note = f"{words.tally(found.attribution)}. {words.NOTE}" if rows else ""
    return Table("Whose fault failures are", note, words.HEADS, 2, rows)


def _repeated(found: Metrics) -> Table:
    words = attribution_words
    rows = [words.repeated_fields(dict(row)) for _, row in found.repeated.iterrows()]
    title, note = "Cells that were tried several times", "Shares with exact 95 % intervals."
    return Table(title, note, words.REPEATED_HEADS, 2, rows)


def _at(table: pd.DataFrame, program: str, row: Any, value: str) -> str:
    cell = f"{program}@{row['largest_ok']}"
    rows = table[table["cell"].isin([cell, f"{cell},n={row['n']}"]) & (table["n"] == row["n"])]
    return _interval(rows.iloc[0], value) if len(rows) else "-"


def _costs(found: Metrics) -> Table:
    return Table(
        "Cost of generation",
        "Medians per session, over sessions that the model ended; in brackets the number of the "
        "others. Tokens are the provider's count, dollars follow from the committed price.",
        ["model", "agent", "docs", "sessions", *(name.replace("_", " ") for name in NUMBERS)],
        3,
        list(_cost_rows(found.costs)),
    )


def _rounded(name: str, value: float) -> str:
    """Format dollars to a hundredth of a cent, other numbers to one digit after the point."""
    if math.isnan(value):
        return "-"
    return f"{value:,.4f}" if name == "dollars" and value else f"{round(value, 1):,.15g}"


def _cost_rows(costs: pd.DataFrame) -> Iterator[list[str]]:
    keys = ["model", "base", "agent", "docs"]
    for (model, _, agent, docs), rows in costs.groupby(keys, sort=False):
        first = rows.iloc[0]
        apart = f" (+{first['left_out']})" if first["left_out"] else ""
        medians = rows.set_index("measure")["median"]
        shown = [_rounded(name, medians[name]) for name in NUMBERS]
        named_by = [str(model), str(agent), "yes" if docs else "no"]
        yield [*named_by, f"{first['sessions']}{apart}", *shown]
