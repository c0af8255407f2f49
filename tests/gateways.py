"""What tests of the gateway share: models that are a script, and the official SDKs as agents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import anthropic
import httpx2
import openai

from repro.agent.gateway.provider import certificates
from repro.agent.models import Limits, ModelSettings, Patience
from repro.errors import UserError

MODEL = "a-model"
QUICK = Patience(connect_s=5, first_byte_s=30, chunk_s=30, tries=3, backoff_s=0.001)
STALLS_SOON = QUICK.model_copy(update={"first_byte_s": 0.5, "chunk_s": 0.5})

DialectName = Literal["responses", "messages", "chat-completions"]
DIALECT_NAMES: tuple[DialectName, ...] = ("responses", "messages", "chat-completions")
TOOL = {"name": "write", "description": "Write a file.", "parameters": {"type": "object"}}


def settings(endpoint: str, **changes: Any) -> ModelSettings:
    """A model at a scripted provider's endpoint."""
    model = ModelSettings(
        provider="openai-compatible",
        model=MODEL,
        endpoint=endpoint,
        limits=Limits(context=32_000, output=4_000),
        patience=QUICK,
    )
    return model.model_copy(update=changes)


class Agent:
    """The official SDKs, speaking to a gateway as OpenCode does: without retries of their own."""

    def __init__(self, client: httpx2.Client) -> None:
        self.http = client
        self.openai = openai.OpenAI(
            api_key="not-the-key", base_url="http://gateway/v1", http_client=client, max_retries=0
        )
        self.anthropic = anthropic.Anthropic(
            api_key="not-the-key", base_url="http://gateway", http_client=client, max_retries=0
        )

    def say(self, dialect: DialectName, prompt: str = "Hi", *, stream: bool = False) -> str:
        """Ask; the text of the answer and its calls, as `text|name(arguments)|...`."""
        if dialect == "responses":
            return self._responses(prompt, stream=stream)
        if dialect == "messages":
            return self._messages(prompt, stream=stream)
        return self._chat(prompt, stream=stream)

    def _chat(self, prompt: str, *, stream: bool) -> str:
        asked: dict[str, Any] = {
            "model": MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "tools": [{"type": "function", "function": TOOL}],
        }
        chat = self.openai.chat.completions
        if stream:
            with chat.stream(**asked) as events:
                for _ in events:
                    pass
                message: Any = events.get_final_completion().choices[0].message
        else:
            message = chat.create(**asked).choices[0].message
        calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        return _told(message.content or "", calls)

    def _responses(self, prompt: str, *, stream: bool) -> str:
        asked: dict[str, Any] = {
            "model": MODEL,
            "input": prompt,
            "tools": [{"type": "function", "strict": False, **TOOL}],
        }
        if stream:
            with self.openai.responses.stream(**asked) as events:
                for _ in events:
                    pass
                answer: Any = events.get_final_response()
        else:
            answer = self.openai.responses.create(**asked)
        calls = [(i.name, i.arguments) for i in answer.output if i.type == "function_call"]
        return _told(answer.output_text, calls)

    def _messages(self, prompt: str, *, stream: bool) -> str:
        tool = {"name": TOOL["name"], "description": "", "input_schema": TOOL["parameters"]}
        asked: dict[str, Any] = {
            "model": MODEL,
            "max_tokens": 100,
            "messages": [{"role": "user", "content": prompt}],
            "tools": [tool],
        }
        if stream:
            with self.anthropic.messages.stream(**asked) as events:
                for _ in events:
                    pass
                answer: Any = events.get_final_message()
        else:
            answer = self.anthropic.messages.create(**asked)
        text = "".join(block.text for block in answer.content if block.type == "text")
        blocks = [block for block in answer.content if block.type == "tool_use"]
        return _told(text, [(block.name, json.dumps(block.input)) for block in blocks])


def _told(text: str, calls: list[tuple[str, str]]) -> str:
    return "|".join([text, *(f"{name}({arguments})" for name, arguments in calls)])


@contextmanager
def agent(socket: Path) -> Iterator[Agent]:
    """An agent of the gateway at `socket`."""
    transport = httpx2.HTTPTransport(uds=str(socket), verify=certificates())
    with httpx2.Client(transport=transport, timeout=60, trust_env=False) as client:
        yield Agent(client)


def refusal(said: Exception) -> int | None:
    """The status with which an SDK was refused."""
    return getattr(said, "status_code", None)


SDK_ERRORS = (openai.OpenAIError, anthropic.AnthropicError, httpx2.HTTPError)


def lines(path: Path) -> list[dict[str, Any]]:
    """The record, each line parsed."""
    found = path.read_text(encoding="utf-8").splitlines()
    if not found:
        raise UserError(f"{path}: empty")
    return [json.loads(line) for line in found]
