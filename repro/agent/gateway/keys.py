"""Keys of providers: where they come from, and how they are kept out of every answer.

A key is in the environment, or in a file that only its owner can read.
"""

import json
import os
import stat
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.agent.gateway.events import Event
from repro.agent.models import ModelSettings
from repro.errors import UserError
from repro.files import reading

REMOVED = "[key removed]"
_SHORTEST = 8
"""Anything shorter is no key: it could occur in innocent text."""

_FEWEST = 4
"""Characters at the end of a text that may be the beginning of a key; fewer are passed on."""

_NO_TEXT = {"type", "role", "id", "name"}
"""Fields of a piece of an answer that are not its text."""


@dataclass(frozen=True)
class Key:
    """A key; only the request to the provider shows its text."""

    text: str | None = field(repr=False)
    """None: the endpoint needs no key."""

    def clean(self, text: str) -> str:
        """`text` with the key removed, also where it is escaped as in JSON."""
        for form in self.forms():
            text = text.replace(form, REMOVED)
        return text

    def clean_bytes(self, data: bytes) -> bytes:
        """The same for bytes."""
        for form in self.forms():
            data = data.replace(form.encode(), REMOVED.encode())
        return data

    def forms(self) -> tuple[str, ...]:
        """Its text, and the same escaped as in JSON; nothing, if there is no key."""
        if not self.text:
            return ()
        escaped = json.dumps(self.text)[1:-1]
        return self.text, escaped, escaped.replace("/", "\\/")


class NoKeyError(UserError):
    """There is no key for a model that needs one."""


class SplitKeyError(Exception):
    """An answer contains the key, spread over several events."""


def key_file() -> Path:
    """The file of keys, with lines such as `NAME = "key"`."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "repro" / "keys.toml"


def key_of(model: ModelSettings) -> Key:
    """The model's key.

    Raises:
        NoKeyError: it is in neither place.
        UserError: others can read the file, it is damaged, or what was found cannot be a key.
    """
    if model.key is None:
        return Key(None)
    path = key_file()
    text = os.environ.get(model.key) or _from_file(path, model.key)
    if not text:
        raise NoKeyError(
            f'{model.model}: no key; set {model.key}, or write {model.key} = "..." into '
            f"{path} (mode 600)"
        )
    if len(text) < _SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise UserError(
            f"{model.key}: its value cannot be a key: it is too short, or contains spaces"
        )
    return Key(text)


def _from_file(path: Path, name: str) -> str | None:
    with reading(path):
        if not path.exists():
            return None
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UserError(f"{path}: other users can read it; run chmod 600 {path}")
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8")).get(name)
        except tomllib.TOMLDecodeError:
            # The parser's message would show a part of the file.
            raise UserError(f'{path}: not TOML; write one line NAME = "key" for each key') from None
    return found if isinstance(found, str) else None


async def without_key(events: AsyncIterator[Event], key: Key) -> AsyncIterator[Event]:
    """The events without the key; those that may contain its beginning wait for the next.

    Raises:
        SplitKeyError: several contain it together; none of those has been passed on.
    """
    forms = key.forms()
    held: list[Event] = []
    text = ""
    async for event in events:
        clean = key.clean_bytes(event.raw)
        held.append(event if clean == event.raw else Event(clean))
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


def _text_of(event: Event) -> str:
    """The text that an event adds to an answer: in every dialect it is below a key `delta`."""
    choices = event.json.get("choices") or []
    return _strings([event.json.get("delta"), *(choice.get("delta") for choice in choices)])


def _strings(found: Any) -> str:
    if isinstance(found, dict):
        found = [value for name, value in found.items() if name not in _NO_TEXT]
    if isinstance(found, list):
        return "".join(_strings(value) for value in found)
    return found if isinstance(found, str) else ""
