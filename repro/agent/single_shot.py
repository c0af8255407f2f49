"""The same task in one completion, without tools: a baseline, as in earlier studies.

The official SDKs ask through the gateway, which has the key.
"""

import re
from pathlib import Path

import anthropic
import httpx2
import openai

from repro.agent import layout
from repro.agent.endings import Evidence, Stage
from repro.agent.models import ModelSettings
from repro.agent.opencode import Told
from repro.files import write_atomic

_FENCE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1")
_SECONDS = 3600.0
_STOPS = {"stop", "end_turn", "completed", "stop_sequence"}


def ask(model: ModelSettings, prompt: str, gateway: Path, directory: Path, kernel: str) -> Evidence:
    """Ask once; the answer and the kernel in it are kept in `directory`.

    Args:
        model: the model to ask.
        prompt: the prompt.
        gateway: the socket of the model's gateway.
        directory: the session's directory.
        kernel: the name of the kernel's file.
    """
    errors: tuple[tuple[str, str], ...] = ()
    answer, reason = "", None
    try:
        answer, reason = complete(model, prompt, gateway)
    except (openai.OpenAIError, anthropic.AnthropicError) as error:
        errors = (("APIError", " ".join(str(error).split())),)
    workspace = directory / layout.WORKSPACE
    workspace.mkdir(exist_ok=True)
    code = first_julia_block(answer)
    if answer:
        write_atomic(directory / layout.COMPLETION, answer)
    if code:
        write_atomic(workspace / kernel, code)
    told = Told(None, "stop" if reason in _STOPS else reason, 1, errors)
    stage = Stage(told, timed_out=False, code=0)
    return Evidence(None, [stage], kernel if code else None, steps=2, seconds=None)


def complete(model: ModelSettings, prompt: str, gateway: Path) -> tuple[str, str | None]:
    """The answer to one prompt, and why it ended there.

    Raises:
        openai.OpenAIError: the request failed; or, for an Anthropic model,
        anthropic.AnthropicError: the same.
    """
    transport = httpx2.HTTPTransport(uds=str(gateway))
    with httpx2.Client(transport=transport, timeout=_SECONDS, trust_env=False) as client:
        if model.provider == "anthropic":
            return _anthropic(model, prompt, client)
        sdk = openai.OpenAI(
            api_key="the-gateway-has-it",
            base_url="http://gateway/v1",
            http_client=client,
            max_retries=0,
        )
        if model.provider == "openai":
            answer = sdk.responses.create(
                model=model.model, input=prompt, max_output_tokens=model.limits.output
            )
            return answer.output_text, answer.status
        choice = sdk.chat.completions.create(
            model=model.model,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=model.limits.output,
        ).choices[0]
        return choice.message.content or "", choice.finish_reason


def _anthropic(model: ModelSettings, prompt: str, client: httpx2.Client) -> tuple[str, str | None]:
    sdk = anthropic.Anthropic(
        api_key="the-gateway-has-it",
        base_url="http://gateway",
        http_client=client,
        max_retries=0,
        timeout=_SECONDS,
    )
    answer = sdk.messages.create(
        model=model.model,
        messages=[{"role": "user", "content": prompt}],
        max_tokens=model.limits.output,
    )
    text = "".join(block.text for block in answer.content if block.type == "text")
    return text, answer.stop_reason


def first_julia_block(text: str) -> str | None:
    """The first code block that is marked as Julia, else the first without a mark."""
    blocks = [(match[2].lower(), match[3]) for match in _FENCE.finditer(text)]
    for language in ("julia", "jl", ""):
        for said, code in blocks:
            if said == language:
                return code
    return None
