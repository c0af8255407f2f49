"""Two datasets, cell by cell: what must be the same bit for bit, and what may vary."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from repro.analysis.compared_dataset import ComparedDataset, read_compared
from repro.analysis.intervals import UNKNOWN, Interval, ratio
from repro.analysis.reproduction import MARGIN, baseline_of, repetitions_to_tell
from repro.analysis.significance import FALSE_DISCOVERIES, adjusted, p_beyond
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.names import CellName

Word = Literal["alike", "differs", "cannot tell"]
Basis = Literal["seconds", "speedup", ""]


@dataclass(frozen=True)
class Row:
    """A cell, or a program that neither dataset has run, that both have."""

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
    """How many repetitions in both might tell, if these do not; None if more would hardly."""


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
        a, b = self.a.rows.keys(), self.b.rows.keys()
        return sorted(a - b), sorted(b - a)

    @property
    def agree(self) -> bool:
        """Whether nothing differs, and everything could be read."""
        return not (
            self.a.damage or self.b.damage or any(row.word == "differs" for row in self.rows)
        )


def compare_datasets(a: Path, b: Path, factor: float = MARGIN) -> Comparison:
    """Compare what two datasets have in common.

    Args:
        a: directory of the first.
        b: directory of the second.
        factor: times, or speedups, that differ by less either way are no difference.

    Raises:
        UserError: one of them is no dataset at all; what is damaged is in `damage`.
    """
    both = read_compared(a), read_compared(b)
    common = [cell for cell in both[0].rows if cell in both[1].rows]
    rows = [_row(cell, both, factor) for cell in common]
    tested = [index for index, row in enumerate(rows) if row.p is not None]
    corrected = adjusted([rows[index].p or 0.0 for index in tested])
    for index, p in zip(tested, corrected, strict=True):
        rows[index] = _judged(replace(rows[index], p_adjusted=p), factor)
    return Comparison(*both, factor, rows + list(_programs(*both, common)))


def _row(cell: str, both: tuple[ComparedDataset, ComparedDataset], factor: float) -> Row:
    """A cell before its p-value is corrected."""
    a, b = (one.rows[cell] for one in both)
    outcomes = (str(a["outcome"]), str(b["outcome"]))
    times = ratio([both[1].seconds.get(cell, [])], [both[0].seconds.get(cell, [])])
    row = Row(cell, "cannot tell", "", outcomes, times if a["n"] == b["n"] else UNKNOWN)
    unlike = list(_unlike(cell, both, a, b))
    ours = [outcome for outcome in outcomes if outcome in OUR_OUTCOMES]
    if outcomes[0] != outcomes[1] and not ours:
        unlike.append(f"{outcomes[0]} in A, {outcomes[1]} in B")
    if unlike:
        return replace(row, word="differs", reason="; ".join(unlike))
    if ours:  # says nothing of the program
        return replace(row, reason=f"{outcomes[0]} in A, {outcomes[1]} in B: not the program's")
    if outcomes[0] != "ok":
        return replace(row, word="alike", reason=f"the same outcome: {outcomes[0]}")
    name = CellName.parse(cell)
    if name.program.problem == "pi" and any(name.program.model in one.closed_forms for one in both):
        return replace(row, word="alike", reason="ok in both; a closed form, its time is no work")
    same_machine = bool(a["machine"] == b["machine"])
    return _timed(row, name, both, same_machine=same_machine, factor=factor)


def _unlike(
    cell: str, both: tuple[ComparedDataset, ComparedDataset], a: Any, b: Any
) -> Iterable[str]:
    """What should be the same bit for bit, and is not."""
    if a["kernel_sha256"] != b["kernel_sha256"]:
        yield "another kernel"
    for column in ("n", "tile"):
        if a[column] != b[column]:
            yield f"{column} = {a[column]} in A, {b[column]} in B"
    seeds = [one.seeds.get(cell, {}) for one in both]
    if any(seeds[0][number] != seeds[1][number] for number in seeds[0].keys() & seeds[1].keys()):
        yield "other seeds"


def _timed(
    row: Row,
    name: CellName,
    both: tuple[ComparedDataset, ComparedDataset],
    *,
    same_machine: bool,
    factor: float,
) -> Row:
    cells = [one.seconds.get(row.cell, []) for one in both]
    basis: Basis = "seconds" if same_machine else "speedup"
    if same_machine and cells[0] == cells[1]:
        return replace(row, word="alike", reason="the very same times in both: one measurement")
    if same_machine:
        above, below = [cells[1]], [cells[0]]
    else:
        problem = _yardstick(name, both)
        if problem:
            word: Word = "alike" if name == baseline_of(name) else "cannot tell"
            return replace(row, word=word, reason=problem)
        base = [one.seconds.get(str(baseline_of(name)), []) for one in both]
        above, below = [cells[1], base[0]], [cells[0], base[1]]
    tested, p = ratio(above, below), p_beyond(above, below, factor)
    row = replace(row, basis=basis, tested=tested, p=p)
    if p is None:
        return replace(row, reason="ok in both, but fewer than two usable times in one")
    return replace(row, settled_by=repetitions_to_tell(above, below, factor))


def _yardstick(name: CellName, both: tuple[ComparedDataset, ComparedDataset]) -> str:
    """Why speedups over the baseline cannot be compared, if so."""
    baseline = baseline_of(name)
    if name == baseline:
        return "ok in both; other machines, and it is the baseline itself"
    keys = []
    for which, one in zip("AB", both, strict=True):
        if str(baseline) not in one.seconds:
            return f"ok in both; other machines, and {which} has no time of {baseline}"
        base = one.rows[str(baseline)]
        if base["machine"] != one.rows[str(name)]["machine"]:
            return f"ok in both; other machines, and {baseline} is from yet another in {which}"
        keys.append([base[column] for column in ("kernel_sha256", "n", "tile")])
    return "" if keys[0] == keys[1] else f"ok in both; other machines, and {baseline} differs"


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
        reason = (
            f"beyond a factor of {factor:g} for this cell alone, but not when corrected for all"
        )
        return replace(row, reason=f"{told}: {reason} (p = {row.p_adjusted:.2g})")
    more = f", {row.settled_by} repetitions in both might" if row.settled_by else ""
    return replace(row, reason=f"{told}: too wide to tell a factor of {factor:g}{more}")


def _programs(a: ComparedDataset, b: ComparedDataset, common: list[str]) -> Iterable[Row]:
    """Kernels that both have and that no common cell ran, bit for bit."""
    programs = [CellName.parse(cell).program for cell in common]
    run = {f"{program.model}/{program.stem}" for program in programs}
    for name in sorted((a.programs.keys() & b.programs.keys()) - run):
        same = a.programs[name] == b.programs[name]
        word: Word = "alike" if same else "differs"
        reason = f"{'the same' if same else 'another'} kernel, and no cell of it in both"
        yield Row(name, word, reason, ("", ""))
