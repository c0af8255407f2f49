"""Reading what Slurm's clients print about tasks."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from repro.files import reading

Source = Literal["squeue", "scontrol", "sacct", "jobcomp"]

SEPARATOR = "\x1f"
"""Between fields: no name, node list or reason holds it."""

ENDED = frozenset(
    {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL",
        "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT",
    }
)  # fmt: skip
"""States that a task does not leave, unless it is requeued."""

_SQUEUE = (
    "ArrayJobID", "ArrayTaskID", "State", "Reason", "exit_code", "RestartCnt", "TimeUsed",
    "TimeLimit", "SubmitTime", "StartTime", "EndTime", "NodeList", "Name",
)  # fmt: skip
SQUEUE_FORMAT = f":0{SEPARATOR},".join(_SQUEUE) + ":0"
"""For `squeue -O`: without the width of 0 it cuts every field to 20 characters."""

_SACCT = (
    "JobID", "State", "Reason", "ExitCode", "ElapsedRaw", "TimelimitRaw", "Submit", "Start", "End",
    "NodeList", "JobName",
)  # fmt: skip
SACCT_FORMAT = ",".join(_SACCT)

_NOWHERE = ("", "(null)", "None assigned", "N/A")
_JOBCOMP = re.compile(
    r"JobId=(?P<id>\d+) .*? Name=(?P<name>.*) JobState=(?P<state>\S+) .*?"
    r"TimeLimit=(?P<limit>\S+) StartTime=(?P<start>\S+) EndTime=(?P<end>\S+) "
    r"NodeList=(?P<nodes>\S*) .*? SubmitTime=(?P<submit>\S+)"
    r"(?:.*? ArrayJobId=(?P<job>\d+) ArrayTaskId=(?P<index>\d+))?.*? ExitCode=(?P<exit>\d+:\d+)"
)


@dataclass(frozen=True)
class Task:
    """What Slurm reports of one task of an array job, or of a job that is no array."""

    job: int
    """The array's number, the same for all its tasks; Slurm may use it again."""

    index: int
    """The task's index; 0 in a job that is no array."""

    name: str
    """The job's name."""

    state: str
    """In Slurm's own words, without what may follow: `CANCELLED`, not `CANCELLED by 0`."""

    reason: str
    exit_code: int | None
    """None before the end."""

    signal: int | None
    """The signal that ended it; 0: none did; None: it has not ended."""

    node_list: str
    """As Slurm writes it, `n[1-2]`; empty if it has no nodes."""

    elapsed_s: int
    limit_s: int | None
    """None: unlimited, or not known."""

    submitted: str
    """UTC; of a requeued task, when it was requeued."""

    started: str | None
    """UTC; None while it has not begun (Slurm's forecast is not passed on)."""

    ended: str | None
    """UTC; None while it has not ended."""

    restarts: int
    """How often it was requeued."""

    source: Source

    @property
    def key(self) -> tuple[int, int, str]:
        """What identifies a task."""
        return self.job, self.index, self.name


def squeue_tasks(text: str) -> list[Task]:
    """Tasks in what `squeue -h -O SQUEUE_FORMAT` printed.

    Raises:
        ValueError: it is something else.
    """
    found = []
    for line in _records(text):
        job, indices, state, reason, status, restarts, used, limit, *rest = line.split(SEPARATOR)
        submit, start, end, nodes, name = rest
        code, signal = int(status) >> 8, int(status) & 0x7F  # it prints wait(2)'s number
        about = _About(state, reason, code, signal, nodes, submit, start, end)
        lengths = seconds(used) or 0, seconds(limit)
        found += [
            _task(int(job), index, name, about, lengths, int(restarts), "squeue")
            for index in expand(indices)
        ]
    return found


def sacct_tasks(text: str) -> list[Task]:
    """Tasks in what `sacct -n -P -X -D --format=SACCT_FORMAT` printed: the last run of each.

    Raises:
        ValueError: it is something else.
    """
    found = []
    for line in _records(text):
        job, state, reason, exit_, used, limit, submit, start, end, *rest = line.split(SEPARATOR)
        nodes, name = rest
        about = _About(state.split()[0], reason, *_exit(exit_), nodes, submit, start, end)
        lengths = int(used or 0), int(limit) * 60 if limit.isdigit() else None
        number, _, indices = job.partition("_")
        found += [
            _task(int(number.partition("+")[0]), index, name, about, lengths, 0, "sacct")
            for index in expand(indices)
        ]
    return last_runs(sorted(found, key=lambda task: (task.submitted, task.started or "~")))


def jobcomp_tasks(path: Path) -> list[Task]:
    """Tasks in a file of Slurm's jobcomp/filetxt: the last run of each that has ended.

    Its times are local ones: the file's machine and this must be in one time zone. Tasks that were
    cancelled before they began are in it without their index. It has no exit code of what was
    killed.

    Raises:
        UserError: it cannot be read.
    """
    if not path.exists():  # Slurm makes it when the first job ends
        return []
    found = []
    with reading(path), path.open(encoding="utf-8", errors="replace") as stream:
        for said in filter(None, map(_JOBCOMP.match, stream)):
            submit, start, end = (_utc(said[name]) for name in ("submit", "start", "end"))
            about = _About(
                said["state"], "", *_exit(said["exit"]), said["nodes"], submit, start, end
            )
            limit = int(said["limit"]) * 60 if said["limit"].isdigit() else None
            number, index = int(said["job"] or said["id"]), int(said["index"] or 0)
            lengths = _between(start, end), limit
            found.append(_task(number, index, said["name"], about, lengths, 0, "jobcomp"))
    return last_runs(found)


class _About(NamedTuple):
    """What all sources report alike, though with different empty values."""

    state: str
    reason: str
    exit_code: int
    signal: int
    nodes: str
    submit: str
    start: str
    end: str


def _task(
    job: int,
    index: int,
    name: str,
    about: _About,
    lengths: tuple[int, int | None],
    restarts: int,
    source: Source,
) -> Task:
    ended = about.state in ENDED
    nodes = "" if about.nodes in _NOWHERE else about.nodes
    return Task(
        job=job,
        index=index,
        name=name,
        state=about.state,
        reason=about.reason,
        exit_code=about.exit_code if ended else None,
        signal=about.signal if ended else None,
        node_list=nodes,
        elapsed_s=lengths[0],
        limit_s=lengths[1],
        submitted=_moment(about.submit) or "",
        started=_moment(about.start)
        if nodes
        else None,  # else a forecast, or when it was cancelled
        ended=_moment(about.end) if ended else None,
        restarts=restarts,
        source=source,
    )


def last_runs(tasks: list[Task]) -> list[Task]:
    """The last record of each task; those before it were runs that ended in a requeue."""
    last: dict[tuple[int, int, str], Task] = {}
    for task in tasks:
        before = last.get(task.key)
        last[task.key] = replace(task, restarts=before.restarts + 1) if before else task
    return list(last.values())


def expand(indices: str) -> list[int]:
    """Task numbers from Slurm's notation for them: `[1-7:2,9%4]` is 1, 3, 5, 7, 9.

    Nothing, or `N/A`, is the one task 0 of a job that is no array.
    """
    if indices in ("", "N/A"):
        return [0]
    numbers: list[int] = []
    for part in indices.strip("[]").partition("%")[0].split(","):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        numbers += range(int(first), int(last or first) + 1, int(step or 1))
    return numbers


def seconds(duration: str) -> int | None:
    """Seconds in `days-hours:minutes:seconds` or `minutes:seconds`; None for `UNLIMITED` & co."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", duration.strip())
    if not match:
        return None
    days, hours, minutes, rest = (int(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _records(text: str) -> list[str]:
    """Lines; those without a separator are the rest of a name with a newline in it."""
    return [line for line in text.split("\n") if SEPARATOR in line]  # splitlines splits at it too


def _exit(text: str) -> tuple[int, int]:
    code, _, signal = text.partition(":")
    return int(code), int(signal or 0)


def _moment(text: str) -> str | None:
    return f"{text}Z" if text[:1].isdigit() else None


def _utc(local: str) -> str:
    """A local time in UTC, in the same notation; what is no time is returned as it is."""
    if not local[:1].isdigit():
        return local
    return datetime.fromisoformat(local).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _between(start: str, end: str) -> int:
    try:
        length = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except ValueError:  # Unknown
        return 0
    return int(length.total_seconds())
