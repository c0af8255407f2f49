"""CPU time of what Slurm started for a job, on all of its nodes: from `sacct`."""

import re
import subprocess
import time

_FORMAT = "JobID,NTasks,AveCPU,TotalCPU"
_ANSWER_SECONDS = 10.0
_TRIES, _PAUSE_SECONDS = 3, 2.0
"""A step is in the accounting a moment after its end."""
_STEP = re.compile(r"\.\d+(\+\d+)?$")
"""Of the steps that srun started; `.batch` and `.extern` are others."""


def cpu_seconds_of_steps(sacct: str, job: str) -> float | None:
    """User and system time of the steps of a job; None: Slurm cannot tell.

    Args:
        sacct: the program.
        job: the job's number.
    """
    for number in range(_TRIES):
        if number:
            time.sleep(_PAUSE_SECONDS)
        command = [sacct, "-n", "-P", "-j", job, f"--format={_FORMAT}"]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        if seconds := steps_seconds(answer.stdout):
            return seconds
    return None


def steps_seconds(text: str) -> float:
    """The same from what `sacct` printed; 0: no step has ended yet.

    TotalCPU lacks processes that their parent did not wait for, such as those of a step that was
    killed. AveCPU, of a task, is from samples of all processes, where Slurm takes samples. Both
    are lower bounds, so the larger one counts.
    """
    seconds = 0.0
    for line in text.splitlines():
        job, tasks, average, total = line.split("|")[:4]
        if _STEP.search(job):
            seconds += max(int(tasks or 0) * _seconds(average), _seconds(total))
    return seconds


def _seconds(text: str) -> float:
    """`1-02:03:04` or `02:03.500` in seconds; nothing is 0."""
    days, _, clock = text.rpartition("-")
    hours, minutes, seconds = [0.0, 0.0, 0.0, *map(float, filter(None, clock.split(":")))][-3:]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
