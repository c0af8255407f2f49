"""What a model's file says: who serves it, under which name, with which options, at what price."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from repro import ROOT
from repro.study.toml import Strict, find_toml, load_toml

MODELS = ROOT / "studies" / "models"

Provider = Literal["openai", "anthropic", "openai-compatible", "scripted"]


class Limits(Strict):
    """How much the model reads and writes."""

    context: PositiveInt
    """Tokens of a request and its answer together."""

    output: PositiveInt
    """Tokens of one answer."""


class Price(Strict):
    """What the provider asks, in dollars a million tokens, on the day that it was read."""

    input: NonNegativeFloat
    """Tokens read, apart from those that the provider had in its cache."""

    output: NonNegativeFloat
    """Tokens written, those of hidden reasoning included."""

    cached: NonNegativeFloat | None = None
    """Tokens read that the provider had in its cache; absent: they cost as the others."""

    cache_write: NonNegativeFloat | None = None
    """Tokens that the provider puts into its cache; absent: they cost as the others."""

    date: dt.date
    """The day on which the price was read."""

    source: str
    """Where it was read."""


class Patience(Strict):
    """How long the gateway waits for the provider, and how often it asks again."""

    connect_s: PositiveFloat = 15.0
    """Seconds until a connection stands."""

    first_byte_s: PositiveFloat = 600.0
    """Seconds until the answer begins; an answer that is not streamed begins when it is whole."""

    chunk_s: PositiveFloat = 300.0
    """Seconds between one piece of an answer and the next."""

    tries: PositiveInt = 5
    """Requests at most, the first included, while nothing of an answer has been passed on."""

    backoff_s: PositiveFloat = 1.0
    """Seconds before the second try; each later wait is twice as long, unless the provider says
    how long."""

    longest_wait_s: PositiveFloat = 120.0
    """Seconds that one wait takes at most; a provider that asks for more is down."""


class ModelSettings(Strict):
    """A model that writes programs."""

    provider: Provider
    """Which of the providers' ways of speaking is used: OpenAI's Responses, Anthropic's Messages,
    OpenAI-compatible chat completions, or, in tests, answers from a script."""

    model: str
    """The provider's own name of the model."""

    endpoint: str | None = None
    """Where requests go, with the `/v1`; absent: the provider's own. Of `scripted`, the script."""

    key: str | None = None
    """Name of the environment variable, or entry of the key file, that has the key; absent: the
    endpoint wants none."""

    options: dict[str, Any] = Field(default={})
    """What the gateway puts into every request, whatever the agent has there."""

    limits: Limits
    """Its sizes."""

    price: Price | None = None
    """Its price; absent where none is published or known."""

    patience: Patience = Patience()
    """How long it is waited for."""

    adapter: Literal["fenced-tool-calls"] | None = None
    """What the gateway mends in answers: `fenced-tool-calls` makes calls of fenced JSON."""


def load_model(name: str) -> ModelSettings:
    """The settings of a model, by its name in `studies/models/` or its file's path.

    Raises:
        UserError: there is no such model, or its file is wrong.
    """
    return load_toml(find_toml(name, MODELS, "model"), ModelSettings)
