"""Whether a program waits for ever; docs/hangs.md explains how that is told."""

from repro.measure.asking import Asking
from repro.measure.classify import Verdict
from repro.measure.plan import Plan
from repro.measure.polling import Polling
from repro.measure.processes import Usage
from repro.measure.stall import StallClock


class Hangs:
    """Follows a program, and asks it when its use of cores does not tell."""

    def __init__(self, plan: Plan, asking: Asking) -> None:
        self._plan = plan
        self._asking = asking
        self._clock = StallClock(plan.limits.stall_s, plan.allotted_cores)
        self._polling = Polling()
        self._work = 0.0
        """Seconds for which its threads wanted cores, but for polling."""

    def look(self, now: float, usage: Usage, *, alive: bool) -> None:
        """Add a sample; `alive`: a record was written, or a thread waits for a disk."""
        looks = self._plan.launched and self._clock.is_quiet(now)
        if not looks or self._polling.look(now, usage.each):
            self._work = usage.wanted_seconds - self._polling.seconds
        self._clock.look(now, usage.cpu_seconds, alive=alive, wanted_seconds=self._work)

    def verdict(self, now: float, usage: Usage, phase: str) -> Verdict | None:
        """Say that it waits for ever, or None; this can take half a minute."""
        where, stalled = f"in phase {phase}", self._clock.is_stalled(now)
        # Before the harness has started, Julia does more than print stacks when it is asked.
        slow = self._clock.is_slow(now) and phase != "start"
        if self._plan.launched:
            return self._of_ranks(now, where) if stalled or slow else None
        if stalled:
            text = f"no CPU time and no sign of life for {self._clock.stalled_for(now):.0f} s"
            return Verdict("deadlock", f"{text}, {where}, {usage.threads} threads waiting")
        return self._of_processes(now, where) if slow else None

    def at_limit(self, now: float, seconds: float, where: str) -> Verdict | None:
        """Say that a program which is at a limit of so many seconds waits, or None."""
        if self._plan.launched and (verdict := self._of_ranks(now, where)):
            return verdict
        still = self._clock.stalled_for(now)
        if still > min(self._plan.limits.stall_s, seconds / 2):
            return Verdict("deadlock", f"no CPU time for {still:.0f} s at the limit, {where}")
        return None

    def _of_processes(self, now: float, where: str) -> Verdict | None:
        if self._asking.is_at_work(self._clock.cores):
            self._clock.excuse(now)
            return None
        used = f"hardly any CPU time ({self._clock.cores:.2f} of {self._plan.allotted_cores} cores)"
        text = f"{used} and no sign of life for {self._clock.slow_for(now):.0f} s, {where}"
        return Verdict("deadlock", f"{text}, no thread at work")

    def _of_ranks(self, now: float, where: str) -> Verdict | None:
        """The same for ranks, asked on all nodes; the clock knows only this one."""
        waits, moved = self._asking.ranks()
        if waits:
            return Verdict("deadlock", f"{waits}, {where}")
        if self._clock.is_stalled(now) and not moved:
            still = self._clock.stalled_for(now)
            text = f"no CPU time and no sign of life for {still:.0f} s"
            return Verdict("deadlock", f"{text}, {where}")
        self._clock.excuse(now)
        return None
