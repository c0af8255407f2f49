"""Asking the processes of a program where they are: Julia prints its stacks on SIGUSR1."""

import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from repro.measure import processes
from repro.measure.last_stacks import last_stacks
from repro.measure.plan import Plan
from repro.measure.rank_output import FEWEST_LOOKS, MOST_LOOKS, whereabouts
from repro.measure.stacks import IDLE, MPI, RUNTIME, Place, looks, told
from repro.measure.streams import Captured

_RANKS_SECONDS = 1.5
"""Between two looks at ranks; their output passes through the launcher."""
_LOOK_SECONDS = 5.0
"""The longest wait for the stacks of one process."""
_QUIET_SECONDS = 0.3
"""A process that has not printed for so long has printed its stacks."""
_LAST_SECONDS = 20.0
"""For the last questions to all processes."""
_CHANCE = 1000
"""A program whose CPU time is work is seen at work but for one in so many."""
_LEAST_CORES = 0.1


@dataclass
class Asking:
    """Asks the Julia processes of one attempt; the harness has them print only stacks."""

    plan: Plan
    streams: list[Captured]
    """Standard output and standard error."""

    pids: Callable[[], list[int]]
    """All processes of the program."""

    is_stopped: Callable[[], bool]
    """Is there no time left?"""

    def ranks(self) -> tuple[str | None, bool]:
        """How the ranks wait for each other, if they do; and whether one of them moves.

        Ranks that wait for each other poll, so their CPU time does not tell.
        """
        stderr = self.streams[-1]
        before, cpu, begin = stderr.total, self._cpu_seconds(), time.monotonic()
        for look in range(1, MOST_LOOKS + 1):
            self.signal(signal.SIGUSR1)
            time.sleep(_RANKS_SECONDS)
            found = whereabouts(stderr.since(before), self.plan.ranks, self.plan.kernels)
            if self.is_stopped() or found.moved or (found.is_settled and look >= FEWEST_LOOKS):
                break
        busy = (self._cpu_seconds() - cpu) / (time.monotonic() - begin)
        waits = found.deadlock(busy)
        return f"{waits}; looked at {look} times" if waits else None, found.moved

    def is_at_work(self, cores: float) -> bool:
        """Does a program that uses few cores run code of its kernel? As often asked as it takes."""
        looks_needed = math.log(_CHANCE) / -math.log1p(-min(0.9, max(cores, _LEAST_CORES)))
        for _ in range(math.ceil(looks_needed)):
            for pid in self._julias():
                place = None if self.is_stopped() else self._look(pid)
                if place is None or place.what not in (IDLE, RUNTIME):
                    return True
        return False

    def where_it_is(self) -> str:
        """What the last stacks of all show, for the end of the detail. Julia ends of it.

        The kernel's lines, and whose code the stacks are in; "" if there is no stack.
        """
        deadline = time.monotonic() + _LAST_SECONDS
        places = [] if self.plan.launched else self._look_at_each(deadline)
        self._have_tasks_printed(deadline)
        words = "".join(stream.kept() for stream in self.streams)
        last = last_stacks(words, self.plan.kernels, launched=self.plan.launched)
        if not last:
            return ""
        lines = told(places, "processes")
        if last.noun == "tasks":
            of_tasks = [place for place in last.places if place.line]
            known = self.plan.launched and all(place.owner == MPI for place in of_tasks)
            lines = "" if known else told(of_tasks, "tasks") or lines
        return (f": {lines}" if lines else "") + f"; stacks: {last}"

    def _look_at_each(self, deadline: float) -> list[Place]:
        found = [self._look(pid) for pid in self._julias() if time.monotonic() < deadline]
        return [place for place in found if place and place.line]

    def _have_tasks_printed(self, deadline: float) -> None:
        """By SIGQUIT; not through srun, which ends of it."""
        julias = self._julias()
        if self.plan.launched:  # the launcher ends the others as soon as one has ended
            if not self.plan.batch:
                processes.signal_all(julias, signal.SIGQUIT)
                self._wait_for_silence()
            return
        for pid in reversed(julias):  # the driver of workers last: they end with it
            if time.monotonic() < deadline:
                processes.signal_all([pid], signal.SIGQUIT)
                self._wait_for_silence()

    def stacks(self) -> None:
        """Have all print their stacks."""
        self.signal(signal.SIGUSR1)
        self._wait_for_silence()

    def signal(self, number: signal.Signals) -> None:
        """Signal all Julia processes, on all nodes."""
        through_srun = self.plan.batch and self.plan.launched
        # srun passes the signal on.
        asked = [p for p in self.pids() if processes.runs(p, "srun")] if through_srun else []
        processes.signal_all(asked or self._julias(), number)

    def _julias(self) -> list[int]:
        """Julia's processes that expect the signal: one that has just begun would die of it."""
        return [
            pid
            for pid in self.pids()
            if processes.runs(pid, "julia") and processes.blocks(pid, signal.SIGUSR1)
        ]

    def _look(self, pid: int) -> Place | None:
        before = self._printed()
        processes.signal_all([pid], signal.SIGUSR1)
        self._wait_for_silence()
        found = looks(self._since(before), self.plan.kernels)
        return found[-1] if found else None

    def _wait_for_silence(self) -> None:
        """Wait until stacks were printed, if any are."""
        begin = last = time.monotonic()
        size = printed = self._printed()
        while not self.is_stopped() and time.monotonic() < begin + _LOOK_SECONDS:
            time.sleep(_QUIET_SECONDS / 10)
            now = time.monotonic()
            if printed != (printed := self._printed()):
                last = now
            elif printed != size and now > last + _QUIET_SECONDS:
                return

    def _cpu_seconds(self) -> float:
        return processes.usage(self.pids()).cpu_seconds

    def _printed(self) -> list[int]:
        return [stream.total for stream in self.streams]

    def _since(self, totals: list[int]) -> str:
        """What all printed after that; a worker's stacks come on the driver's standard output."""
        return "".join(s.since(total) for s, total in zip(self.streams, totals, strict=True))
