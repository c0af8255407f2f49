"""Telling a program that waits for ever from one that computes."""

_IDLE_CORES = 0.05
"""A process that uses less, averaged over a window, only runs timers or an idle event loop."""
_MOST_SLOW_CORES, _SLOW_SHARE = 0.5, 0.25
"""A program hardly works if it wants less than this share of its cores and this many of them."""
_WINDOW_SECONDS = 5.0


class StallClock:
    """How long a program has shown no sign of life, and no CPU time or hardly any.

    CPU time is judged over windows, because the system counts it in ticks of 10 ms: one tick in
    a short interval would look like work.
    """

    def __init__(self, limit_seconds: float, cores: int = 1) -> None:
        self._limit = limit_seconds
        self._window = min(_WINDOW_SECONDS, limit_seconds / 4)
        self._slow = min(_MOST_SLOW_CORES, _SLOW_SHARE * cores)
        self._start = self._cpu = self._wanted = 0.0
        self._last_record = self.last_active = self.last_busy = 0.0
        self.cores = 0.0
        """How many it wanted in the last window."""

    def look(
        self, now: float, cpu_seconds: float, *, alive: bool, wanted_seconds: float | None = None
    ) -> None:
        """Add a sample.

        Args:
            now: seconds since the start.
            cpu_seconds: CPU time that it used until now.
            alive: a record was written, or a thread waits for a disk.
            wanted_seconds: the same and the time in the queue for a core, for work alone; None: not
                known. On a busy machine a program gets less than it could use.
        """
        wanted = cpu_seconds if wanted_seconds is None else wanted_seconds
        if alive:
            self._last_record = self.last_active = self.last_busy = now
        elif now - self._start < self._window:
            return
        elif abs(cpu_seconds - self._cpu) > _IDLE_CORES * (now - self._start):
            self.last_active = now
        self.cores = abs(wanted - self._wanted) / max(now - self._start, self._window)
        if self.cores > self._slow:
            self.last_busy = now
        self._start, self._cpu, self._wanted = now, cpu_seconds, wanted

    def excuse(self, now: float) -> None:
        """Something else shows that it works: begin anew."""
        self.last_busy = self.last_active = now

    def is_quiet(self, now: float) -> bool:
        """Has it written nothing for so long that it deserves a closer look?"""
        return now - self._last_record > self._limit / 4

    def stalled_for(self, now: float) -> float:
        """Seconds without activity."""
        return now - self.last_active

    def is_stalled(self, now: float) -> bool:
        """Has it been inactive for longer than the limit?"""
        return self.stalled_for(now) > self._limit

    def slow_for(self, now: float) -> float:
        """Seconds with hardly any activity."""
        return now - self.last_busy

    def is_slow(self, now: float) -> bool:
        """Has it hardly been active for longer than the limit?"""
        return self.slow_for(now) > self._limit
