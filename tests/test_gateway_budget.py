"""A session uses what its budget allows, and ends when that is used up."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest

from repro.agent.gateway import Budget, Gateway, recording
from repro.agent.gateway.budget import dollars
from repro.agent.gateway.dialects import Tokens
from repro.agent.gateway.scripted import Fault, Script, Turn, scripted_provider
from repro.agent.models import Price
from repro.errors import UserError

from gateways import DIALECT_NAMES, SDK_ERRORS, agent, lines, settings

PRICE = Price(input=5, output=25, cached=0.5, date=dt.date(2026, 11, 26), source="a test")


def answers(tmp_path: Path, budget: Budget, turn: Turn, price: Price | None = None) -> Gateway:
    """Ask until the gateway refuses, ten times at most."""
    record = tmp_path / "e.jsonl"
    with (
        scripted_provider(Script(turn=(turn,) * 10)) as provider,
        recording(settings(provider.endpoint, price=price), record, budget, tmp_path / "s") as g,
        agent(g.socket) as asking,
    ):
        for number in range(10):
            with suppress(*SDK_ERRORS):
                asking.say(DIALECT_NAMES[number % 3], stream=True)
            if g.trouble:
                break
        asked = len(provider.requests)
        with suppress(*SDK_ERRORS):
            asking.say("responses")
        assert len(provider.requests) == asked <= 3, "no request is made beyond the budget"
    assert lines(record)[-1]["trouble"] == {
        "kind": "budget",
        "detail": g.trouble and g.trouble.detail,
    }
    return g


def test_turns(tmp_path: Path) -> None:
    gateway = answers(tmp_path, Budget(turns=3), Turn(text="x"))
    assert gateway.usage.turns == 3
    assert gateway.trouble
    assert gateway.trouble.detail == "3 of 3 turns are used"


def test_tokens(tmp_path: Path) -> None:
    gateway = answers(tmp_path, Budget(tokens=250), Turn(text="x", input_tokens=90))
    assert gateway.usage.turns == 3
    assert gateway.trouble
    assert gateway.trouble.detail == "300 of 250 tokens are used"
    assert gateway.usage.dollars is None


def test_dollars(tmp_path: Path) -> None:
    turn = Turn(text="x", input_tokens=1_000_000, cached_tokens=600_000, output_tokens=100_000)
    gateway = answers(tmp_path, Budget(dollars=9), turn, PRICE)
    assert gateway.usage.turns == 2
    assert gateway.usage.dollars == pytest.approx(2 * (0.4 * 5 + 0.6 * 0.5 + 0.1 * 25))
    assert gateway.trouble
    assert gateway.trouble.detail == "9.6000 of 9 dollars are used"


def test_dollars_without_a_price(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="has no price"),
        recording(settings("http://x"), tmp_path / "e.jsonl", Budget(dollars=1), tmp_path / "s"),
    ):
        pass
    assert not (tmp_path / "e.jsonl").exists()


@pytest.mark.parametrize("fault", ["stall", "stall-midway"])
def test_an_exchange_that_would_run_past_the_seconds_is_cut(tmp_path: Path, fault: Fault) -> None:
    gateway = answers(tmp_path, Budget(seconds=0.5), Turn(text="0" * 4000, fault=fault))
    assert gateway.trouble
    assert gateway.trouble.detail == "its 0.5 seconds are over"
    assert lines(tmp_path / "e.jsonl")[-1]["cut"] == "the budget's seconds are over"


def test_what_the_cache_costs() -> None:
    million = 1_000_000
    plain = PRICE.model_copy(update={"cached": None})
    both = PRICE.model_copy(update={"cache_write": 6.25})
    assert dollars(Tokens(million, 0), PRICE) == 5
    assert dollars(Tokens(million, 0, cached=million), PRICE) == 0.5
    assert dollars(Tokens(million, 0, cached=million), plain) == 5
    assert dollars(Tokens(million, 0, written=million), PRICE) == 5
    assert dollars(Tokens(million, 0, written=million), both) == 6.25
    assert dollars(Tokens(0, million), PRICE) == 25
