"""The same model prompted in several ways: as an agent, without documentation, or once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from repro.analysis.bootstrap import median
from repro.analysis.rates import ALL, SMALLEST, outcomes, rates
from repro.analysis.tidy import Tidy

AGENT, NO_DOCS, SINGLE = "agent", "agent, no docs", "single-shot"
VARIANTS = (AGENT, NO_DOCS, SINGLE)
_SUFFIXES = {"-no-docs": NO_DOCS, "-single-shot": SINGLE}
"""Suffixes that `repro generate` appends to a model's name."""

COLUMNS = ["base", "variant", "model", "metric", "value", "low", "high", "tasks", "programs"]
METRICS = {
    "build@1, every": ("build", ALL),
    "pass@1, smallest": ("pass", SMALLEST),
    "pass@1, every": ("pass", ALL),
}
TOKENS = "tokens"


def variant_of(tidy: Tidy, model: str) -> tuple[str, str]:
    """The model's name without its suffix, and how it was prompted.

    Taken from its sessions; where there are none, from its name.
    """
    own = tidy.sessions[tidy.sessions["model"] == model]
    if len(own):
        first = own.iloc[0]
        if first["agent"] == "single-shot":
            return str(first["base"]), SINGLE
        return str(first["base"]), AGENT if first["docs"] else NO_DOCS
    for suffix, variant in _SUFFIXES.items():
        if model.endswith(suffix):
            return model.removesuffix(suffix), variant
    return model, AGENT


def compared(tidy: Tidy) -> pd.DataFrame:
    """Models that were prompted in several ways, on the tasks that all these ways have.

    Returns:
        One row per model and metric, columns `COLUMNS`: `METRICS` over the tasks (problem and
        framework) that all ways have outcomes of, and `TOKENS`, the median of input and output
        tokens of a session over the tasks that all ways have sessions of, for which `programs`
        counts sessions. Empty if no model was prompted in two ways.
    """
    llms = [name for name, model in tidy.study.models.items() if model.kernels is None]
    ways: dict[str, dict[str, str]] = {}
    for model in llms:
        base, variant = variant_of(tidy, model)
        if (tidy.cells["model"] == model).any() or (tidy.sessions["model"] == model).any():
            ways.setdefault(base, {})[model] = variant
    rows = [row for base, found in ways.items() if len(found) > 1 for row in _rows(tidy, found)]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "base"])
    bases = {model: base for base, found in ways.items() for model in found}
    return table.assign(base=table["model"].map(bases))[COLUMNS]


def _rows(tidy: Tidy, ways: dict[str, str]) -> Iterator[dict[str, Any]]:
    found = rates(_common(tidy, list(ways)), points=False)
    found = found[(found["problem"] == ALL) & (found["framework"] == ALL) & (found["k"] == 1)]
    told = tidy.sessions[tidy.sessions["counts"]].dropna(subset=["input_tokens", "output_tokens"])
    both = _shared(told, list(ways))
    for model, variant in ways.items():
        about = {"model": model, "variant": variant}
        for metric, (name, scale) in METRICS.items():
            one = found[(found["model"] == model) & (found["metric"] == name)]
            for _, row in one[one["scale"] == scale].iterrows():
                numbers = ("value", "low", "high", "tasks", "programs")
                yield about | {"metric": metric} | {key: row[key] for key in numbers}
        own = _of_tasks(told[told["model"] == model], both)
        tokens = (own["input_tokens"] + own["output_tokens"]).tolist()
        if tokens:
            middle = median(tokens)
            yield about | {
                "metric": TOKENS, "value": middle.value, "low": middle.low, "high": middle.high,
                "tasks": len(both), "programs": len(own),
            }  # fmt: skip


def _common(tidy: Tidy, models: list[str]) -> Tidy:
    """The dataset, limited to the tasks of which all models have outcomes."""
    both = _shared(outcomes(tidy), models)

    def cut(table: pd.DataFrame) -> pd.DataFrame:
        return _of_tasks(table[table["model"].isin(models)], both)

    return replace(
        tidy,
        cells=cut(tidy.cells),
        measurements=cut(tidy.measurements),
        sessions=cut(tidy.sessions),
    )


def _shared(table: pd.DataFrame, models: list[str]) -> set[tuple[str, str]]:
    """The tasks (problem and framework) of which every model has rows."""
    own = (table[table["model"] == model] for model in models)
    return set.intersection(
        *(set(zip(one["problem"], one["framework"], strict=True)) for one in own)
    )


def _of_tasks(table: pd.DataFrame, tasks: set[tuple[str, str]]) -> pd.DataFrame:
    keys = zip(table["problem"], table["framework"], strict=True)
    return table[pd.Series([key in tasks for key in keys], index=table.index, dtype=bool)]
