"""When trials of failed cells and of their controls stop."""

import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro import ROOT
from repro.analysis.attribution import Trials, exact_interval, fault
from repro.analysis.sequential import Budget, Question, answers, cells_to_try, controls_to_try

SMALL = Budget(control=9, program=3)


def question(own: Trials, of_control: Trials, number: int = 0) -> Question:
    return Question(f"program-{number}", "deadlock", f"control-{number}", own, of_control)


def more(found: Trials, left: int) -> Iterator[Trials]:
    """What trials can become by at most `left` more, each of which fails so, otherwise or not."""
    for tried in range(left + 1):
        for failed in range(tried + 1):
            for same in range(failed + 1):
                yield Trials(found.same + same, found.any + failed, found.of + tried)


@st.composite
def trials(draw: st.DrawFn, least: int, most: int, failed: int = 0) -> Trials:
    of = draw(st.integers(least, most))
    any_ = draw(st.integers(failed, of))
    return Trials(draw(st.integers(failed, any_)), any_, of)


def answer(asked: Question) -> str:
    return answers([asked])[0]


@given(trials(1, 4, failed=1), trials(0, 10))
@settings(max_examples=150, deadline=None)
def test_a_question_is_open_just_as_long_as_trials_within_the_budget_could_decide_it(
    own: Trials, of_control: Trials
) -> None:
    asked = question(own, of_control)
    reachable = {
        answer(question(own_then, control_then))
        for own_then in more(own, SMALL.left_of_program(asked))
        for control_then in more(of_control, SMALL.left_of_control(asked))
    }
    is_open = answer(asked) == "undecided" and reachable != {"undecided"}
    assert bool(cells_to_try([asked], SMALL)) == is_open


@given(trials(1, 3, failed=1), trials(0, 9), trials(1, 3, failed=1), trials(0, 9))
@settings(max_examples=150, deadline=None)
def test_what_one_of_two_questions_needs_depends_on_the_other(
    own: Trials, control: Trials, other_own: Trials, other_control: Trials
) -> None:
    """Corrected for two, a question is open if the best of both could decide it."""
    pair = [question(own, control, 1), question(other_own, other_control, 2)]
    wanted = cells_to_try(pair, SMALL)
    assert set(wanted) == set(cells_to_try(pair[::-1], SMALL)), "their order tells nothing"
    for asked, told in zip(pair, answers(pair), strict=True):
        if told != "undecided":
            assert not {asked.cell, asked.control} & set(wanted)
        if asked.own.of >= SMALL.program:
            assert asked.cell not in wanted
        if asked.of_control.of >= SMALL.control:
            assert asked.control not in wanted


def tried(
    chances: list[tuple[float, float]], budget: Budget, seed: int, *, shared: bool = False
) -> list[Question]:
    """Try failed cells and controls with these probabilities to fail until no trial is wanted."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    asked = [question(Trials(1, 1, 1), Trials(0, 0, 0), i) for i in range(len(chances))]
    if shared:
        asked = [Question(q.cell, q.outcome, "control", q.own, q.of_control) for q in asked]
    odds = {q.cell: own for q, (own, _) in zip(asked, chances, strict=True)}
    odds |= {q.control: control for q, (_, control) in zip(asked, chances, strict=True)}
    while wanted := cells_to_try(asked, budget):
        fails = {name: dice.random() < odds[name] for name in wanted}

        def grown(name: str, found: Trials, fails: dict[str, bool] = fails) -> Trials:
            if name not in fails:
                return found
            return Trials(found.same + fails[name], found.any + fails[name], found.of + 1)

        asked = [
            Question(q.cell, q.outcome, q.control, grown(q.cell, q.own),
                     grown(q.control, q.of_control))
            for q in asked
        ]  # fmt: skip
    return asked


chance = st.sampled_from([0.0, 0.05, 0.3, 0.7, 1.0])


@given(st.lists(st.tuples(chance, chance), min_size=1, max_size=6), st.integers(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_trials_end_within_the_budget(
    chances: list[tuple[float, float]],
    seed: int,
    shared: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    for ended in tried(chances, Budget(), seed, shared=shared):
        assert ended.own.of <= 3
        assert ended.of_control.of <= 20


@pytest.mark.parametrize(
    ("chances", "budget", "own", "control", "told"),
    [
        ((1.0, 0.0), Budget(), 3, 3, "program"),
        ((1.0, 0.0), Budget(program=2), 2, 5, "program"),
        ((1.0, 0.0), Budget(program=1), 1, 19, "program"),
        ((1.0, 0.0), Budget(control=18, program=1), 1, 15, "undecided"),
        ((1.0, 1.0), Budget(), 3, 2, "framework"),
        ((1.0, 1.0), Budget(control=1), 1, 0, "undecided"),
        ((0.0, 0.0), Budget(), 3, 17, "undecided"),
    ],
)
def test_how_many_trials_it_takes(
    chances: tuple[float, float], budget: Budget, own: int, control: int, told: str
) -> None:
    (ended,) = tried([chances], budget, 0)
    assert (ended.own.of, ended.of_control.of, answer(ended)) == (own, control, told)


def test_ten_programs_share_the_trials_of_one_control() -> None:
    ended = tried([(1.0, 0.0)] * 10, Budget(), 0, shared=True)
    assert {q.of_control.of for q in ended} == {3}
    assert set(answers(ended)) == {"program"}


def test_failures_of_the_framework_do_not_hide_those_of_programs() -> None:
    """With one trial of each program it takes more than the budget: 0.05 is corrected for all."""
    chances = [(1.0, 0.0)] * 6 + [(1.0, 1.0)] * 2
    assert answers(tried(chances, Budget(), 1)) == ["program"] * 6 + ["framework"] * 2
    once = answers(tried(chances, Budget(program=1), 1))
    assert once == ["undecided"] * 6 + ["framework"] * 2


def test_the_control_of_an_ok_cell_is_tried_until_it_would_decide() -> None:
    found = {of: controls_to_try([("a", Trials(0, 0, of))], Budget()) for of in range(21)}
    assert [of for of, wanted in found.items() if not wanted] == [19, 20]
    assert controls_to_try([("a", Trials(2, 2, 2))], Budget()) == [], "it fails too often"
    assert exact_interval(2, 2).low > 0.05
    assert fault(1.0, exact_interval(2, 2)) == "framework"
    assert controls_to_try([("a", Trials(0, 0, 0))] * 2, Budget()) == ["a"]


def ends(chance: float, budget: Budget) -> dict[str, float]:
    """How a question ends, with exact probabilities, if program and control fail as often.

    The program has failed once, before the first trial.
    """
    states = {(1, 1, 0, 0): 1.0}
    found: defaultdict[str, float] = defaultdict(float)
    while states:
        following: defaultdict[tuple[int, int, int, int], float] = defaultdict(float)
        for state, weight in states.items():
            own, own_of, control, control_of = state
            asked = question(Trials(own, own, own_of), Trials(control, control, control_of))
            wanted = cells_to_try([asked], budget)
            if not wanted:
                found[answer(asked)] += weight
            own_tried, control_tried = asked.cell in wanted, asked.control in wanted
            for own_fails, control_fails in (
                itertools.product(range(own_tried + 1), range(control_tried + 1)) if wanted else ()
            ):
                odds = weight * (odds_of(chance, own_fails) if own_tried else 1)
                odds *= odds_of(chance, control_fails) if control_tried else 1
                grown = (own + own_fails, own_of + own_tried, control + control_fails,
                         control_of + control_tried)  # fmt: skip
                following[grown] += odds
        states = dict(following)
    return dict(found)


def odds_of(chance: float, fails: int) -> float:
    return chance if fails else 1 - chance


def test_the_probabilities_in_the_documentation() -> None:
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) %[^|]*" + r"\| ([\d.]+) % " * 4 + r"\|$", page, re.MULTILINE)
    assert len(rows) == 6
    for chance, once, *thrice in rows:
        told = ends(int(chance) / 100, Budget(program=1))["program"]
        assert f"{100 * told:.1f}" == once
        found = ends(int(chance) / 100, Budget())
        percents = {word: f"{100 * share:.1f}" for word, share in found.items()}
        assert [percents[word] for word in ("program", "framework", "undecided")] == thrice
