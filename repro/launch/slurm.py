"""Running cells through Slurm: handed over as arrays, followed by what the jobs write."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.errors import UserError
from repro.files import write_atomic, writing
from repro.launch import slurm_client
from repro.launch.batch import Batch, batches, collect_script, refuse_odd
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.plan import Setting, plan_attempt
from repro.launch.run_directory import Run, close_attempt
from repro.launch.site import Site
from repro.launch.slurm_client import SlurmError, SlurmSilent, Task
from repro.launch.slurm_outcome import ALIVE, outcome_of_task
from repro.launch.submissions import SCRIPT, SUBMISSIONS, Submission, prepare, submissions
from repro.measure.attempts import attempts_of
from repro.study.expand import Cell

TRIES = 3
"""Attempts of a cell, if it is the infrastructure that fails."""
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 30.0


@dataclass
class SlurmLauncher:
    """Hands cells of one run directory, which the caller holds (`driving`), to Slurm."""

    run: Run
    site: Site
    setting: Setting
    means: Means
    say: Callable[[str], None] = lambda _text: None
    ended: Callable[[Cell, dict[str, Any]], None] = lambda _cell, _outcome: None
    queued: dict[str, Task | None] = field(default_factory=dict)
    """Cells that Slurm has, and its word on each; None: submitted a moment ago."""

    def submit(self, cells: Sequence[Cell], *, again: bool = False) -> list[Submission]:
        """Hand over what is neither done nor queued.

        Raises:
            UserError: Slurm refuses a script, or the run directory cannot be written.
            SlurmSilent: it is unknown whether Slurm took the last one; `look` finds out.
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
        self.ended(decision.cell, attempt.outcome())

    def _hand_over(self, batch: Batch, decisions: dict[Cell, Decision]) -> Submission:
        """Plan the attempts, write the submission down, and only then submit it."""
        with writing(self.run.path):
            planned = [
                decisions[cell].attempt
                or plan_attempt(self.run.path, decisions[cell], self.setting, [])
                for cell in batch.cells
            ]
            submission = prepare(self.run.path, batch, self.site, planned)
        self._submit(submission)
        self.queued |= dict.fromkeys((str(cell.name) for cell in batch.cells), None)
        self.say(f"{len(batch.cells)} cells at {batch.scale}: job {submission.job}")
        return submission

    def _submit(self, submission: Submission) -> None:
        try:
            submission.note_job(slurm_client.submit(submission.path / SCRIPT))
        except SlurmError as error:
            raise UserError(f"{submission.path / SCRIPT}: Slurm refuses it: {error}") from error

    def collect_after(self, dataset: str, data: Path) -> int:
        """Submit a job that collects the run when all of its jobs are over; its number.

        Raises:
            UserError: Slurm refuses it.
            SlurmSilent: Slurm does not answer.
        """
        path = self.run.path.absolute()
        script = path / "collect.sh"
        write_atomic(script, collect_script(self.site, path, dataset, data.absolute()))
        jobs = sorted({task.job for task in self.queued.values() if task})
        jobs += [s.job for s in submissions(self.run.path) if s.is_open and s.job]
        after = [f"--dependency=afterany:{':'.join(map(str, sorted(set(jobs))))}"] if jobs else []
        try:
            return slurm_client.submit(script, *after)
        except SlurmError as error:
            raise UserError(f"{script}: Slurm refuses it: {error}") from error

    def look(self) -> None:
        """Ask Slurm about what it was given, and close what it ended without a word of its own.

        Raises:
            SlurmSilent: it does not answer; nothing has changed.
        """
        waiting = [submission for submission in submissions(self.run.path) if submission.is_open]
        for submission in waiting:
            if submission.job is None and (found := slurm_client.named(submission.name)):
                submission.note_job(found[0].job)
        known = slurm_client.tasks([s.job for s in waiting if s.job is not None])
        said = {(task.name, task.index): task for task in known}
        tasks: dict[str, list[Task]] = {}
        for submission in waiting:
            for index, attempt in enumerate(submission.attempts, start=1):
                task = said.get((submission.name, index))
                tasks.setdefault(attempt.cell, []).extend([task] if task else [])
        self.queued = {cell: task for cell, told in tasks.items() for task in told if _lives(task)}
        for cell in tasks.keys() - self.queued.keys():
            self._close(cell, tasks[cell][-1] if tasks[cell] else None)

    def _close(self, cell: str, task: Task | None) -> None:
        """Give an outcome to an attempt that was begun, has none, and is not at work."""
        last = attempts_of(self.run.path, cell)[-1]
        if last.state == "interrupted":
            verdict = outcome_of_task(task, last)
            close_attempt(last, verdict.outcome, verdict.detail)
        elif last.state == "planned" and task is not None:  # else Slurm lost it: it is made again
            said = f"{outcome_of_task(task, last).detail} before the program began"
            close_attempt(last, "infrastructure", f"{said}{self._last_line(task)}")
        elif last.state == "running":  # its watchdog is about to end
            self.queued[cell] = task

    def _last_line(self, task: Task) -> str:
        for path in (self.run.path / SUBMISSIONS).glob(f"{task.name.removeprefix('repro-')}/*.out"):
            if path.stem == str(task.index):
                lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                return f": {lines[-1]}" if lines else ""
        return ""

    def wait(self, cells: Sequence[Cell]) -> None:
        """Hand cells over and follow them until each has an outcome.

        What the infrastructure failed is repeated.

        Raises:
            UserError: as for `submit`.
            KeyboardInterrupt: the user stopped waiting; the jobs go on.
        """
        pause, seen, handed_over = _FIRST_PAUSE, set[str](), False
        while True:
            try:
                before = len(seen)
                self.look()
                seen |= self._tell_ended(cells, seen)
                if not (handed_over and self.queued):
                    more = self.submit(self._worth_another(cells))
                    if handed_over and not more:
                        return
                    handed_over = True
                pause = _FIRST_PAUSE if len(seen) > before else min(pause * 1.3, _LAST_PAUSE)
            except SlurmSilent as error:
                self.say(f"Slurm does not answer ({error}); asking again in {_LAST_PAUSE:.0f} s")
                pause = _LAST_PAUSE
            time.sleep(pause)

    def _tell_ended(self, cells: Sequence[Cell], seen: set[str]) -> set[str]:
        """Tell of the cells that are done and were not told of yet; their names."""
        told = set()
        for cell in cells:
            name = str(cell.name)
            if name not in seen and name not in self.queued:
                history = attempts_of(self.run.path, name)
                if history and history[-1].state == "done":
                    self.ended(cell, history[-1].outcome())
                    told.add(name)
        return told

    def _worth_another(self, cells: Sequence[Cell]) -> list[Cell]:
        """Cells without an outcome, or with failures of the infrastructure but not too many."""
        return [cell for cell in cells if self._failures(cell) < TRIES]

    def _failures(self, cell: Cell) -> int:
        history = attempts_of(self.run.path, str(cell.name))
        done = [attempt.outcome()["outcome"] for attempt in history if attempt.state == "done"]
        return done.count("infrastructure")


def _lives(task: Task) -> bool:
    return task.state in ALIVE
