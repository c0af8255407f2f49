"""The harness's records, and whether they are really the harness's.

The harness chains its lines with a secret that the kernel never sees: the MAC of a line is over
the MAC of the line before and the line itself. What a kernel writes, repeats, or cuts out breaks
the chain.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAC_DIGITS = 32


@dataclass
class RecordReader:
    """Follows a result file while it is written.

    Only what is new is read at each look.
    """

    path: Path
    token: str
    records: list[dict[str, Any]] = field(default_factory=list)
    """The harness's records so far."""

    rejected: list[str] = field(default_factory=list)
    """Whole lines that are not the harness's."""

    _read_bytes: int = 0
    _rest: bytes = b""
    _mac: str = ""

    @property
    def phase(self) -> str:
        """What the harness is at: `start`, `load`, `check`, `repetition` or `end`."""
        for record in reversed(self.records):
            if record["event"] == "begin":
                return str(record["phase"])
            if record["event"] == "end":
                return "end"
        return "start"

    def look(self) -> bool:
        """Read what is new; is there anything?"""
        try:
            size = os.stat(self.path).st_size  # noqa: PTH116 - called ten times a second
        except FileNotFoundError:
            return False
        if size == self._read_bytes:
            return False
        if size < self._read_bytes:
            self.rejected.append("(the file was truncated)")
            self._read_bytes, self._rest = 0, b""
        with self.path.open("rb") as stream:
            stream.seek(self._read_bytes)
            new = stream.read()
        self._read_bytes += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        text, _, mac = line.rpartition(b"\t")
        expected = hmac.new(self.token.encode(), self._mac.encode() + text, hashlib.sha256)
        if not hmac.compare_digest(mac, expected.hexdigest()[:MAC_DIGITS].encode()):
            self.rejected.append(line.decode(errors="replace"))
            return
        self._mac = mac.decode()
        self.records.append(json.loads(text))


def last_words(path: Path, token: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What ranks other than the first had to say when they failed; and lines that are not theirs.

    Each has a file of its own beside `path`: `result.raw.3`, or none if it did not fail.
    """
    records: list[dict[str, Any]] = []
    rejected: list[str] = []
    for file in sorted(path.parent.glob(f"{path.name}.*")):
        reader = RecordReader(file, token)
        reader.look()
        records += reader.records
        rejected += reader.rejected
    return records, rejected
