"""Reading the harness's records, and checking that the harness wrote them.

The harness chains its lines with a secret that the kernel never sees: the MAC of a line is over
the MAC of the line before and the line itself. What a kernel writes, repeats, or cuts out breaks
the chain.
"""

import contextlib
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.measure.own_files import is_file, open_regular

MAC_DIGITS = 32


@dataclass
class RecordReader:
    """Follows a result file while it is written; each look reads only what is new."""

    path: Path
    token: str
    records: list[dict[str, Any]] = field(default_factory=list)
    """The harness's records so far."""

    rejected: list[str] = field(default_factory=list)
    """What the harness did not write, and what else became of the file."""

    _read_bytes: int = 0
    _rest: bytes = b""
    _mac: str = ""
    _handle: int = -1
    _made: int = 0
    """When it was last changed, in ns, at the first look."""

    @property
    def phase(self) -> str:
        """What the harness is doing: `start`, `load`, `check`, `repetition` or `end`."""
        for record in reversed(self.records):
            if record["event"] == "begin":
                return str(record["phase"])
            if record["event"] == "end":
                return "end"
        return "start"

    def look(self) -> bool:
        """Read what is new; was there anything?"""
        if not self._opened():
            return False
        size = os.fstat(self._handle).st_size
        if size == self._read_bytes:
            return False
        if size < self._read_bytes:
            self._reject("(the file was truncated)")
            self._read_bytes, self._rest = 0, b""
        new = os.pread(self._handle, size - self._read_bytes, self._read_bytes)
        self._read_bytes += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._take(line)
        return True

    def end(self) -> None:
        """Read the last of a program that has ended by itself: the harness writes whole lines."""
        self.look()
        if self._rest:
            self._reject(self._rest.decode(errors="replace"))
        if self._opened():
            status = os.fstat(self._handle)
            if not is_file(self.path, status):
                self._reject("(the file was removed or replaced)")
            elif not status.st_size and status.st_mtime_ns != self._made:
                self._reject("(the file was emptied)")

    def close(self) -> None:
        """Read no more."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _opened(self) -> bool:
        """Is there a file? It stays open: what becomes of its name is no matter."""
        if self._handle < 0:
            with contextlib.suppress(FileNotFoundError):
                self._handle = open_regular(self.path)
                if self._handle < 0:
                    self._reject("(no file, but something else)")
                else:
                    self._made = os.fstat(self._handle).st_mtime_ns
        return self._handle >= 0

    def _reject(self, what: str) -> None:
        if what not in self.rejected:
            self.rejected.append(what)

    def _take(self, line: bytes) -> None:
        text, _, mac = line.rpartition(b"\t")
        expected = hmac.new(self.token.encode(), self._mac.encode() + text, hashlib.sha256)
        if not hmac.compare_digest(mac, expected.hexdigest()[:MAC_DIGITS].encode()):
            self.rejected.append(line.decode(errors="replace"))
            return
        self._mac = mac.decode()
        self.records.append(json.loads(text))


def last_words(path: Path, token: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of ranks other than the first, which write only if they fail; and forged lines.

    Each has a file of its own beside `path`: `result.raw.3`, or none if it did not fail.
    """
    records: list[dict[str, Any]] = []
    rejected: list[str] = []
    for file in sorted(path.parent.glob(f"{path.name}.*")):
        reader = RecordReader(file, token)
        reader.look()
        reader.close()
        records += reader.records
        rejected += reader.rejected
    return records, rejected
