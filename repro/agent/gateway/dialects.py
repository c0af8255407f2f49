"""The three protocols of providers, and what the gateway must know of each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from repro.agent.gateway.events import Event, event_with

Json = dict[str, Any]

OVER = 400
"""The status of every answer after trouble. OpenCode does not retry it, as it does 404 for OpenAI's
models."""

_OVER_CODE = "session_over"


@dataclass(frozen=True)
class Tokens:
    """The tokens of one exchange."""

    input: int
    """Tokens read, of all kinds."""

    output: int
    """Tokens written."""

    cached: int = 0
    """Those read that came from the provider's cache."""

    written: int = 0
    """Those read that the provider put into its cache, for which Anthropic charges."""


class Dialect(ABC):
    """The protocol of a provider."""

    name: ClassVar[str]
    """Its name in the record."""

    path: ClassVar[str]
    """The path of its requests."""

    passed: ClassVar[tuple[str, ...]] = ("content-type", "accept", "user-agent")
    """The agent's headers that reach the provider."""

    @abstractmethod
    def key_headers(self, key: str) -> dict[str, str]:
        """The headers that carry the key."""

    @abstractmethod
    def is_last(self, event: Event) -> bool:
        """Does this event end an answer?"""

    @abstractmethod
    def tokens(self, usage: Json) -> Tokens:
        """The tokens that an answer's `usage` counts."""

    @abstractmethod
    def error(self, message: str, code: str) -> Json:
        """An error in the provider's form."""

    @abstractmethod
    def tool_outputs(self, body: Json) -> Iterator[tuple[str, Json, str]]:
        """The places of tools' outputs in a request: name of the call, object, key."""

    def error_event(self, message: str, code: str) -> bytes:
        """The same in the middle of a stream."""
        return event_with(self.error(message, code))

    def over(self, kind: str) -> Json:
        """The answer to every request after trouble.

        OpenCode looks for words such as "unavailable" in it, and then retries: the kind is enough.
        """
        return self.error(_over_text(kind), _OVER_CODE)

    def over_event(self, kind: str) -> bytes:
        """The same as an event in the middle of a stream."""
        return self.error_event(_over_text(kind), _OVER_CODE)

    def about(self, event: Json) -> Json:
        """The part of an event, or of a whole answer, that has `model` and `usage`."""
        return event

    def prepare(self, body: Json) -> Json:
        """The request, changed so that the answer says what it took."""
        return body

    def error_in(self, event: Event) -> str | None:
        """The error that this event of a stream reports."""
        found = event.json.get("error")
        return message_of(found) if found else None


class ChatCompletions(Dialect):
    """The protocol of most servers for open-weight models."""

    name = "chat-completions"
    path = "/v1/chat/completions"

    def key_headers(self, key: str) -> dict[str, str]:
        """OpenAI's form."""
        return {"authorization": f"Bearer {key}"}

    def prepare(self, body: Json) -> Json:
        """A stream says what it took only if it is asked to."""
        if body.get("stream") and "stream_options" not in body:
            return body | {"stream_options": {"include_usage": True}}
        return body

    def is_last(self, event: Event) -> bool:
        """The usage may follow the reason; not every server sends `[DONE]`."""
        if event.data == "[DONE]":
            return True
        choices = event.json.get("choices") or []
        return any(choice.get("finish_reason") for choice in choices)

    def tokens(self, usage: Json) -> Tokens:
        """Prompt and completion."""
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
        return Tokens(read or 0, written or 0, cached or 0)

    def error(self, message: str, code: str) -> Json:
        """OpenAI's form."""
        return {"error": {"message": message, "type": code, "param": None, "code": code}}

    def tool_outputs(self, body: Json) -> Iterator[tuple[str, Json, str]]:
        """Messages with a role of their own."""
        for message in _objects(body.get("messages")):
            if message.get("role") == "tool":
                yield str(message.get("tool_call_id")), message, "content"


class Responses(ChatCompletions):
    """OpenAI's own protocol."""

    name = "responses"
    path = "/v1/responses"
    passed = (*Dialect.passed, "openai-beta")

    def prepare(self, body: Json) -> Json:
        """The answer says what it took unasked."""
        return body

    def about(self, event: Json) -> Json:
        """In a stream it is in the events that hold the whole response."""
        found = event.get("response")
        return found if isinstance(found, dict) else event

    def error_event(self, message: str, code: str) -> bytes:
        """An event of its own type."""
        said = {"type": "error", "code": code, "message": message, "param": None}
        return event_with({**self.error(message, code), **said, "sequence_number": 0}, "error")

    def is_last(self, event: Event) -> bool:
        """The end of a good answer, or of a bad one."""
        kind = event.json.get("type")
        return kind in {"response.completed", "response.incomplete", "response.failed", "error"}

    def error_in(self, event: Event) -> str | None:
        """In `response.failed` it is within the response."""
        found = event.json
        failed = found.get("type") == "response.failed"
        error = self.about(found).get("error") if failed else found.get("error")
        if found.get("type") == "error":
            error = error or found
        return message_of(error) if error else None

    def tokens(self, usage: Json) -> Tokens:
        """Input and output."""
        cached = (usage.get("input_tokens_details") or {}).get("cached_tokens")
        read, written = usage.get("input_tokens"), usage.get("output_tokens")
        return Tokens(read or 0, written or 0, cached or 0)

    def tool_outputs(self, body: Json) -> Iterator[tuple[str, Json, str]]:
        """Items beside the messages."""
        for item in _objects(body.get("input")):
            if str(item.get("type", "")).endswith("_call_output"):
                yield str(item.get("call_id")), item, "output"


class Messages(Dialect):
    """Anthropic's protocol."""

    name = "messages"
    path = "/v1/messages"
    passed = (*Dialect.passed, "anthropic-version", "anthropic-beta")

    def key_headers(self, key: str) -> dict[str, str]:
        """A header of its own."""
        return {"x-api-key": key}

    def about(self, event: Json) -> Json:
        """The first event holds the message, a later one the final usage."""
        found = event.get("message")
        return found if isinstance(found, dict) else event

    def error_event(self, message: str, code: str) -> bytes:
        """An event of its own type."""
        return event_with(self.error(message, code), "error")

    def is_last(self, event: Event) -> bool:
        """The end of a good answer, or of a bad one."""
        return event.json.get("type") in {"message_stop", "error"}

    def tokens(self, usage: Json) -> Tokens:
        """What is cached is counted beside the rest, not within."""
        cached = usage.get("cache_read_input_tokens") or 0
        written = usage.get("cache_creation_input_tokens") or 0
        read = (usage.get("input_tokens") or 0) + cached + written
        return Tokens(read, usage.get("output_tokens") or 0, cached, written)

    def error(self, message: str, code: str) -> Json:
        """A type on both levels."""
        return {"type": "error", "error": {"type": code, "message": message}}

    def tool_outputs(self, body: Json) -> Iterator[tuple[str, Json, str]]:
        """Blocks within the user's messages."""
        for message in _objects(body.get("messages")):
            for block in _objects(message.get("content")):
                if block.get("type") == "tool_result":
                    yield str(block.get("tool_use_id")), block, "content"


DIALECTS: tuple[Dialect, ...] = (Responses(), Messages(), ChatCompletions())


def dialect_of(path: str) -> Dialect | None:
    """The dialect whose requests have this path; None: no dialect's do."""
    return next((dialect for dialect in DIALECTS if dialect.path == path), None)


def _over_text(kind: str) -> str:
    return f"the gateway has ended this session ({kind})"


def message_of(error: Any) -> str:
    """The message of an error in one line, whatever its form."""
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error
    return " ".join(str(error).split())


def _objects(found: Any) -> Iterator[Json]:
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))
