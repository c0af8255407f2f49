"""What a session may use, and what it has used."""

from dataclasses import dataclass, replace

from repro.agent.gateway.dialects import Tokens
from repro.agent.models import ModelSettings, Price
from repro.errors import UserError
from repro.study.toml import StrictRecord

_MILLION = 1_000_000


@dataclass(frozen=True)
class Usage(StrictRecord):
    """What a session, or one exchange of it, has used."""

    turns: int = 0
    """Answers from the provider."""

    input_tokens: int = 0
    """Tokens that the model read, including those from the provider's cache."""

    output_tokens: int = 0
    """Tokens that the model wrote, including those of hidden reasoning."""

    cached_tokens: int = 0
    """Those of `input_tokens` that came from the provider's cache."""

    dollars: float | None = None
    """The cost by the model's price; None: the model has no price."""

    def __add__(self, other: "Usage") -> "Usage":
        dollars = None
        if self.dollars is not None or other.dollars is not None:
            dollars = (self.dollars or 0.0) + (other.dollars or 0.0)
        return Usage(
            self.turns + other.turns,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            dollars,
        )


@dataclass(frozen=True)
class Budget(StrictRecord):
    """What a session may use; None: no limit."""

    tokens: int | None = None
    """Tokens read and written, together."""

    dollars: float | None = None
    """Dollars by the model's price."""

    seconds: float | None = None
    """Seconds from the start of the gateway; an exchange that would run longer is cut."""

    turns: int | None = None
    """Exchanges with the provider."""

    def used_up(self, usage: Usage, seconds: float) -> str | None:
        """Which part of the budget is used up, in a few words; None: no part is."""
        tokens = usage.input_tokens + usage.output_tokens
        spent = usage.dollars or 0.0
        if self.turns is not None and usage.turns >= self.turns:
            return f"{usage.turns} of {self.turns} turns are used"
        if self.tokens is not None and tokens >= self.tokens:
            return f"{tokens} of {self.tokens} tokens are used"
        if self.dollars is not None and spent >= self.dollars:
            return f"{spent:.4f} of {self.dollars:g} dollars are used"
        if self.seconds is not None and seconds >= self.seconds:
            return f"its {self.seconds:g} seconds are over"
        return None


def check_budget(model: ModelSettings, budget: Budget) -> None:
    """Refuse a budget that cannot be enforced.

    Raises:
        UserError: it is in dollars, and the model has no price.
    """
    if budget.dollars is not None and model.price is None:
        raise UserError(
            f"{model.model}: has no price, so a budget in dollars cannot be enforced; add `price` "
            "to its file in studies/models/, or limit tokens, turns or seconds"
        )


def usage_of(tokens: Tokens, price: Price | None) -> Usage:
    """The usage of one turn."""
    usage = Usage(1, tokens.input, tokens.output, tokens.cached)
    return usage if price is None else replace(usage, dollars=dollars(tokens, price))


def dollars(tokens: Tokens, price: Price) -> float:
    """What the provider charges for these tokens."""
    cached = price.input if price.cached is None else price.cached
    written = price.input if price.cache_write is None else price.cache_write
    plain = max(tokens.input - tokens.cached - tokens.written, 0)
    cost = plain * price.input + tokens.cached * cached + tokens.written * written
    return (cost + tokens.output * price.output) / _MILLION
