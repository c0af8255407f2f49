"""A model's settings: its provider, its name there, its options and its price."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from repro import ROOT
from repro.study.toml import Strict, find_toml, load_toml

MODELS = ROOT / "studies" / "models"

Provider = Literal["openai", "anthropic", "openai-compatible", "scripted"]


class Limits(Strict):
    """How much the model can read and write."""

    context: PositiveInt
    """Tokens of a request and its answer together."""

    output: PositiveInt
    """Tokens of one answer."""


class Price(Strict):
    """What the provider charges, in dollars per million tokens, on a certain day."""

    input: NonNegativeFloat
    """Tokens read, except those in the provider's cache."""

    output: NonNegativeFloat
    """Tokens written, including those of hidden reasoning."""

    cached: NonNegativeFloat | None = None
    """Tokens read that were in the provider's cache; absent: they cost as much as the others."""

    cache_write: NonNegativeFloat | None = None
    """Tokens that the provider puts into its cache; absent: they cost as much as the others."""

    date: dt.date
    """The day on which the price was looked up."""

    source: str
    """Where it was looked up."""


class Patience(Strict):
    """How long the gateway waits for the provider, and how often it tries."""

    connect_s: PositiveFloat = 15.0
    """Seconds until the connection is made."""

    first_byte_s: PositiveFloat = 600.0
    """Seconds until the answer begins; one that is not a stream begins when it is complete."""

    chunk_s: PositiveFloat = 300.0
    """Seconds between one event of an answer and the next."""

    tries: PositiveInt = 5
    """Requests at most, including the first, as long as no answer has begun."""

    backoff_s: PositiveFloat = 1.0
    """Seconds before the second try; each later wait is twice as long, unless the provider asks for
    another."""

    longest_wait_s: PositiveFloat = 120.0
    """Seconds of one wait at most; a provider that asks for more counts as down."""


class ModelSettings(Strict):
    """A model that writes programs."""

    provider: Provider
    """The protocol: OpenAI's Responses, Anthropic's Messages, OpenAI-compatible chat completions,
    or answers from a script, in tests."""

    model: str
    """The provider's name for the model."""

    endpoint: str | None = None
    """Where requests go, including `/v1`; absent: the provider's own endpoint. For `scripted`, the
    path of the script."""

    key: str | None = None
    """The environment variable, or the entry of the key file, that holds the key; absent: the
    endpoint needs no key."""

    options: dict[str, Any] = Field(default={})
    """Fields that the gateway sets in every request, whatever the agent has there."""

    limits: Limits
    """How much it can read and write."""

    price: Price | None = None
    """Its price; absent: none is known."""

    patience: Patience = Patience()
    """How long the gateway waits for it."""

    adapter: Literal["fenced-tool-calls"] | None = None
    """What the gateway changes in answers: `fenced-tool-calls` makes tool calls of fenced JSON."""


def load_model(name: str) -> ModelSettings:
    """The settings of a model, by its name in `studies/models/` or the path of its file.

    Raises:
        UserError: there is no such model, or its file is wrong.
    """
    return load_toml(find_toml(name, MODELS, "model"), ModelSettings)
