"""Keeping what a program prints, up to a limit."""

import threading
from collections.abc import Callable
from typing import IO

CAP_BYTES = 256 * 1024
_CHUNK = 65536


class Captured:
    """Copies a stream to a file in the background: its first and last bytes.

    A program may print without end: the disk must not fill, and the program must not block.
    """

    def __init__(
        self, stream: IO[bytes], file: IO[bytes], at_end: Callable[[], None], cap: int = CAP_BYTES
    ) -> None:
        self._stream = stream
        self._file = file
        self._at_end = at_end
        self._cap = cap
        self._head = self._tail = b""
        self.total = 0
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def finish(self, seconds: float) -> str:
        """Wait for the stream's end, but no longer than this; returns the last text."""
        self._thread.join(seconds)
        return self._tail[-2000:].decode(errors="replace")

    def since(self, total: int) -> str:
        """What came after the first `total` bytes; of much, the end."""
        with self._changing:
            new = self.total - total
            return self._tail[-new:].decode(errors="replace") if new else ""

    def kept(self) -> str:
        """What is kept of all: the first bytes and the last."""
        with self._changing:
            tail = self._tail[self._cap - self.total :] if self.total > self._cap else b""
            return (self._head + tail).decode(errors="replace")

    def _copy(self) -> None:
        with self._stream, self._file as file:
            while chunk := self._stream.read1(_CHUNK):  # type: ignore[attr-defined]
                first = chunk[: max(0, self._cap - self.total)]
                file.write(first)
                with self._changing:
                    self._head += first
                    self.total += len(chunk)
                    self._tail = (self._tail + chunk)[-self._cap :]
            if self.total > self._cap:
                tail = self._tail[-min(self._cap, self.total - self._cap) :]
                left_out = self.total - self._cap - len(tail)
                file.write(f"\n... {left_out} bytes left out ...\n".encode() if left_out else b"")
                file.write(tail)
        self._at_end()
