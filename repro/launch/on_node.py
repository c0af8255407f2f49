"""What a batch job runs on its first node: `python -m repro.launch.on_node SUBMISSION TASK`."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from repro.errors import UserError, fail
from repro.launch.environment import Environment, describe_node, environment_id
from repro.launch.run_directory import (
    close_attempt,
    commit_attempt,
    environment_path,
    new_attempt,
    write_environment,
)
from repro.launch.submissions import read_submission
from repro.measure import attempts, watchdog
from repro.measure.attempts import Attempt, attempts_of
from repro.measure.plan import Node
from repro.records import read_record, write_record


def main(submission: Path, task: int) -> int:
    """Run the attempt of a task, unless another job runs it.

    Slurm runs a task again after its node failed: the attempt that it had begun gets an outcome,
    and the task makes another.
    """
    run = submission.parent.parent
    attempt = read_submission(run, submission).attempts[task - 1]
    if int(os.environ.get("SLURM_RESTART_COUNT", "0")):
        attempt = _once_more(run, attempt)
    if attempt.state == "done" or (attempt.path / attempts.STARTED).exists():
        return 0
    _note_node(run, attempt)
    return watchdog.main(attempt.path)


def _once_more(run: Path, attempt: Attempt) -> Attempt:
    """Give what a task had begun an outcome, after its node failed; the attempt to make now."""
    last = attempts_of(run, attempt.cell)[-1]
    if not (last.path / attempts.STARTED).exists():
        return last
    if last.state != "done":
        close_attempt(last, "infrastructure", "its node failed, or Slurm took it away")
    number = last.number + 1
    draft = new_attempt(run, last.cell, number)
    before, now = str(last.path), str(last.path.with_name(str(number)))
    plan = last.plan()
    command = tuple(word.replace(before, now) for word in plan.command)
    env = {name: value.replace(before, now) for name, value in plan.env.items()}
    return commit_attempt(draft, replace(plan, attempt=number, command=command, env=env))


def _note_node(run: Path, attempt: Attempt) -> None:
    """Record on what machine it runs: only now is that known."""
    planned = environment_path(run, attempt.plan().environment)
    description = describe_node(read_record(Environment, planned))
    identity = environment_id(description)
    write_environment(run, identity, description)
    write_record(attempt.path / attempts.NODE, Node(identity))


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
    except UserError as error:
        fail(str(error))
