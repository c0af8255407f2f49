"""What trials of a cell and of its control say, as claims about failures count it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from repro.analysis.attribution import WORDS, Fault, attributions, control_cell
from repro.analysis.tidy import Tidy
from repro.measure.outcomes import OUR_OUTCOMES


class Trial(NamedTuple):
    """An attempt with an outcome of the program."""

    outcome: str
    """The outcome."""

    cores: int
    """The cores that it could run on; 0 if not recorded."""


@dataclass(frozen=True)
class Control:
    """What the control's trials say to a cell.

    Attributes:
        cell: the control's cell; empty if the study names no control.
        of: its trials on the same machine, on as few or enough cores for its threads.
        failed: those that failed in the way of the cell; 0 if the cell did not fail.
        failed_any: those that failed in any way; 0 if the cell did not fail.
        flags: the flags that any of them has.
        fault: whose the cell's failure is; undecided also where it did not fail.
    """

    cell: str = ""
    of: int = 0
    failed: int = 0
    failed_any: int = 0
    flags: frozenset[str] = frozenset()
    fault: Fault = "undecided"

    def __str__(self) -> str:
        if not self.of:
            return f"{WORDS[self.fault]}: control has no trial"
        others = self.failed_any - self.failed
        other = f" and {others} in another way" if others else ""
        return f"{WORDS[self.fault]}: control failed {self.failed} of {self.of}{other}"


def trials(tidy: Tidy) -> Mapping[str, tuple[Trial, ...]]:
    """Of each cell, the attempts with an outcome of the program.

    They are those on the machine of the attempt that counts, on as few or enough cores.
    """
    own = tidy.attempts[~tidy.attempts["outcome"].isin(OUR_OUTCOMES)]
    own = own.merge(tidy.cells[["cell", "machine", "crowded"]])
    found: dict[str, tuple[Trial, ...]] = {}
    columns = (own[name] for name in ("cell", "outcome", "available_cores"))
    for cell, outcome, cores in zip(*columns, strict=True):
        trial = Trial(outcome, 0 if math.isnan(cores) else int(cores))
        found[cell] = (*found.get(cell, ()), trial)
    return found


def controls(tidy: Tidy) -> Mapping[str, Control]:
    """What the control says to each cell that has an outcome; empty without a control."""
    if tidy.study.control is None:
        return {}
    failed = {row["cell"]: row for row in _rows(attributions(tidy))}
    own = tidy.attempts[~tidy.attempts["outcome"].isin(OUR_OUTCOMES)]
    there = {
        key: list(group) for key, group in own.groupby(["cell", "machine", "crowded"])["flags"]
    }
    found = {}
    for cell in _rows(tidy.cells):
        name = control_cell(tidy, cell)
        flags = there.get((name, cell["machine"], cell["crowded"]), [])
        found[cell["cell"]] = _control(name, flags, failed.get(cell["cell"]))
    return found


def _control(name: str, flags: list[str], failure: Mapping[str, Any] | None) -> Control:
    seen = frozenset(flag for text in flags for flag in text.split(";") if flag)
    if failure is None:
        return Control(name, len(flags), flags=seen)
    failed, failed_any = failure["control_failed"], failure["control_failed_any"]
    return Control(name, len(flags), failed, failed_any, seen, failure["fault"])


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
