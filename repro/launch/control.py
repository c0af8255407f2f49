"""Trials of failed cells and of their controls, until it is clear whose fault the failures are."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from repro.analysis.attribution import WORDS, exact_interval
from repro.analysis.sequential import Budget, Question, answers, cells_to_try, controls_to_try
from repro.launch.control_findings import ControlReader, Findings
from repro.launch.decide import Means, Todo, decide
from repro.launch.run_directory import Run
from repro.study.expand import Cell


@dataclass(frozen=True)
class Round:
    """One more trial of each of some cells."""

    cells: list[Cell]
    reasons: dict[str, str]
    """What a cell is tried for, by its name."""


@dataclass(frozen=True)
class Most:
    """The most trials that may be needed."""

    trials: int
    cells: int
    core_hours: float


@dataclass
class ControlTrials:
    """Chooses trials, round by round, by what is on disk; the caller makes them."""

    run: Run
    chosen: Sequence[Cell]
    """Cells whose failures are asked about."""

    means: Means
    budget: Budget
    say: Callable[[str], None] = lambda _text: None
    _last: Counter[str] = field(default_factory=Counter)
    """Of the cells of the last round: how many trials of each counted before it."""

    _given_up: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Prepare to read the run."""
        self._reader = ControlReader(self.run)

    def next_round(self) -> Round | None:
        """Choose the cells to try once more; None: no question is open, or none can be tried.

        Raises:
            UserError: a file of an attempt is damaged.
        """
        found = self._reader.look(self.chosen)
        self._say_answers(found.questions)
        counted = found.counted()
        for name in [name for name, before in self._last.items() if counted[name] == before]:
            self._give_up(name, "its last trial does not count: the infrastructure failed it, or "
                          "it ran on another machine than the failed cell")  # fmt: skip
        wanted = [self._reader.cells[name] for name in self._wanted(found)]
        for cell in itertools.filterfalse(self._can_start, wanted):
            self._give_up(str(cell.name), f"cannot be tried here: {self._todo(cell).value}")
        cells = [cell for cell in wanted if str(cell.name) not in self._given_up]
        self._last = Counter({str(cell.name): counted[str(cell.name)] for cell in cells})
        return Round(cells, _reasons(found, self.budget)) if cells else None

    def at_most(self) -> Most:
        """Count the trials that open questions may need, and those of cells without an outcome.

        Raises:
            UserError: a file of an attempt is damaged.
        """
        found = self._reader.look(self.chosen)
        left = _left(found, self._wanted(found), self.budget)
        for cell in filter(self._can_start, found.waiting):  # it may fail
            left[str(cell.name)] = max(0, self.budget.program - 1)
            control = self._reader.control_of(cell)
            if control and self._can_start(control):
                left.setdefault(str(control.name), self.budget.control)
        left = {name: count for name, count in left.items() if count}
        cells = self._reader.cells
        hours = sum(count * cells[name].core_hours for name, count in left.items())
        return Most(sum(left.values()), len(left), hours)

    def summary(self) -> list[str]:
        """Tell how many failures are whose fault, and about which nothing can be said.

        Raises:
            UserError: a file of an attempt is damaged.
        """
        found = self._reader.look(self.chosen)
        told: Counter[str] = Counter(answers(found.questions))
        counts = ", ".join(f"{told[fault]} {word}" for fault, word in WORDS.items())
        lines = [f"{len(found.questions)} failed cells: {counts}"]
        if found.without:
            few = f"the control has no program of its framework ({found.without[0]}, ...)"
            lines.append(f"{len(found.without)} failed cells more: {few}")
        if waiting := sum(map(self._can_start, found.waiting)):
            lines.append(f"{waiting} cells have no outcome yet")
        return lines

    def _wanted(self, found: Findings) -> list[str]:
        controls = [(sampled.control, sampled.of_control) for sampled in found.sample]
        wanted = cells_to_try(found.questions, self.budget)
        return list(dict.fromkeys(wanted + controls_to_try(controls, self.budget)))

    def _todo(self, cell: Cell) -> Todo:
        return decide(self.run.path, cell, self.means, again=True).todo

    def _can_start(self, cell: Cell) -> bool:
        return self._todo(cell) in (Todo.START, Todo.WAIT)

    def _give_up(self, name: str, why: str) -> None:
        if name not in self._given_up:
            self._given_up.add(name)
            self.say(f"{name}: {why}")

    def _say_answers(self, questions: Sequence[Question]) -> None:
        for question, fault in zip(questions, answers(questions), strict=True):
            line = f"{_evidence(question)}: {WORDS[fault]}"
            if fault != "undecided" and line not in self._told:
                self._told.add(line)
                self.say(line)


def _evidence(question: Question) -> str:
    own, control = question.own, question.of_control
    share = exact_interval(control.same, control.of)
    limits = f" ({share.low:.0%} to {share.high:.0%})" if control.of else ""
    return (
        f"{question.cell}: {question.outcome}, failed so {own.same} of {own.of}, "
        f"its control {control.same} of {control.of}{limits}"
    )


def _reasons(found: Findings, budget: Budget) -> dict[str, str]:
    """What each cell is tried for; a control that several cells share, for the first of them."""
    reasons: dict[str, str] = {}
    for question in found.questions:
        number = f"trial {question.own.of + 1} of at most {budget.program}"
        reasons[question.cell] = f"{number}, whose fault is its {question.outcome}?"
        number = f"trial {question.of_control.of + 1} of at most {budget.control}"
        reasons.setdefault(question.control, f"{number}, control of {question.cell}")
    for sampled in found.sample:
        number = f"trial {sampled.of_control.of + 1} of at most {budget.control}"
        reasons.setdefault(sampled.control, f"{number}, control of {sampled.cell}, which is ok")
    return reasons


def _left(found: Findings, wanted: Sequence[str], budget: Budget) -> dict[str, int]:
    """How many more trials the wanted cells may have."""
    left = dict.fromkeys(wanted, 0)

    def note(name: str, count: int) -> None:
        if name in left:
            left[name] = max(left[name], count)

    for question in found.questions:
        note(question.cell, budget.left_of_program(question))
        note(question.control, budget.left_of_control(question))
    for sampled in found.sample:
        note(sampled.control, max(0, budget.control - sampled.of_control.of))
    return left
