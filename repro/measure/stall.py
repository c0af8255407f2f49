"""Telling a program that waits for ever from one that computes."""

_BUSY_CORES = 0.05
"""A process that uses less, averaged over a window, only runs timers or an idle event loop."""
_WINDOW_SECONDS = 5.0


class StallClock:
    """How long a program has shown neither CPU time nor a sign of life.

    CPU time is judged over windows, because the system counts it in ticks of 10 ms: one tick in
    a short interval would look like work.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit = limit_seconds
        self._window = min(_WINDOW_SECONDS, limit_seconds / 4)
        self._start = self._cpu = self.last_active = 0.0

    def look(self, now: float, cpu_seconds: float, *, alive: bool) -> None:
        """Add a sample; `alive`: a record was written, or a thread waits for a disk."""
        if alive:
            self._begin_window(now, cpu_seconds)
            self.last_active = now
        elif now - self._start >= self._window:
            if abs(cpu_seconds - self._cpu) > _BUSY_CORES * (now - self._start):
                self.last_active = now
            self._begin_window(now, cpu_seconds)

    def stalled_for(self, now: float) -> float:
        """Seconds without activity."""
        return now - self.last_active

    def is_stalled(self, now: float) -> bool:
        """Has it been inactive for longer than the limit?"""
        return self.stalled_for(now) > self._limit

    def _begin_window(self, now: float, cpu_seconds: float) -> None:
        self._start, self._cpu = now, cpu_seconds
