"""The process beside a running program: `python -m repro.measure.watchdog ATTEMPT_DIRECTORY`.

It starts the program of an attempt, samples it, ends it when a limit is passed, and writes the
outcome. It is a process of its own, in a session of its own, so that the death of whoever started
it (a driver, a batch system's shell) loses nothing: it finishes and writes, and the driver's next
start finds the outcome. It imports the standard library only: it starts with every attempt.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from repro.files import canonical_json, write_atomic
from repro.measure import attempts, processes
from repro.measure.classify import Seen, Verdict, outcome_of, run_flags
from repro.measure.harness_records import RecordReader
from repro.measure.stall import StallClock
from repro.measure.streams import Captured

SCRATCH = "scratch"
"""The program's working directory and home, removed afterwards."""

_FIRST_INTERVAL, _LAST_INTERVAL = 0.1, 1.0
_TERM_GRACE = 3.0
_BACKTRACE_SECONDS = 5.0
_STREAM_SECONDS = 5.0
_LOCK_SECONDS = 2.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SAMPLE_HEADER = "seconds,phase,cpu_seconds,memory_bytes,processes,threads,runnable\n"


class Watchdog:
    """One attempt, from start to outcome."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.plan: dict[str, Any] = json.loads((directory / attempts.ATTEMPT).read_bytes())
        self.limits = self.plan["limits"]
        self.records = RecordReader(directory / attempts.RAW, secrets.token_hex(32))
        self.stall = StallClock(self.limits["stall_s"])
        self.stopped = False
        self.peak_memory = 0
        self.runnable: list[int] = []
        self._wake = threading.Event()
        self._oom_kills = _oom_kills()

    def run(self) -> None:
        """Run the program and write its outcome."""
        signal.signal(signal.SIGTERM, self._stop)
        started, begin = _now(), time.monotonic()
        process = self._start()
        if isinstance(process, Verdict):
            self._write_outcome(process, [], None, started, 0.0)
            return
        assert process.stdout  # noqa: S101 - for the type checker: pipes were asked for
        assert process.stderr  # noqa: S101
        streams = [
            Captured(process.stdout, self.directory / attempts.STDOUT, self._wake.set),
            Captured(process.stderr, self.directory / attempts.STDERR, self._wake.set),
        ]
        verdict = self._watch(process, begin)
        wall = time.monotonic() - begin
        processes.end_descendants(0.0)
        returncode = process.wait()
        stderr = [stream.finish(_STREAM_SECONDS) for stream in streams][-1]
        self.records.look()
        seen = Seen(
            records=self.records.records,
            rejected=len(self.records.rejected),
            returncode=returncode,
            verdict=verdict,
            repetitions=self.plan["repetitions"],
            threads=self.plan["threads"],
            killed_for_memory=_oom_kills() > self._oom_kills,
            stderr=stderr,
        )
        self._write_outcome(outcome_of(seen), self._flags(seen), returncode, started, wall)

    def _start(self) -> "subprocess.Popen[bytes] | Verdict":
        """Start the program, its secret on its standard input."""
        scratch = self.directory / SCRATCH
        scratch.mkdir()
        (self.directory / attempts.STARTED).touch()
        try:
            process = subprocess.Popen(
                self.plan["command"],
                cwd=scratch,
                env=self.plan["env"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=self._in_child,  # noqa: PLW1509 - no thread is running yet
            )
        except (OSError, subprocess.SubprocessError) as error:
            return Verdict("infrastructure", f"the program could not be started: {error}")
        assert process.stdin  # noqa: S101 - for the type checker: a pipe was asked for
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(f"{self.records.token}\n".encode())
        return process

    def _in_child(self) -> None:
        """Between fork and exec: die with the watchdog, use the allotted cores, dump no core."""
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if self.plan["cores"]:
            os.sched_setaffinity(0, self.plan["cores"])

    def _watch(self, process: "subprocess.Popen[bytes]", begin: float) -> Verdict | None:
        """Sample until the program ends by itself (None) or has to be ended."""
        next_row = 0.0
        with (self.directory / attempts.SAMPLES).open("w", encoding="utf-8") as samples:
            samples.write(_SAMPLE_HEADER)
            while process.poll() is None:
                now = time.monotonic() - begin
                usage = self._look(now)
                if now >= next_row:
                    samples.write(self._row(now, usage))
                    samples.flush()
                    # Rows get sparser as a run gets longer: an hour leaves hundreds, not thousands.
                    next_row = now + max(_FIRST_INTERVAL, now / 100)
                if verdict := self._limit_passed(now, usage):
                    self._end(verdict)
                    return verdict
                self._wake.wait(min(max(_FIRST_INTERVAL, now / 100), _LAST_INTERVAL))
                if self._wake.is_set():  # a stream has ended, most often with the program
                    self._wake.clear()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_FIRST_INTERVAL)
        return None

    def _look(self, now: float) -> processes.Usage:
        usage = processes.usage(processes.descendants())
        self.peak_memory = max(self.peak_memory, usage.memory_bytes)
        sign_of_life = self.records.look() or usage.blocked > 0
        self.stall.look(now, usage.cpu_seconds, alive=sign_of_life)
        return usage

    def _row(self, now: float, usage: processes.Usage) -> str:
        phase = self.records.phase
        if phase == "repetition":
            self.runnable.append(usage.runnable)
        return (
            f"{now:.2f},{phase},{usage.cpu_seconds:.2f},{usage.memory_bytes},"
            f"{usage.processes},{usage.threads},{usage.runnable}\n"
        )

    def _limit_passed(self, now: float, usage: processes.Usage) -> Verdict | None:
        memory, seconds = self.limits["memory_bytes"], self.limits["time_s"]
        still = self.stall.stalled_for(now)
        where = f"in phase {self.records.phase}"
        if self.stopped:
            return Verdict("infrastructure", "stopped by the driver")
        if usage.memory_bytes > memory:
            text = f"{usage.memory_bytes / 2**30:.2f} GiB resident, limit {memory / 2**30:.2f} GiB"
            return Verdict("out-of-memory", f"{text}, {where}")
        if self.stall.is_stalled(now):
            text = f"no CPU time and no sign of life for {still:.0f} s, {where}"
            return Verdict("deadlock", f"{text}, {usage.threads} threads waiting")
        if now > seconds:
            if still > min(self.limits["stall_s"], seconds / 2):
                return Verdict("deadlock", f"no CPU time for {still:.0f} s at the limit, {where}")
            return Verdict("timeout", f"still using CPU after {seconds:g} s, {where}")
        return None

    def _end(self, verdict: Verdict) -> None:
        """End the program; one that hangs is first asked where it is."""
        if verdict.outcome in ("deadlock", "timeout"):
            self._ask_for_backtraces()
        processes.end_descendants(0.0 if verdict.outcome == "out-of-memory" else _TERM_GRACE)

    def _ask_for_backtraces(self) -> None:
        """SIGUSR1 makes Julia print its backtraces; wait until it has stopped printing."""
        julias = [pid for pid in processes.descendants() if processes.is_julia(pid)]
        processes.signal_all(julias, signal.SIGUSR1)
        stderr = self.directory / attempts.STDERR
        deadline = time.monotonic() + _BACKTRACE_SECONDS
        size, printed = stderr.stat().st_size, 0
        while julias and time.monotonic() < deadline:
            time.sleep(1.5)  # Julia >= 1.9 profiles itself for a second before it prints more
            if printed == (printed := stderr.stat().st_size) and printed > size:
                return

    def _flags(self, seen: Seen) -> list[str]:
        cores = len(self.plan["cores"]) or (os.cpu_count() or 1)
        found = run_flags(
            seen.records, seen.rejected, self.runnable, cores, baseline=self.plan["baseline"]
        )
        return sorted({*self.plan["flags"], *found})

    def _write_outcome(
        self,
        verdict: Verdict,
        flags: list[str],
        returncode: int | None,
        started: str,
        wall: float,
    ) -> None:
        """Write the checked records, then, last, the outcome."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended_by = signal.Signals(-returncode).name if returncode and returncode < 0 else None
        lines = [json.dumps(record, ensure_ascii=False) for record in self.records.records]
        write_atomic(self.directory / attempts.RESULT, "".join(f"{line}\n" for line in lines))
        shutil.rmtree(self.directory / SCRATCH, ignore_errors=True)
        if not self.records.rejected:  # otherwise it is evidence
            (self.directory / attempts.RAW).unlink(missing_ok=True)
        outcome = {
            "outcome": verdict.outcome,
            "detail": verdict.detail,
            "flags": flags,
            "exit_code": returncode if returncode is not None and returncode >= 0 else None,
            "signal": ended_by,
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
            "peak_memory_bytes": self.peak_memory,
            "started": started,
            "ended": _now(),
        }
        write_atomic(self.directory / attempts.OUTCOME, canonical_json(outcome))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True
        self._wake.set()


def _oom_kills() -> int:
    """How often the kernel's out-of-memory killer has struck on this machine, where it says so."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _take(lock: TextIO) -> bool:
    """Lock the attempt. Who only looks at its state holds the lock too, but for a moment."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True


def main(directory: Path) -> int:
    """Run the attempt of a directory once: a second watchdog on it leaves it alone."""
    with (directory / attempts.LOCK).open("w") as lock:
        if not _take(lock):
            return 0
        if (directory / attempts.STARTED).exists():
            return 0
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        Watchdog(directory).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
