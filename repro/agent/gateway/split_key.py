"""A key that a provider repeats in pieces, over several events: no single one of them shows it."""

from collections.abc import AsyncIterator
from typing import Any

from repro.agent.gateway.keys import Key
from repro.agent.gateway.sse import json_of

_FEWEST = 4
"""Characters of a key that may be its beginning; fewer are in innocent text, and passed on."""

_NO_TEXT = {"type", "role", "id", "name"}
"""What a piece of an answer has beside its text."""


class SplitKeyError(Exception):
    """The answer has the key in it, in pieces."""


async def without_key(events: AsyncIterator[bytes], key: Key) -> AsyncIterator[bytes]:
    """The events without the key; those that may have its beginning wait for the next.

    Raises:
        SplitKeyError: several have it together; of those none was passed on.
    """
    forms = key.forms()
    held: list[bytes] = []
    text = ""
    async for event in events:
        held.append(key.clean_bytes(event))
        text += _text_of(held[-1])
        if any(form in text for form in forms):
            raise SplitKeyError("the answer has the key in it, in pieces")
        text = text[-max(map(len, forms), default=1) :]
        if any(text.endswith(form[:n]) for form in forms for n in range(_FEWEST, len(form))):
            continue
        for whole in held:
            yield whole
        held.clear()
    for whole in held:
        yield whole


def _text_of(event: bytes) -> str:
    """The text that an event adds to an answer: in all dialects below a key `delta`."""
    found = json_of(event)
    choices = found.get("choices") or []
    return _strings([found.get("delta"), *(choice.get("delta") for choice in choices)])


def _strings(found: Any) -> str:
    if isinstance(found, dict):
        found = [value for name, value in found.items() if name not in _NO_TEXT]
    if isinstance(found, list):
        return "".join(_strings(value) for value in found)
    return found if isinstance(found, str) else ""
