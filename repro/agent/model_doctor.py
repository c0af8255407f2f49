"""Do the models answer? Each is asked for one word, through the gateway and the official SDKs."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import anthropic
import openai

from repro.agent.gateway import Budget, Trouble, recording
from repro.agent.gateway.keys import NoKeyError
from repro.agent.gateway.provider import ENDPOINTS
from repro.agent.gateway.record import read_exchanges
from repro.agent.models import MODELS, ModelSettings, load_model
from repro.agent.single_shot import complete
from repro.container.findings import Finding, finding

_PROMPT = "Hi"
_FEWEST = {"openai": 16}
"""Tokens of the answer at least; OpenAI's Responses refuse a smaller limit."""

_SECONDS = 60.0


def model_findings(names: Sequence[str], *, dry_run: bool = False) -> Iterator[Finding]:
    """Ask each model; if none is named, all of `studies/models/`.

    A model without a key is not asked, and this is no failure. Nor is an own server that is not
    running, unless it was named.

    Raises:
        UserError: there is no model of that name, or other users can read the file of keys.
    """
    for name in names or sorted(path.stem for path in MODELS.glob("*.toml")):
        model = load_model(name)
        if dry_run:
            yield finding(name, "not asked", f"would ask {model.model} at {_endpoint(model)}")
        elif model.provider == "scripted":
            yield finding(name, "a script", "it stands in for a model in tests")
        else:
            yield _ask(name, model, named=bool(names))


def _endpoint(model: ModelSettings) -> str:
    return model.endpoint or ENDPOINTS.get(model.provider, "no endpoint")


def _ask(name: str, model: ModelSettings, *, named: bool) -> Finding:
    patience = model.patience.model_copy(update={"tries": 1, "first_byte_s": _SECONDS})
    limits = model.limits.model_copy(update={"output": _FEWEST.get(model.provider, 1)})
    asked = model.model_copy(update={"patience": patience, "limits": limits})
    with tempfile.TemporaryDirectory(prefix="repro-") as short:
        record = Path(short) / "exchanges.jsonl"
        said = ""
        try:
            with recording(asked, record, Budget(turns=1), Path(short) / "gateway") as gateway:
                try:
                    complete(asked, _PROMPT, gateway.socket)
                except (openai.OpenAIError, anthropic.AnthropicError) as error:
                    said = " ".join(str(error).split())
        except NoKeyError as error:
            return finding(name, "no key", str(error), ok=False)
        if gateway.trouble:
            return _trouble(name, model, gateway.trouble, named=named)
        if said:
            return finding(name, "answers with an error", said, ok=False, needed=named)
        called = read_exchanges(record)[0].model
    return finding(name, "answers", f"at {_endpoint(model)}, and calls itself {called}")


def _trouble(name: str, model: ModelSettings, trouble: Trouble, *, named: bool) -> Finding:
    detail = trouble.detail.removeprefix(f"{model.model}: ")
    if trouble.kind == "refused":
        wrong = detail.startswith(("401", "403"))
        found = f"wrong key in {model.key}" if wrong and model.key else "refused"
        return finding(name, found, detail, ok=False, needed=True)
    if trouble.kind == "unknown-model":
        return finding(name, f"{_endpoint(model)} knows no {model.model}", detail, ok=False,
                       needed=True)  # fmt: skip
    return finding(name, "unreachable", detail, ok=False, needed=named)
