"""What a run directory holds of the trials of failed cells and of their controls."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from repro.analysis.attribution import Trials, trials
from repro.analysis.machines import cores_of
from repro.analysis.sequential import Question
from repro.files import read_json
from repro.launch.run_directory import Run, environment_path
from repro.measure.attempts import Attempt, attempts_of
from repro.measure.outcomes import PROGRAM_OUTCOMES, counting
from repro.study.expand import Cell
from repro.study.names import Program

SAMPLED = 10
"""Of this many cells that are `ok`, the control of one is tried, too."""


def is_sampled(seed: int, cell: str) -> bool:
    """Does a cell that is `ok` belong to the sample? By a hash: the same on every machine."""
    digest = hashlib.sha256(f"{seed} {cell}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SAMPLED == 0


@dataclass(frozen=True)
class Sampled:
    """A cell that is `ok` and in the sample, and the trials of its control."""

    cell: str
    control: str
    of_control: Trials


@dataclass
class Findings:
    """What the attempts of some cells and of their controls show."""

    questions: list[Question] = field(default_factory=list)
    """One for each failed cell whose control has a program."""

    sample: list[Sampled] = field(default_factory=list)
    waiting: list[Cell] = field(default_factory=list)
    """Cells without an outcome of their program: they may yet fail."""

    without: list[str] = field(default_factory=list)
    """Failed cells whose control has no program."""

    def counted(self) -> Counter[str]:
        """How many trials count, by cell; a control's once for each of its questions."""
        found: Counter[str] = Counter()
        for question in self.questions:
            found[question.cell] += question.own.of
            found[question.control] += question.of_control.of
        for sampled in self.sample:
            found[sampled.control] += sampled.of_control.of
        return found


class _Ended(NamedTuple):
    """An attempt that has ended: its outcome, and where; trials elsewhere do not count."""

    outcome: str
    machine: str
    crowded: bool

    def is_like(self, other: "_Ended") -> bool:
        return self[1:] == other[1:]


@dataclass
class ControlReader:
    """Reads each attempt of a run once."""

    run: Run
    _ended: dict[Path, _Ended] = field(default_factory=dict)
    _environments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List the study's cells."""
        self.cells = {str(cell.name): cell for cell in self.run.cells()}

    def look(self, chosen: Sequence[Cell]) -> Findings:
        """Read what is new, and count the trials that concern the chosen cells.

        The control's own cells and a vendor's are left out.

        Raises:
            UserError: a file of an attempt is damaged.
        """
        found = Findings()
        for cell in chosen:
            if not cell.baseline and cell.program.model != self.run.study.control:
                self._add(cell, found)
        return found

    def control_of(self, cell: Cell) -> Cell | None:
        """Its control's cell; None if the control has no program of its framework."""
        own = cell.program
        program = Program(str(self.run.study.control), own.problem, own.framework, 0)
        return self.cells.get(str(replace(cell.name, program=program)))

    def _add(self, cell: Cell, found: Findings) -> None:
        name, control = str(cell.name), self.control_of(cell)
        history = list(self._history(cell))
        index = counting([ended.outcome for ended in history])
        first = None if index is None else history[index]
        if first is None or first.outcome not in PROGRAM_OUTCOMES:
            found.waiting.append(cell)
            return
        failed = first.outcome != "ok"
        if control is None:
            found.without += [name] if failed else []
            return
        beside = [e.outcome for e in self._history(control) if e.is_like(first)]
        if failed:
            own = trials((e.outcome for e in history if e.is_like(first)), first.outcome)
            of_control = trials(beside, first.outcome)
            question = Question(name, first.outcome, str(control.name), own, of_control)
            found.questions.append(question)
        elif is_sampled(self.run.study.seed, name):
            found.sample.append(Sampled(name, str(control.name), trials(beside, "crash")))

    def _history(self, cell: Cell) -> Iterator[_Ended]:
        """The attempts of a cell that have ended, the oldest first."""
        for attempt in attempts_of(self.run.path, str(cell.name)):
            if attempt.path not in self._ended and (outcome := attempt.outcome_if_over()):
                where = self._where(attempt, cell, outcome.available_cores)
                self._ended[attempt.path] = _Ended(outcome.outcome, *where)
            if attempt.path in self._ended:
                yield self._ended[attempt.path]

    def _where(self, attempt: Attempt, cell: Cell, available: int | None) -> tuple[str, bool]:
        """The machine, and whether it had too few cores, as `analysis.machines` has them."""
        identity = attempt.plan().environment
        if identity not in self._environments:
            self._environments[identity] = read_json(environment_path(self.run.path, identity))
        environment = self._environments[identity]
        given = "" if available is None else str(available)
        cores = cores_of({"cell": attempt.cell, "available_cores": given}, environment)
        machine = environment.get("machine") if isinstance(environment, dict) else None
        return str(machine or identity), cores is not None and cores < cell.scale.cores
