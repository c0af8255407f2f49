"""Two datasets cell by cell: kernels, sizes and seeds must be identical, times may vary."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from repro.analysis.compared_dataset import ComparedCell, ComparedDataset, read_compared
from repro.analysis.intervals import UNKNOWN, Interval, ratio
from repro.analysis.reproduction import MARGIN, baseline_of, repetitions_to_tell
from repro.analysis.significance import FALSE_DISCOVERIES, adjusted, p_beyond
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.names import CellName

Word = Literal["alike", "differs", "cannot tell"]
Basis = Literal["seconds", "speedup", ""]
Both = tuple[ComparedDataset, ComparedDataset]
"""A and B."""


@dataclass(frozen=True)
class Row:
    """A cell that both datasets have, or a program that both have and neither has run."""

    cell: str
    word: Word
    reason: str
    outcomes: tuple[str, str]
    time_ratio: Interval = UNKNOWN
    """Seconds of B over seconds of A, with Welch's 95 % interval."""
    basis: Basis = ""
    """What was tested: `seconds` on machines of the same name, else `speedup` over the reference
    program on one thread of each machine; empty if nothing was."""
    tested: Interval = UNKNOWN
    """The ratio that was tested, time of B over time of A; the interval is for this cell alone."""
    p: float | None = None
    """Of a true ratio within the factor, for this cell alone; see `significance.p_beyond`."""
    p_adjusted: float | None = None
    """The same, corrected for the number of cells; see `significance.adjusted`."""
    settled_by: int | None = None
    """How many repetitions in both might decide, where these do not; None if more hardly would."""

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values; an interval that is not known is null."""
        intervals = {"time_ratio": self.time_ratio.as_json(), "tested": self.tested.as_json()}
        return asdict(self) | intervals


@dataclass(frozen=True)
class Comparison:
    """Two datasets beside each other."""

    a: ComparedDataset
    b: ComparedDataset
    factor: float
    rows: list[Row] = field(default_factory=list)

    @property
    def only(self) -> tuple[list[str], list[str]]:
        """Cells that only A, and that only B has."""
        a, b = self.a.cells.keys(), self.b.cells.keys()
        return sorted(a - b), sorted(b - a)

    @property
    def agree(self) -> bool:
        """Whether nothing differs and no file is damaged."""
        return not (
            self.a.damage or self.b.damage or any(row.word == "differs" for row in self.rows)
        )

    def as_json(self) -> dict[str, Any]:
        """The comparison as `repro compare --json` writes it."""
        return {
            "a": asdict(self.a.facts()),
            "b": asdict(self.b.facts()),
            "factor": self.factor,
            "correction": "Benjamini-Hochberg",
            "agree": self.agree,
            "only_a": self.only[0],
            "only_b": self.only[1],
            "cells": [row.as_json() for row in self.rows],
        }


def compare_datasets(a: Path, b: Path, factor: float = MARGIN) -> Comparison:
    """Compare what two datasets have in common.

    Args:
        a: directory of the first.
        b: directory of the second.
        factor: smaller differences of times, or speedups, count as none.

    Raises:
        UserError: one of them is no dataset at all. Damaged files are recorded in its `damage`.
    """
    both = read_compared(a), read_compared(b)
    common = [cell for cell in both[0].cells if cell in both[1].cells]
    rows = [_row(cell, both, factor) for cell in common]
    tested = [index for index, row in enumerate(rows) if row.p is not None]
    corrected = adjusted([rows[index].p or 0.0 for index in tested])
    for index, p in zip(tested, corrected, strict=True):
        rows[index] = _judged(replace(rows[index], p_adjusted=p), factor)
    return Comparison(*both, factor, rows + list(_programs(*both, common)))


def _row(cell: str, both: Both, factor: float) -> Row:
    """A cell before its p-value is corrected."""
    a, b = (dataset.cells[cell] for dataset in both)
    times = ratio([b.seconds], [a.seconds])
    row = Row(cell, "cannot tell", "", (a.outcome, b.outcome), times if a.n == b.n else UNKNOWN)
    unlike = list(_unlike(a, b))
    crowded = [name for name, one in zip("AB", (a, b), strict=True) if one.crowded]
    if crowded and not unlike and (a.machine != b.machine or len(crowded) == 1):
        return replace(row, reason=f"fewer cores than threads in {' and '.join(crowded)}")
    ours = {a.outcome, b.outcome} & set(OUR_OUTCOMES)
    if a.outcome != b.outcome and not ours:
        unlike.append(f"{a.outcome} in A, {b.outcome} in B")
    if unlike:
        return replace(row, word="differs", reason="; ".join(unlike))
    if ours:
        reason = f"{a.outcome} in A, {b.outcome} in B: says nothing of the program"
        return replace(row, reason=reason)
    if a.outcome != "ok":
        return replace(row, word="alike", reason=f"the same outcome: {a.outcome}")
    name = CellName.parse(cell)
    key = name.program.model, name.program.problem
    if any(key in dataset.closed_forms for dataset in both):
        return replace(row, word="alike", reason="ok in both; its time measures no work")
    return _timed(row, name, both, factor)


def _unlike(a: ComparedCell, b: ComparedCell) -> Iterable[str]:
    """What must be identical and is not."""
    if a.kernel_sha256 != b.kernel_sha256:
        yield "the kernels differ"
    for name, of_a, of_b in (("n", a.n, b.n), ("tile", a.tile, b.tile)):
        if of_a != of_b:
            yield f"{name} = {of_a} in A, {of_b} in B"
    if any(a.seeds[number] != b.seeds[number] for number in a.seeds.keys() & b.seeds.keys()):
        yield "the seeds differ"


def _timed(row: Row, name: CellName, both: Both, factor: float) -> Row:
    """A cell that is ok in both: seconds on one machine, speedups on two."""
    a, b = (dataset.cells[row.cell] for dataset in both)
    same_machine = a.machine == b.machine
    if same_machine and a.seconds == b.seconds:
        return replace(row, word="alike", reason="identical times in both: the same measurement")
    if same_machine:
        basis: Basis = "seconds"
        above, below = [b.seconds], [a.seconds]
    else:
        problem = _no_speedup(name, both)
        if problem:
            word: Word = "alike" if name == baseline_of(name) else "cannot tell"
            return replace(row, word=word, reason=problem)
        basis = "speedup"
        base_a, base_b = (dataset.cells[str(baseline_of(name))].seconds for dataset in both)
        above, below = [b.seconds, base_a], [a.seconds, base_b]
    tested, p = ratio(above, below), p_beyond(above, below, factor)
    row = replace(row, basis=basis, tested=tested, p=p)
    if p is None:
        return replace(row, reason="ok in both, but fewer than two usable times in one")
    return replace(row, settled_by=repetitions_to_tell(above, below, factor))


def _no_speedup(name: CellName, both: Both) -> str:
    """Why speedups over the baseline cannot be compared, if so."""
    baseline = baseline_of(name)
    if name == baseline:
        return "ok in both, on different machines; it is the baseline itself"
    keys = []
    for which, dataset in zip("AB", both, strict=True):
        base = dataset.cells.get(str(baseline))
        if base is None or not base.seconds:
            return f"ok in both, on different machines; {which} has no time of {baseline}"
        if base.machine != dataset.cells[str(name)].machine:
            return f"ok in both, on different machines; in {which} {baseline} ran on another"
        keys.append((base.kernel_sha256, base.n, base.tile))
    return "" if keys[0] == keys[1] else f"ok in both, on different machines; {baseline} differs"


def _judged(row: Row, factor: float) -> Row:
    found = row.tested
    told = f"time of B over A {found}"
    if row.basis == "speedup":
        told = f"{told}, each in units of its machine's baseline"
    if row.p_adjusted is not None and row.p_adjusted <= FALSE_DISCOVERIES:
        reason = f"{told}: beyond a factor of {factor:g}, corrected p = {row.p_adjusted:.2g}"
        return replace(row, word="differs", reason=reason)
    if 1 / factor <= found.low and found.high <= factor:
        return replace(row, word="alike", reason=f"{told}: within a factor of {factor:g}")
    if found.low > factor or found.high < 1 / factor:
        reason = f"beyond a factor of {factor:g} on its own, but not after correction for all cells"
        return replace(row, reason=f"{told}: {reason} (p = {row.p_adjusted:.2g})")
    more = f"; {row.settled_by} repetitions in both might decide" if row.settled_by else ""
    return replace(row, reason=f"{told}: too wide to decide on a factor of {factor:g}{more}")


def _programs(a: ComparedDataset, b: ComparedDataset, common: list[str]) -> Iterable[Row]:
    """Programs that both have and of which no common cell was run."""
    programs = [CellName.parse(cell).program for cell in common]
    run = {f"{program.model}/{program.stem}" for program in programs}
    for name in sorted((a.programs.keys() & b.programs.keys()) - run):
        same = a.programs[name] == b.programs[name]
        word: Word = "alike" if same else "differs"
        reason = f"{'the same kernel' if same else 'the kernels differ'}; no cell of it is in both"
        yield Row(name, word, reason, ("", ""))
