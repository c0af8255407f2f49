"""Which trials are still needed to say whose fault failures are.

A pure function of the trials that there are: their order does not matter, and whoever stops and
goes on later, comes to the same answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from repro.analysis.attribution import RARE, Fault, Trials, exact_interval, fault, p_exceeds
from repro.analysis.significance import FALSE_DISCOVERIES, adjusted


@dataclass(frozen=True)
class Question:
    """Whose fault is the failure of a cell?"""

    cell: str
    """The failed cell."""

    outcome: str
    """The cell's."""

    control: str
    """The cell of its control."""

    own: Trials
    """Trials of the cell; `same` are those that failed in the way of its outcome."""

    of_control: Trials
    """Trials of its control; `same` are those that failed in that way, too."""

    @property
    def p(self) -> float:
        """The p-value of `attribution.p_exceeds`, not corrected."""
        return p_exceeds(self.own.same, self.own.of, self.of_control.any, self.of_control.of)


@dataclass(frozen=True)
class Budget:
    """The most trials of a cell in all, with the attempt that gave it its outcome."""

    control: int = 20
    """Of the control's cell."""

    program: int = 3
    """Of the failed cell: its first failure is why it was chosen, so it proves little: of many
    sound programs on a framework that fails seldom, a few fail once, and their controls do not."""

    def left_of_control(self, question: Question) -> int:
        """How many more trials the control may have."""
        return max(0, self.control - question.of_control.of)

    def left_of_program(self, question: Question) -> int:
        """How many more trials the failed cell may have."""
        return max(0, self.program - question.own.of)


def answers(questions: Sequence[Question]) -> list[Fault]:
    """Answer questions by the trials that there are, corrected for all of these questions."""
    corrected = adjusted([question.p for question in questions])
    return [
        fault(p, exact_interval(question.of_control.same, question.of_control.of))
        for question, p in zip(questions, corrected, strict=True)
    ]


def cells_to_try(questions: Sequence[Question], budget: Budget) -> list[str]:
    """Say which cells to try once more.

    A question is open while it is undecided and the rest of the budget could decide it: for the
    program, if every trial left of a failed cell failed again and every one left of a control were
    `ok`; for the framework, if every one left of its control failed in the same way.

    Args:
        questions: all that are asked together; p-values are corrected for their number.
        budget: the most trials.

    Returns:
        The names of cells of open questions, failed ones and controls, each once; empty if no
        question is open.
    """
    least = adjusted([_at_best(question, budget).p for question in questions])
    wanted: dict[str, None] = {}
    for question, answer, p in zip(questions, answers(questions), least, strict=True):
        may_be_the_programs = p <= FALSE_DISCOVERIES
        if answer != "undecided":
            continue
        if may_be_the_programs and budget.left_of_program(question):
            wanted[question.cell] = None
        if budget.left_of_control(question) and (
            may_be_the_programs or _may_be_the_frameworks(question, budget)
        ):
            wanted[question.control] = None
    return list(wanted)


def controls_to_try(controls: Sequence[tuple[str, Trials]], budget: Budget) -> list[str]:
    """Say which controls of cells that are `ok` to try once more.

    They are tried until they would decide whose fault a single failure is: as nothing failed there,
    they show what controls do where they were not chosen for a failure.

    Args:
        controls: names of controls' cells, and their trials.
        budget: the most trials.
    """
    wanted: dict[str, None] = {}
    for name, found in controls:
        of_control = Trials(found.any, found.any, found.of)
        question = Question("", "crash", name, Trials(1, 1, 1), of_control)
        if cells_to_try([question], Budget(budget.control, program=1)):
            wanted[name] = None
    return list(wanted)


def _at_best(question: Question, budget: Budget) -> Question:
    """The question after trials that show as much as possible that it is the program's fault."""
    more, ok = budget.left_of_program(question), budget.left_of_control(question)
    own, control = question.own, question.of_control
    return replace(
        question,
        own=Trials(own.same + more, own.any + more, own.of + more),
        of_control=Trials(control.same, control.any, control.of + ok),
    )


def _may_be_the_frameworks(question: Question, budget: Budget) -> bool:
    more = budget.left_of_control(question)
    found = question.of_control
    return exact_interval(found.same + more, found.of + more).low > RARE
