"""What a session may use, and what it has used."""

from dataclasses import replace

from repro.agent.gateway.dialects import Tokens
from repro.agent.gateway.interface import Budget, Usage
from repro.agent.models import ModelSettings, Price
from repro.errors import UserError

_MILLION = 1_000_000


def check_budget(model: ModelSettings, budget: Budget) -> None:
    """Refuse a budget that cannot be kept.

    Raises:
        UserError: it is in dollars, and the model has no price.
    """
    if budget.dollars is not None and model.price is None:
        raise UserError(
            f"{model.model}: has no price, so no budget in dollars can be kept; add `price` to its "
            "file in studies/models/, or bound tokens, turns or seconds"
        )


def usage_of(tokens: Tokens, price: Price | None) -> Usage:
    """One turn's usage."""
    usage = Usage(1, tokens.input, tokens.output, tokens.cached)
    return usage if price is None else replace(usage, dollars=dollars(tokens, price))


def dollars(tokens: Tokens, price: Price) -> float:
    """What the provider asks for these tokens."""
    cached = price.input if price.cached is None else price.cached
    written = price.input if price.cache_write is None else price.cache_write
    plain = max(tokens.input - tokens.cached - tokens.written, 0)
    cost = plain * price.input + tokens.cached * cached + tokens.written * written
    return (cost + tokens.output * price.output) / _MILLION


def used_up(budget: Budget, usage: Usage, seconds: float) -> str | None:
    """What of the budget is used up, in a few words; None: nothing is."""
    tokens = usage.input_tokens + usage.output_tokens
    spent = usage.dollars or 0.0
    if budget.turns is not None and usage.turns >= budget.turns:
        return f"{usage.turns} of {budget.turns} turns are used"
    if budget.tokens is not None and tokens >= budget.tokens:
        return f"{tokens} of {budget.tokens} tokens are used"
    if budget.dollars is not None and spent >= budget.dollars:
        return f"{spent:.4f} of {budget.dollars:g} dollars are used"
    if budget.seconds is not None and seconds >= budget.seconds:
        return f"its {budget.seconds:g} seconds are over"
    return None
