"""Running cells on this machine, one by one or as many at once as their cores allow."""

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from repro import ROOT
from repro.files import writing
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.plan import Setting, plan_attempt
from repro.launch.run_directory import Run, close_attempt
from repro.measure.attempts import Attempt, attempts_of
from repro.measure.outcomes import Outcome
from repro.study.expand import Cell

_POLL_SECONDS = 0.02
_STOP_SECONDS = 20.0
_WATCHDOG_LOG = "watchdog.txt"


@dataclass
class Events:
    """Callbacks of a launcher, to show progress."""

    started: Callable[[Cell], None] = lambda _cell: None
    ended: Callable[[Cell, Outcome], None] = lambda _cell, _outcome: None


@dataclass(frozen=True)
class Here:
    """How cells run on this machine."""

    setting: Setting
    cores: Sequence[int]
    """Numbers of the cores that cells may be bound to."""

    concurrent: bool = False
    """Run as many cells at once as their cores allow; otherwise one by one."""

    tries: int = 2
    """Attempts of a cell in one run of the driver, while the infrastructure fails it."""


@dataclass
class _Running:
    cell: Cell
    attempt: Attempt
    cores: list[int]
    tries: int
    watchdog: "subprocess.Popen[bytes] | None"
    """None: an earlier driver started it."""

    def is_over(self) -> bool:
        """Has the watchdog ended, with or without an outcome?"""
        if self.watchdog is not None:
            return self.watchdog.poll() is not None
        return self.attempt.state != "running"


@dataclass
class LocalLauncher:
    """Runs the cells of one run directory, which the caller holds (`driving`)."""

    run: Run
    here: Here
    means: Means
    events: Events = field(default_factory=Events)
    _running: list[_Running] = field(default_factory=list)

    def run_cells(self, cells: Sequence[Cell], *, again: bool = False) -> None:
        """Run until every cell has an outcome; `again`: attempt those that have one again.

        Raises:
            UserError: the run directory cannot be written.
            KeyboardInterrupt: the user stopped it; what ran was ended, and will be repeated.
        """
        waiting = deque((cell, 0) for cell in cells)
        with writing(self.run.path):
            for cell in cells:
                _close_interrupted(self.run.path, cell)
            try:
                with _stopping_where_asked() as stop_if_asked:
                    while waiting or self._running:
                        self._start_what_fits(waiting, again=again)
                        waiting.extend(self._failed_by_infrastructure())
                        time.sleep(_POLL_SECONDS)
                        stop_if_asked()
            except BaseException:
                self._stop_all()
                raise

    def _start_what_fits(self, waiting: deque[tuple[Cell, int]], *, again: bool) -> None:
        while waiting and self._fits(waiting[0][0]):
            cell, tries = waiting.popleft()
            self._act(decide(self.run.path, cell, self.means, again=again), tries)

    def _fits(self, cell: Cell) -> bool:
        if not self._running:
            return True
        return self.here.concurrent and len(self._free_cores()) >= cell.scale.cores

    def _free_cores(self) -> list[int]:
        used = {core for running in self._running for core in running.cores}
        return [core for core in self.here.cores if core not in used]

    def _act(self, decision: Decision, tries: int) -> None:
        cell, attempt, watchdog = decision.cell, decision.attempt, None
        if decision.todo is Todo.UNAVAILABLE:
            attempt = self._plan(decision, [])
            missing = ", ".join(self.means.missing(cell))
            close_attempt(attempt, "unavailable", f"not installed: {missing}")
            self.events.ended(cell, attempt.outcome())
        if decision.todo is Todo.START:
            attempt = attempt or self._plan(decision, self._free_cores()[: cell.scale.cores])
            watchdog = _start_watchdog(attempt)
        if attempt and decision.todo in (Todo.START, Todo.WAIT):
            cores = list(attempt.plan().cores)
            self._running.append(_Running(cell, attempt, cores, tries + 1, watchdog))
            self.events.started(cell)

    def _plan(self, decision: Decision, cores: list[int]) -> Attempt:
        over = not self.means.has_room(decision.cell)
        return plan_attempt(self.run.path, decision, self.here.setting, cores, oversubscribed=over)

    def _failed_by_infrastructure(self) -> Iterator[tuple[Cell, int]]:
        """Handle attempts that have ended; yield the cells to try again."""
        for running in [running for running in self._running if running.is_over()]:
            self._running.remove(running)
            attempt = running.attempt
            if attempt.state != "done":
                close_attempt(attempt, "infrastructure", _watchdog_failure(attempt))
            outcome = attempt.outcome()
            if outcome.outcome == "infrastructure" and running.tries < self.here.tries:
                yield running.cell, running.tries
            else:
                self.events.ended(running.cell, outcome)

    def _stop_all(self) -> None:
        """End what this driver started; what an earlier driver started continues."""
        for running in self._running:
            if running.watchdog is not None:
                running.watchdog.terminate()
        for running in self._running:
            if running.watchdog is not None:
                with suppress(subprocess.TimeoutExpired):  # it continues, and writes its outcome
                    running.watchdog.wait(_STOP_SECONDS)


def _close_interrupted(run: Path, cell: Cell) -> None:
    """Give an outcome to an attempt whose watchdog died while an earlier driver ran."""
    for attempt in attempts_of(run, str(cell.name))[-1:]:
        if attempt.state == "interrupted":
            close_attempt(attempt, "infrastructure", _watchdog_failure(attempt))


def _start_watchdog(attempt: Attempt) -> "subprocess.Popen[bytes]":
    """Start it in a session of its own: neither Ctrl-C nor the driver's death ends it."""
    with (attempt.path / _WATCHDOG_LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "repro.measure.watchdog", str(attempt.path.absolute())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _watchdog_failure(attempt: Attempt) -> str:
    lines = (attempt.path / _WATCHDOG_LOG).read_text(errors="replace").strip().splitlines()
    return f"the watchdog died: {lines[-1]}" if lines else "the watchdog was killed"


@contextmanager
def _stopping_where_asked() -> Iterator[Callable[[], None]]:
    """Note Ctrl-C, and SIGTERM, which a batch system sends, and break nothing off.

    Yields:
        What raises KeyboardInterrupt if either has come: to be called where the work can stop.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    def ask() -> None:
        if came:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ask
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
