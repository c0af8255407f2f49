"""What a batch job runs on its first node: `python -m repro.launch.on_node SUBMISSION TASK`."""

import os
import sys
from pathlib import Path
from typing import Any

from repro.files import canonical_json, read_json, write_atomic
from repro.launch.environment import describe_node, environment_id
from repro.launch.run_directory import (
    close_attempt,
    commit_attempt,
    new_attempt,
    write_environment,
)
from repro.launch.submissions import read_submission
from repro.measure import attempts, watchdog
from repro.measure.attempts import Attempt, attempts_of


def main(submission: Path, task: int) -> int:
    """Run the attempt of a task, unless another job has taken it.

    Slurm runs a task again after its node failed: what it had begun is closed, and the task makes
    one more attempt.
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
    """Close what a task had begun before its node failed; the attempt to make now."""
    last = attempts_of(run, attempt.cell)[-1]
    if not (last.path / attempts.STARTED).exists():
        return last
    if last.state != "done":
        close_attempt(last, "infrastructure", "its node failed, or Slurm took it away")
    number = last.number + 1
    draft = new_attempt(run, last.cell, number)
    before, now = str(last.path), str(last.path.with_name(str(number)))
    plan: dict[str, Any] = last.plan() | {"attempt": number}
    plan["command"] = [word.replace(before, now) for word in plan["command"]]
    plan["env"] = {name: value.replace(before, now) for name, value in plan["env"].items()}
    return commit_attempt(draft, plan)


def _note_node(run: Path, attempt: Attempt) -> None:
    """Write down on what machine it runs: only now is that known."""
    plan = attempt.plan()
    planned = read_json(run / "environment" / f"{plan['environment']}.json")
    description = describe_node(planned)
    identity = environment_id(description)
    write_environment(run, identity, description)
    write_atomic(attempt.path / attempts.NODE, canonical_json({"environment": identity}))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
