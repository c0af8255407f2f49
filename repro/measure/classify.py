"""The outcome of an attempt, from what was observed: a pure function, to test every case."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repro.measure.rank_output import FailedRank, failed_rank

_MOST_OF_THE_RUN = 0.5
_ENOUGH_SAMPLES = 5
_BUSY = 0.75
_ENOUGH_SECONDS = 0.1
"""Of all repetitions: in less time, starting and ending threads weighs as much as their work."""
_SHELL_SIGNAL = 128
_OOM_IN_STEP = re.compile(r"slurmstepd.*: error: Detected \d+ oom.kill event")
"""Slurm's words, from any node; srun's exit code is then 1, or that of the signal."""


@dataclass(frozen=True)
class Verdict:
    """An outcome, and the evidence for it."""

    outcome: str
    detail: str


@dataclass(frozen=True)
class Seen:
    """What was observed of an attempt that has ended."""

    records: Sequence[dict[str, Any]]
    """The harness's records."""

    rejected: int = 0
    """Lines in the result file that were not the harness's."""

    returncode: int | None = None
    """As `subprocess` gives it: negative for a signal. None: it was not started, or not ended."""

    verdict: Verdict | None = None
    """Why the watchdog ended it, if it did."""

    repetitions: int = 1
    """How many it was to make."""

    ranks: int = 1
    """How many processes were to compute."""

    threads: int = 1
    """How many threads each was to have."""

    launched: bool = False
    """A launcher started its ranks: for a rank's signal it exits with 128 + number."""

    failed_rank: FailedRank | None = None
    """The rank that failed first, if a launcher started them."""

    killed_for_memory: bool = False
    """Did the kernel's out-of-memory killer strike meanwhile?"""

    stderr: str = ""
    """The end of the program's standard error."""

    changed: Sequence[str] = ()
    """Files of the attempt that the program changed."""


def outcome_of(seen: Seen) -> Verdict:
    """The outcome, and the evidence for it in a sentence."""
    errors = [record for record in seen.records if record["event"] == "error"]
    if seen.verdict and not (errors and seen.verdict.outcome in ("deadlock", "timeout")):
        return seen.verdict  # a program that failed, and then does not end, has failed
    if verdict := _tampered(seen) or _did_not_start(seen):
        return verdict
    if number := _signal_of(seen):
        return _signalled(number, seen)
    if errors:
        return _failed(errors, seen)
    return _finished(seen)


def _failed(errors: list[dict[str, Any]], seen: Seen) -> Verdict:
    """The end of a worker, or the first error that does not only report that ranks are gone."""
    own = [e for e in errors if e["type"] != "MPIError"] or errors
    error = next((e for e in own if e.get("worker")), own[0])
    kind, text = error["kind"], f"{error['type']}: {_line(error['message'])}"
    if error.get("worker"):
        kind, text = _worker_ended(error, seen)
    elif kind == "crash" and seen.killed_for_memory:
        kind, text = "out-of-memory", "a worker ended by the kernel's out-of-memory killer"
    phase = "" if kind == "load-error" else f"in phase {error['phase']}"
    rank = f"rank {error['rank']}" if error.get("rank") else ""
    where = ", ".join(part for part in (phase, rank) if part)
    return Verdict(kind, f"{text} ({where})" if where else text)


def _worker_ended(error: dict[str, Any], seen: Seen) -> tuple[str, str]:
    """The outcome, and what happened to the worker, which the launcher of workers recorded."""
    who, number, code = f"worker {error['worker']}", error["signal"], error["exit_code"]
    if _for_memory(number, seen):
        return "out-of-memory", f"{who} ended by the kernel's out-of-memory killer"
    if number is None and code is None:
        return "crash", f"{error['type']}: {who} is gone: its connection closed"
    how = f"by {_name(number)}" if number else f"with exit code {code}"
    return "crash", f"{error['type']}: {who} ended {how}"


def _tampered(seen: Seen) -> Verdict | None:
    """Did the program change what is its attempt's, such as the record that the harness started?"""
    if seen.rejected:
        return Verdict("wrong-result", "the program wrote into its own result file")
    if seen.changed:
        changed = ", ".join(seen.changed)
        return Verdict("wrong-result", f"the program changed files of its attempt: {changed}")
    return None


def _did_not_start(seen: Seen) -> Verdict | None:
    """Did Julia and the harness start as planned?"""
    if start := next((record for record in seen.records if record["event"] == "start"), None):
        return _not_as_asked(start, seen)
    if any(record["event"] == "error" for record in seen.records):
        return None
    said = [line for line in seen.stderr.strip().splitlines() if not failed_rank(line)]
    last = _line((said or ["no message"])[-1])
    return Verdict("infrastructure", f"the harness did not start: {last}")


def _not_as_asked(start: dict[str, Any], seen: Seen) -> Verdict | None:
    ranks, threads = start.get("ranks", seen.ranks), start.get("threads", seen.threads)
    if ranks != seen.ranks:
        text = f"{seen.ranks} ranks were asked for, {ranks} came up: is it the MPI of the launcher?"
        return Verdict("infrastructure", text)
    if threads != seen.threads:
        told = f"{seen.threads} threads were asked for, Julia started {threads}"
        return Verdict("infrastructure", f"{told}: Julia 1.5 never starts more than it sees cores")
    return None


def _signal_of(seen: Seen) -> int | None:
    """The number of the signal that ended the program, or None."""
    code = seen.failed_rank.code if seen.failed_rank else seen.returncode
    if code is None:
        return None
    if code < 0:
        return -code
    known = {number.value for number in signal.Signals}
    return code - _SHELL_SIGNAL if seen.launched and code - _SHELL_SIGNAL in known else None


def _signalled(number: int, seen: Seen) -> Verdict:
    who = f"rank {seen.failed_rank.rank} " if seen.failed_rank else ""
    if _for_memory(number, seen):
        return Verdict("out-of-memory", f"{who}ended by the kernel's out-of-memory killer")
    return Verdict("crash", f"{who}ended by {_name(number)}")


def _for_memory(number: int | None, seen: Seen) -> bool:
    killed = number == signal.SIGKILL and seen.killed_for_memory
    return killed or _OOM_IN_STEP.search(seen.stderr) is not None


def _name(number: int) -> str:
    known = {one.value: one.name for one in signal.Signals}
    return known.get(number, f"signal {number}")


def _finished(seen: Seen) -> Verdict:
    rank = seen.failed_rank
    if rank and rank.code is None:
        return Verdict("runtime-error", f"rank {rank.rank} called MPI_Abort")
    for record in seen.records:
        if record.get("correct") is False:
            where = (
                f"the check at n = {record['n']}"
                if record["event"] == "checked"
                else f"repetition {record['repetition']} at n = {record['n']}"
            )
            if record.get("fault"):
                return Verdict("wrong-result", f"{where}: {_line(record['fault'])}")
            error = "not finite" if record["error"] is None else f"{record['error']:.3g}"
            return Verdict("wrong-result", f"{where}: error {error}, bound {record['bound']:.3g}")
    done = sum(record["event"] == "repetition" for record in seen.records)
    if seen.records[-1]["event"] == "end" and done == seen.repetitions:
        return Verdict("ok", f"{done} of {done} repetitions correct")
    who, code = (f"rank {rank.rank}", rank.code) if rank else ("the process", seen.returncode)
    text = f"{who} ended with exit code {code} before the harness was done"
    return Verdict("runtime-error", text)


def run_flags(seen: Seen, runnable: Sequence[int], cores: int, *, baseline: bool) -> list[str]:
    """Flags that the run gets, not the program's text.

    Args:
        seen: what was observed.
        runnable: runnable threads at each sample taken during repetitions.
        cores: how many cores the attempt had.
        baseline: a vendor program, whose use of BLAS threads is its purpose.
    """
    flags, records = [], seen.records
    over = sum(count > cores for count in runnable)
    most = len(runnable) >= _ENOUGH_SAMPLES and over > _MOST_OF_THE_RUN * len(runnable)
    if most or cores < seen.ranks * seen.threads:
        flags.append("oversubscribed")
    if _is_idle(records, cores):
        flags.append("idle-threads")
    if not baseline and any((record.get("blas_threads") or 1) > 1 for record in records):
        flags.append("raised-blas-threads")
    if seen.rejected or seen.changed:
        flags.append("tampered")
    return flags


def _is_idle(records: Sequence[dict[str, Any]], cores: int) -> bool:
    """Were the threads that compute busy for too little time for the cores that they had?

    Sums over repetitions: the busy time of the threads, and the time of the kernel.
    """
    timed = [record for record in records if record.get("busy_seconds") is not None]
    seconds = sum(record["seconds"] for record in timed)
    used = sum(record["busy_seconds"] for record in timed)
    return seconds >= _ENOUGH_SECONDS and bool(used < _BUSY * cores * seconds)


def _line(text: str) -> str:
    short = 200
    text = " ".join(text.split())
    return text if len(text) <= short else text[: short - 1] + "…"
