"""All metrics of a dataset, and what data are missing for others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.attribution import WAYS, attributions
from repro.analysis.costs import costs, endings
from repro.analysis.damaged_data import Damage
from repro.analysis.envelope import envelope
from repro.analysis.missing_data import NO_KERNEL, grid, programs
from repro.analysis.rates import outcomes, rates
from repro.analysis.repeated import repeated
from repro.analysis.scaling import against_vendor, serial_fractions
from repro.analysis.tidy import Tidy, load
from repro.measure.outcomes import OUR_OUTCOMES


@dataclass(frozen=True)
class Metrics:
    """What `repro metrics` says about a dataset.

    Attributes:
        dataset: its name.
        machines: where its cells ran.
        cells: cells of the study by outcome; under `no-kernel` those of programs that no session
            produced, under "" the others that were never attempted.
        damaged: files that could not be read; no number includes them.
        missing: metrics for which the dataset has no data, and why.
        rates: as `rates.rates` gives them.
        envelope: as `envelope.envelope`.
        serial_fraction: as `scaling.serial_fractions`.
        vendor: as `scaling.against_vendor`.
        attribution: as `attribution.attributions`.
        repeated: as `repeated.repeated`.
        costs: as `costs.costs`.
        endings: as `costs.endings`.
    """

    dataset: str
    machines: list[str]
    cells: dict[str, int]
    damaged: Damage
    missing: list[str]
    rates: pd.DataFrame
    envelope: pd.DataFrame
    serial_fraction: pd.DataFrame
    vendor: pd.DataFrame
    attribution: pd.DataFrame
    repeated: pd.DataFrame
    costs: pd.DataFrame
    endings: pd.DataFrame

    def as_json(self) -> dict[str, Any]:
        """The metrics as JSON values; a number that is not known is null."""
        return {
            name: records(value) if isinstance(value, pd.DataFrame) else value
            for name, value in vars(self).items()
        }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON objects; NaN as null."""
    names = [str(name) for name in table.columns]
    columns = [table[name].tolist() for name in table.columns]
    return [
        {name: None if _unknown(value) else value for name, value in zip(names, row, strict=True)}
        for row in zip(*columns, strict=True)
    ]


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not abs(value) < float("inf")


def metrics(dataset: Path) -> Metrics:
    """Compute all metrics of a dataset from its readable files.

    Raises:
        UserError: its study or its description is missing or damaged.
    """
    damaged: Damage = []
    tidy = load(dataset, damaged)
    found, costed = rates(tidy), costs(tidy.sessions)
    serial, vendor = serial_fractions(tidy), against_vendor(tidy)
    attribution = attributions(tidy)
    lacks = {
        "a speedup_n@k: no time of the reference programs on one thread of the same machine":
            (found["metric"] == "speedup").any(),
        "a serial fraction: no program has times on one core and on more": len(serial),
        "a time over the vendor's: no vendor program ran on as many cores": len(vendor),
        "a cost of generation: it has no transcripts": len(costed),
    }  # fmt: skip
    return Metrics(
        dataset=tidy.name,
        machines=sorted(set(tidy.cells["machine"])),
        cells={str(name): int(n) for name, n in grid(tidy)["outcome"].value_counts().items()},
        damaged=damaged,
        missing=[
            *_missing(tidy, found),
            *(what for what, there in lacks.items() if not there),
            *_no_control(tidy, attribution),
        ],
        rates=found,
        envelope=envelope(tidy),
        serial_fraction=serial,
        vendor=vendor,
        attribution=attribution,
        repeated=repeated(tidy),
        costs=costed,
        endings=endings(tidy.sessions),
    )


def _missing(tidy: Tidy, found: pd.DataFrame) -> Iterator[str]:
    """Models without outcomes, biased rates, and why rates have no interval."""
    for model, cells in grid(tidy).groupby("model", sort=False):
        counts = {name or "no data": int(n) for name, n in cells["outcome"].value_counts().items()}
        if set(counts) <= {*OUR_OUTCOMES, NO_KERNEL, "no data"}:
            told = ", ".join(f"{n} {name}" for name, n in counts.items())
            yield f"an outcome of {model}: its {len(cells)} cells are {told}"
    yield from _one_sided(tidy)
    several = found[found["programs"] > found["tasks"]]
    if len(found) and several.empty:
        yield "an interval of any rate, or a k above 1: no task has more than one program"
    crowded = tidy.cells["crowded"] & ~tidy.cells["outcome"].isin(OUR_OUTCOMES)
    if crowded.any():
        yield f"a time at the scale of {crowded.sum()} cells: they had fewer cores than threads"
    if len(machines := set(tidy.cells["machine"])) > 1:
        yield f"one machine: it has {len(machines)}, and times are compared on the same one only"


def _no_control(tidy: Tidy, attribution: pd.DataFrame) -> Iterator[str]:
    """Failures that are compared with nothing."""
    failed = int(tidy.cells["outcome"].isin(WAYS).sum())
    if failed and tidy.study.control is None:
        yield f"a control for its {failed} failed cells: its study names none"
    if without := int((attribution["control_of"] == 0).sum()):
        yield (
            f"a trial of the control ({tidy.study.control}) for {without} of {len(attribution)} "
            "failed cells: it did not run at their scale point on the same machine"
        )


def _one_sided(tidy: Tidy) -> Iterator[str]:
    """Where missing programs count as failures while programs that exist do not count."""
    counted = outcomes(tidy)
    without = counted[counted["outcome"] == NO_KERNEL]
    cells = tidy.cells.assign(program=programs(tidy.cells["cell"]))
    own = cells[~cells["outcome"].isin(OUR_OUTCOMES)]
    ours = cells[~cells["program"].isin(set(own["program"]))]
    for (model, framework), never in without.groupby(["model", "framework"], sort=False):
        same = (ours["model"] == model) & (ours["framework"] == framework)
        if left := ours.loc[same, "program"].nunique():
            many = programs(never["cell"]).nunique()
            yield (
                f"an unbiased build@k or pass@k of {model} with {framework}: {many} programs "
                f"that no session produced count as failures, but {left} that one did produce "
                "have no outcome and do not count"
            )
