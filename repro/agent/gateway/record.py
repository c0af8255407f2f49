"""The record of a session: a line of JSON an exchange, appended as each ends."""

import json
import os
from pathlib import Path
from typing import Any

from repro.agent.gateway.keys import Key
from repro.errors import UserError
from repro.files import reading, writing

Exchange = dict[str, Any]

KEPT_REQUEST_HEADERS = ("content-type", "accept", "user-agent", "anthropic-version",
                        "anthropic-beta", "openai-beta")  # fmt: skip
KEPT_RESPONSE_HEADERS = ("content-type", "retry-after", "retry-after-ms", "request-id",
                         "x-request-id")  # fmt: skip


def chosen(headers: Any, names: tuple[str, ...]) -> dict[str, str]:
    """Those of the headers that are kept; what shows a key is never among them."""
    return {name: headers[name] for name in names if name in headers}


class Recorder:
    """Appends exchanges to a file."""

    def __init__(self, path: Path, key: Key) -> None:
        self._path = path
        self._key = key
        _end_at_a_line(path)

    def append(self, exchange: Exchange) -> None:
        """Write one exchange, without the key, as a whole line.

        Raises:
            UserError: the disk is full, or the file cannot be written.
        """
        text = json.dumps(exchange, sort_keys=True, ensure_ascii=False, allow_nan=False)
        line = self._key.clean(text).encode("utf-8", errors="replace") + b"\n"
        with writing(self._path), self._path.open("ab", buffering=0) as stream:
            while line:
                line = line[stream.write(line) :]


def _end_at_a_line(path: Path) -> None:
    """Take away what a killed recorder left of a line."""
    if path.exists():
        whole = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole[0]) + len(whole[1]))


def read_exchanges(path: Path) -> list[Exchange]:
    """What was recorded, in the order in which the requests came; a cut last line is left out.

    Raises:
        UserError: the file is missing or damaged.
    """
    with reading(path):
        lines = path.read_bytes().rpartition(b"\n")[0].splitlines()
        found = [json.loads(line) for line in lines]
    if not all(isinstance(exchange, dict) and "request" in exchange for exchange in found):
        raise UserError(f"{path}: damaged: not a record of exchanges")
    return sorted(found, key=lambda exchange: int(exchange["n"]))
