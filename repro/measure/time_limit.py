"""The limit of time of an attempt: one for its start, and one for its repetitions."""

from repro.measure.plan import Limits

_STARTING = ("start", "load", "check")
"""The phases before the first repetition, or before a vendor program is tuned."""


class TimeLimit:
    """Which limit of time holds, and whether it is passed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._started: float | None = None

    def passed(self, now: float, phase: str) -> tuple[str, float] | None:
        """The name and seconds of the limit that is passed; None: none is.

        Args:
            now: seconds since the program began.
            phase: what the harness is doing.
        """
        name, seconds, since = "time limit", self._limits.time_s, 0.0
        if self._limits.start_s is not None:
            if phase in _STARTING:
                name, seconds = "start limit", self._limits.start_s
            else:
                self._started = now if self._started is None else self._started
                since = self._started
        return (name, seconds) if now - since > seconds else None
