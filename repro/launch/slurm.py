"""Running cells through Slurm: submitted as arrays, followed by what the jobs write."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch.batch import Batch, batches, collect_script, refuse_odd
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.plan import Setting, plan_attempt
from repro.launch.run_directory import Run, close_attempt
from repro.launch.site.settings import Site
from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent, Task
from repro.launch.slurm_outcome import ALIVE, outcome_of_task
from repro.launch.submissions import (
    SCRIPT,
    SUBMISSIONS,
    Submission,
    open_submissions,
    prepare,
)
from repro.measure.attempts import STARTED, Attempt, attempts_of
from repro.measure.outcomes import Outcome
from repro.study.expand import Cell

TRIES = 3
"""Attempts of a cell in one run of the driver, while the infrastructure fails it."""
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 30.0
_LATEST = timedelta(seconds=90)
"""How late a file that a node wrote may appear here: NFS checks again after a minute."""


@dataclass
class SlurmLauncher:
    """Submits cells of one run directory, which the caller holds (`driving`), to Slurm."""

    run: Run
    site: Site
    setting: Setting
    means: Means
    slurm: SlurmClient
    say: Callable[[str], None] = lambda _text: None
    ended: Callable[[Cell, Outcome], None] = lambda _cell, _outcome: None
    queued: dict[str, Task | None] = field(default_factory=dict)
    """Cells that Slurm has, and what it reports of each; None: submitted a moment ago."""
    _given: set[int] = field(default_factory=set)
    """Jobs that this launcher has submitted."""
    _told: set[str] = field(default_factory=set)
    """Cells that `ended` was called for."""
    _before: dict[str, int] = field(default_factory=dict)
    """The number of the last attempt that is not waited for."""
    _most: dict[str, int] = field(default_factory=dict)
    """How often the infrastructure may fail a cell before it is given up."""

    def commands(self) -> list[str]:
        """What the user has to type where Slurm is, for each submission that has not begun."""
        waiting = open_submissions(self.run.path) if self.site.by_hand else []
        return [f"sbatch {s.path / SCRIPT}" for s in waiting if not any(map(_begun, s.attempts))]

    def submit(self, cells: Sequence[Cell], *, again: bool = False) -> list[Submission]:
        """Submit the cells that have no outcome and are not queued; `again`: those that have, too.

        Raises:
            UserError: Slurm refuses a script, or the run directory cannot be written.
            SlurmSilent: it is unknown whether Slurm accepted the last one; `look` finds out.
        """
        refuse_odd(self.run.path.absolute())
        self.look()
        by_name = {}
        for decision in self._decisions(cells, again=again):
            if decision.todo is Todo.UNAVAILABLE:
                self._close_unavailable(decision)
            elif decision.todo is Todo.START:
                by_name[decision.cell] = decision
        return [self._hand_over(batch, by_name) for batch in batches(list(by_name), self.site)]

    def _decisions(self, cells: Sequence[Cell], *, again: bool) -> Iterator[Decision]:
        for cell in cells:
            yield decide(self.run.path, cell, self.means, again=again, queued=self.queued)

    def _close_unavailable(self, decision: Decision) -> None:
        attempt = plan_attempt(self.run.path, decision, self.setting, [])
        missing = ", ".join(self.means.missing(decision.cell))
        close_attempt(attempt, "unavailable", f"not installed: {missing}")
        self._tell(decision.cell, attempt)

    def _hand_over(self, batch: Batch, decisions: dict[Cell, Decision]) -> Submission:
        """Plan the attempts, write down the submission, and only then make it."""
        with writing(self.run.path):
            planned = [
                decisions[cell].attempt
                or plan_attempt(self.run.path, decisions[cell], self.setting, [])
                for cell in batch.cells
            ]
            submission = prepare(self.run.path, batch, self.site, planned, self.setting.tools.image)
        if not self.site.by_hand:
            self._submit(submission)
        self.queued |= dict.fromkeys((str(cell.name) for cell in batch.cells), None)
        count = len(batch.cells)
        cells = "1 cell" if count == 1 else f"{count} cells"
        where = str(submission.path / SCRIPT) if self.site.by_hand else f"job {submission.job}"
        self.say(f"{cells} at {batch.scale}: {where}")
        return submission

    def _submit(self, submission: Submission) -> None:
        try:
            job = self.slurm.submit(submission.path / SCRIPT)
        except SlurmError as error:
            raise UserError(f"{submission.path / SCRIPT}: Slurm refuses it: {error}") from error
        with writing(submission.path):
            submission.note_job(job)
        self._given.add(job)

    def collect_after(self, dataset: str, data: Path) -> int:
        """Submit a job that collects the run when all of its jobs have ended; its number.

        Raises:
            UserError: Slurm refuses it.
            SlurmSilent: Slurm does not answer.
        """
        path = self.run.path.absolute()
        script = path / "collect.sh"
        with writing(path):
            image = self.setting.tools.image
            text = collect_script(self.site, path, dataset, data.absolute(), image)
            write_atomic(script, text)
        jobs = {task.job for task in self.queued.values() if task} | self._given
        after = [f"--dependency=afterany:{':'.join(map(str, sorted(jobs)))}"] if jobs else []
        try:
            return self.slurm.submit(script, *after)
        except SlurmError as error:
            raise UserError(f"{script}: Slurm refuses it: {error}") from error

    def look(self) -> None:
        """Ask Slurm about its tasks, and give outcomes to those that ended without writing one.

        Raises:
            SlurmSilent: it does not answer; nothing was changed.
            UserError: the run directory cannot be written.
        """
        waiting = open_submissions(self.run.path)
        if self.site.by_hand:
            self._look_at_disk(waiting)
            return
        for submission in waiting:
            if submission.job is None and (found := self.slurm.named(submission.name)):
                with writing(submission.path):
                    submission.note_job(found[0].job)
        jobs = [submission.job for submission in waiting if submission.job is not None]
        known = self.slurm.tasks(jobs, self._jobcomp)
        said = {(task.name, task.index): task for task in known}
        tasks: dict[str, list[Task]] = {}
        for submission in waiting:
            for index, attempt in enumerate(submission.attempts, start=1):
                task = said.get((submission.name, index))
                tasks.setdefault(attempt.cell, []).extend([task] if task else [])
        self.queued = {cell: task for cell, told in tasks.items() for task in told if _lives(task)}
        with writing(self.run.path):
            for cell in tasks.keys() - self.queued.keys():
                last = max(tasks[cell], key=lambda task: task.submitted, default=None)
                self._close(cell, last)

    def _look_at_disk(self, waiting: Sequence[Submission]) -> None:
        """Without Slurm: cells without an outcome are queued, unless they were interrupted."""
        cells = {attempt.cell for submission in waiting for attempt in submission.attempts}
        last = {cell: attempts_of(self.run.path, cell)[-1] for cell in cells}
        with writing(self.run.path):
            for attempt in last.values():
                if attempt.state == "interrupted":
                    close_attempt(attempt, "infrastructure", "its job ended without a word")
        self.queued = {cell: None for cell, attempt in last.items() if attempt.state != "done"}

    @property
    def _jobcomp(self) -> Path | None:
        path = self.site.slurm.jobcomp if self.site.slurm else None
        return Path(path) if path else None

    def _close(self, cell: str, task: Task | None) -> None:
        """Give an outcome to an attempt that began, has none, and does not run."""
        history = attempts_of(self.run.path, cell)
        if not history:  # they were removed
            return
        last = history[-1]
        if last.state == "running" or (last.state != "done" and _may_be_unseen(task)):
            self.queued[cell] = task
        elif last.state == "interrupted":
            verdict = outcome_of_task(task, last)
            close_attempt(last, verdict.outcome, verdict.detail)
        elif (
            last.state == "planned" and task is not None
        ):  # else Slurm lost it: it is submitted again
            said = f"{outcome_of_task(task, last).detail} before the program began"
            close_attempt(last, "infrastructure", f"{said}{self._last_line(task)}")

    def _last_line(self, task: Task) -> str:
        for path in (self.run.path / SUBMISSIONS).glob(f"{task.name.removeprefix('repro-')}/*.out"):
            if path.stem == str(task.index):
                text = click.unstyle(path.read_text(encoding="utf-8", errors="replace"))
                lines = text.strip().splitlines()
                return f": {lines[-1]}" if lines else ""
        return ""

    def wait(self, cells: Sequence[Cell], *, again: bool = False) -> None:
        """Submit cells and follow them until each has an outcome.

        Attempts that the infrastructure failed are repeated.

        Args:
            cells: the cells.
            again: until each has one more attempt with an outcome, even if it has one.

        Raises:
            UserError: as for `submit`.
            KeyboardInterrupt: the user stopped waiting; the jobs continue.
        """
        pause, handed_over = _FIRST_PAUSE, False
        self._most = {str(cell.name): self._failures(cell) + TRIES for cell in cells}
        self._told, self._before = set(), {}
        self._before = self._ended_attempts(cells) if again else {}
        while True:
            try:
                before = len(self._told)
                self.look()
                self._tell_ended(cells)
                if not (handed_over and self.queued):
                    more = self.submit(list(filter(self._is_waited_for, cells)), again=again)
                    if handed_over and not more:
                        return
                    handed_over = True
                pause = _FIRST_PAUSE if len(self._told) > before else min(pause * 1.3, _LAST_PAUSE)
            except SlurmSilent as error:
                self.say(f"Slurm does not answer ({error}); asking again in {_LAST_PAUSE:.0f} s")
                pause = _LAST_PAUSE
            time.sleep(pause)

    def _tell_ended(self, cells: Sequence[Cell]) -> None:
        """Call `ended` for cells that have a final outcome, once each."""
        for cell in cells:
            name = str(cell.name)
            if name not in self._told and name not in self.queued:
                ended = self._ended_since(cell)
                if ended and self._is_final(cell, ended):
                    self._tell(cell, ended)

    def _ended_since(self, cell: Cell) -> Attempt | None:
        """Its newest attempt, if that has ended since this launcher began to wait."""
        name = str(cell.name)
        for newest in attempts_of(self.run.path, name)[-1:]:
            if newest.number > self._before.get(name, 0) and newest.state == "done":
                return newest
        return None

    def _ended_attempts(self, cells: Sequence[Cell]) -> dict[str, int]:
        ended = {str(cell.name): self._ended_since(cell) for cell in cells}
        return {name: attempt.number for name, attempt in ended.items() if attempt}

    def _is_waited_for(self, cell: Cell) -> bool:
        ended = self._ended_since(cell)
        return not (ended and self._is_final(cell, ended)) and self._is_worth_another(cell)

    def _tell(self, cell: Cell, attempt: Attempt) -> None:
        self._told.add(str(cell.name))
        self.ended(cell, attempt.outcome())

    def _is_final(self, cell: Cell, attempt: Attempt) -> bool:
        return attempt.outcome().outcome != "infrastructure" or not self._is_worth_another(cell)

    def _is_worth_another(self, cell: Cell) -> bool:
        """Has the infrastructure failed it less often than is too often?"""
        return self._failures(cell) < self._most[str(cell.name)]

    def _failures(self, cell: Cell) -> int:
        history = attempts_of(self.run.path, str(cell.name))
        done = [attempt.outcome().outcome for attempt in history if attempt.state == "done"]
        return done.count("infrastructure")


def _begun(attempt: Attempt) -> bool:
    return (attempt.path / STARTED).exists()


def _lives(task: Task) -> bool:
    return task.state in ALIVE


def _may_be_unseen(task: Task | None) -> bool:
    """Did a task end well just now? A network file system may show what it wrote later."""
    if task is None or task.state != "COMPLETED" or task.ended is None:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(task.ended) < _LATEST
