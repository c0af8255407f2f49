"""The process beside a running program: `python -m repro.measure.watchdog ATTEMPT_DIRECTORY`.

It starts the program of an attempt, samples it, ends it when it exceeds a limit, and writes the
outcome. It is a process of its own, in a session of its own, so that nothing is lost when the
process that started it dies (a driver, a batch system's shell): it finishes and writes, and the
next driver finds the outcome. It imports only the standard library, because it starts with every
attempt.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

from repro.errors import UserError, fail, warn
from repro.files import write_atomic
from repro.measure import attempts, processes
from repro.measure.accounting import cpu_seconds_of_steps
from repro.measure.asking import Asking
from repro.measure.classify import Seen, Verdict, outcome_of, run_flags
from repro.measure.hangs import Hangs
from repro.measure.harness_records import RecordReader, last_words
from repro.measure.outcomes import Outcome
from repro.measure.own_files import OwnFiles, remove
from repro.measure.plan import Plan
from repro.measure.rank_output import failed_rank, grouped
from repro.measure.streams import CAP_BYTES, Captured
from repro.measure.time_limit import TimeLimit
from repro.records import read_record, write_record
from repro.study.names import CellName

SCRATCH = "scratch"
"""The program's working directory and home; removed afterwards."""

_FIRST_INTERVAL, _LAST_INTERVAL = 0.1, 1.0
_TERM_GRACE = 3.0
_STREAM_SECONDS = 5.0
_LOCK_SECONDS = 2.0
_REAP_SECONDS = 0.1
_ABORT_SECONDS = 1.0
_LINE_BYTES = 200
_MARK = "REPRO_ATTEMPT"
_OF_JOB = (
    "SLURM_",
    "LD_LIBRARY_PATH",
    "PMIX_MCA_",
    "OMPI_MCA_",
    "UCX_",
    "APPTAINER",
    "REPRO_HOST_",
)
_RANK_BYTES, _THREAD_BYTES = 65536, 6144
"""Room in a stream's file for the backtraces of a rank, and of a thread, which is asked once."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SAMPLE_HEADER = "seconds,phase,cpu_seconds,memory_bytes,processes,threads,runnable\n"


class Watchdog:
    """One attempt, from start to outcome."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.plan = read_record(Plan, directory / attempts.ATTEMPT)
        self.records = RecordReader(directory / attempts.RAW, os.urandom(32).hex())
        self.time_limit = TimeLimit(self.plan.limits)
        self.streams: list[Captured] = []
        self.stopped = False
        self.immortal: list[str] = []
        """What could not be ended."""
        self.peak_memory = 0
        self.most_cpu_seconds = 0.0
        self.runnable: list[int] = []
        self.cores = self._available_cores()
        self._read = 0
        self._wake = threading.Event()
        self._oom_kills = processes.oom_kills()
        self.asking = Asking(self.plan, self.streams, self._pids, lambda: self.stopped)
        self.hangs = Hangs(self.plan, self.asking)

    def run(self) -> None:
        """Run the program and write its outcome."""
        started, begin = _now(), time.monotonic()
        files = OwnFiles(self.directory)
        out, err, samples = map(files.create, (attempts.STDOUT, attempts.STDERR, attempts.SAMPLES))
        files.create(attempts.RAW).close()
        self.records.look()
        process = self._start()
        if isinstance(process, Verdict):
            self._write_outcome(process, [], None, started, 0.0)
            return
        assert process.stdout  # noqa: S101 - for the type checker: pipes were asked for
        assert process.stderr  # noqa: S101
        cap = CAP_BYTES + self.plan.launched * self.plan.ranks * _RANK_BYTES
        cap += self.plan.ranks * self.plan.threads * _THREAD_BYTES
        self.streams += [
            Captured(process.stdout, out, self._wake.set, cap),
            Captured(process.stderr, err, self._wake.set, cap),
        ]
        with samples:
            verdict = self._watch(process, begin, samples)
        wall = time.monotonic() - begin
        self._end_all(0.0)
        returncode = self._returncode(process)
        processes.reap(_REAP_SECONDS if self.immortal else _STREAM_SECONDS)
        stderr = [stream.finish(_STREAM_SECONDS) for stream in self.streams][-1]
        self._look_for_last_records(verdict)
        others, not_theirs = last_words(self.records.path, self.records.token)
        self.records.records += others
        self.records.rejected += not_theirs
        seen = Seen(
            records=self.records.records,
            rejected=len(self.records.rejected),
            changed=files.put_right(),
            returncode=returncode,
            verdict=verdict,
            repetitions=self.plan.repetitions,
            ranks=self.plan.ranks,
            threads=self.plan.threads,
            launched=self.plan.launched,
            failed_rank=failed_rank(self.streams[-1].since(0)) if self.plan.launched else None,
            killed_for_memory=processes.oom_kills() > self._oom_kills,
            stderr=stderr,
        )
        stopped = self.stopped and self.plan.batch  # why, only the batch system knows
        outcome = None if stopped else outcome_of(seen)
        self._write_outcome(outcome, self._flags(seen), returncode, started, wall)

    def _start(self) -> "subprocess.Popen[bytes] | Verdict":
        """Start the program; the harness gets its secret on standard input."""
        scratch = self.directory / SCRATCH
        scratch.mkdir()
        try:
            process = subprocess.Popen(
                self.plan.command,
                cwd=scratch,
                env=self.plan.env | self._of_job() | {_MARK: str(self.directory)},
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

    def _of_job(self) -> dict[str, str]:
        """What a batch job adds to the environment: how srun finds its job, and loaded modules."""
        names = [n for n in os.environ if n.startswith(_OF_JOB)] if self.plan.batch else []
        return {name: os.environ[name] for name in names}

    def _in_child(self) -> None:
        """Between fork and exec: die with the watchdog, use the planned cores, dump no core."""
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if cores := self.plan.cores or self._first_cores():
            os.sched_setaffinity(0, cores)

    def _first_cores(self) -> list[int]:
        """The first cores of a batch job that has more than its one process is to use."""
        single = self.plan.batch and self.plan.ranks == 1 and not self.plan.launched
        return sorted(os.sched_getaffinity(0))[: self.plan.threads] if single else []

    def _available_cores(self) -> int:
        """Cores for the program, at most one a thread; other nodes are taken to be like this."""
        scale = CellName.parse(self.plan.cell).scale
        here = self.plan.cores or self._first_cores() or os.sched_getaffinity(0)
        return min(scale.cores, scale.nodes * len(here))

    def _watch(
        self, process: "subprocess.Popen[bytes]", begin: float, samples: IO[bytes]
    ) -> Verdict | None:
        """Sample the program until it ends by itself (None) or has to be ended."""
        next_row = 0.0
        samples.write(_SAMPLE_HEADER.encode())
        while process.poll() is None:
            now = time.monotonic() - begin
            usage = self._look(now)
            if now >= next_row:
                samples.write(self._row(now, usage).encode())
                # The longer a run, the rarer its rows: an hour leaves hundreds, not thousands.
                next_row = now + max(_FIRST_INTERVAL, now / 100)
            if verdict := self._limit_passed(now, usage):
                return self._end(verdict)
            if self._lost_a_rank() and not self._ends(process):
                self.asking.stacks()
                self._end_all(_TERM_GRACE)
                return None
            self._wake.wait(min(max(_FIRST_INTERVAL, now / 100), _LAST_INTERVAL))
            if self._wake.is_set():  # a stream has ended, most often with the program
                self._wake.clear()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_FIRST_INTERVAL)
        return None

    def _lost_a_rank(self) -> bool:
        """Has a rank failed? The others may wait for it for ever."""
        if not self.plan.launched:
            return False
        stderr = self.streams[-1]
        new, self._read = stderr.since(max(0, self._read - _LINE_BYTES)), stderr.total
        return failed_rank(new) is not None

    def _ends(self, process: "subprocess.Popen[bytes]") -> bool:
        """Does the launcher end the others, as after MPI_Abort?"""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_ABORT_SECONDS)
        return process.poll() is not None

    def _look(self, now: float) -> processes.Usage:
        usage = processes.usage(self._pids())
        self.peak_memory = max(self.peak_memory, usage.memory_bytes)
        self.most_cpu_seconds = max(self.most_cpu_seconds, usage.cpu_seconds)
        sign_of_life = self.records.look() or usage.blocked > 0
        self.hangs.look(now, usage, alive=sign_of_life)
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
        memory = self.plan.limits.memory_bytes
        where = f"in phase {self.records.phase}"
        if self.stopped:
            return Verdict("infrastructure", "stopped by the driver")
        if usage.memory_bytes > memory:
            text = f"{usage.memory_bytes / 2**30:.2f} GiB resident, limit {memory / 2**30:.2f} GiB"
            return Verdict("out-of-memory", f"{text}, {where}")
        return self._time_is_up(now) or self.hangs.verdict(now, usage, self.records.phase)

    def _time_is_up(self, now: float) -> Verdict | None:
        phase = self.records.phase
        passed = self.time_limit.passed(now, phase)
        if passed is None:
            return None
        name, seconds = passed
        if name == "start limit" and phase == "start":  # no kernel is loaded yet
            return Verdict("infrastructure", f"the harness did not start within {seconds:g} s")
        if verdict := self.hangs.at_limit(now, seconds, f"in phase {phase} ({name})"):
            return verdict
        text = f"still using CPU after {seconds:g} s"
        return Verdict("timeout", f"{text}, in phase {phase} ({name})")

    def _end(self, verdict: Verdict) -> Verdict:
        """End the program; one that does not end by itself is first asked where it is."""
        hangs = verdict.outcome in ("deadlock", "timeout")
        if hangs:
            verdict = Verdict(verdict.outcome, verdict.detail + self.asking.where_it_is())
        self._end_all(0.0 if verdict.outcome == "out-of-memory" else _TERM_GRACE)
        return verdict

    def _look_for_last_records(self, verdict: Verdict | None) -> None:
        """Read the rest; what fails while it is ended is no failure of the program."""
        known = len(self.records.records) if verdict else None
        if verdict:
            self.records.look()
        else:
            self.records.end()
        if known is not None:
            last = self.records.records[known:]
            self.records.records[known:] = [r for r in last if r["event"] != "error"]

    def _end_all(self, grace: float) -> None:
        """End what still runs; a process that no signal ends must not block the run."""
        if not self.immortal:
            self.immortal = processes.end_descendants(grace)

    def _returncode(self, process: "subprocess.Popen[bytes]") -> int | None:
        """None: it is one of those that could not be ended."""
        try:
            return process.wait(_REAP_SECONDS if self.immortal else None)
        except subprocess.TimeoutExpired:
            return None

    def _pids(self) -> list[int]:
        """All processes of the program on this node, even if srun started them."""
        found = processes.descendants()
        if self.plan.batch:
            found += set(processes.marked(f"{_MARK}={self.directory}".encode())) - set(found)
        return found

    def _flags(self, seen: Seen) -> list[str]:
        found = run_flags(seen, self.runnable, self.cores, baseline=self.plan.baseline)
        return sorted({*self.plan.flags, *found})

    def _write_outcome(
        self,
        verdict: Verdict | None,
        flags: list[str],
        returncode: int | None,
        started: str,
        wall: float,
    ) -> None:
        """Write the checked records and, last, the outcome; None leaves that to the driver."""
        ended_by = signal.Signals(-returncode).name if returncode and returncode < 0 else None
        lines = [json.dumps(record, ensure_ascii=False) for record in self.records.records]
        self._sort_by_rank()
        write_atomic(self.directory / attempts.RESULT, "".join(f"{line}\n" for line in lines))
        with contextlib.suppress(OSError):
            remove(self.directory / SCRATCH)
        if not self.records.rejected:  # else they are evidence
            for raw in self.directory.glob(f"{attempts.RAW}*"):
                remove(raw)
        left = f"could not be ended: {', '.join(self.immortal)}" if self.immortal else ""
        if verdict is None:
            if left:
                warn(f"{self.directory}: {left}")
            return
        outcome = Outcome(
            outcome=verdict.outcome,
            detail=f"{verdict.detail}; {left}" if left else verdict.detail,
            flags=tuple(flags),
            exit_code=returncode if returncode is not None and returncode >= 0 else None,
            signal=ended_by,
            wall_seconds=round(wall, 3),
            cpu_seconds=round(self._cpu_seconds_in_all(), 3),
            peak_memory_bytes=self.peak_memory,
            started=started,
            ended=_now(),
            available_cores=self.cores,
        )
        write_record(self.directory / attempts.OUTCOME, outcome)

    def _cpu_seconds_in_all(self) -> float:
        """Of all processes that have ended; of those that srun started, what can be known.

        A process that was killed may end too late to be counted: what was seen of it is.
        """
        used, told = resource.getrusage(resource.RUSAGE_CHILDREN), None
        if self.plan.sacct:
            told = cpu_seconds_of_steps(self.plan.sacct, os.environ.get("SLURM_JOB_ID", ""))
        return max(used.ru_utime + used.ru_stime + (told or 0.0), self.most_cpu_seconds)

    def _sort_by_rank(self) -> None:
        for name in (attempts.STDOUT, attempts.STDERR):
            if self.plan.launched and (self.directory / name).exists():
                text = (self.directory / name).read_text(encoding="utf-8", errors="replace")
                write_atomic(self.directory / name, grouped(text))

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal: the next look, a second later at most, ends the program."""
        self.stopped = True


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _take(lock: TextIO) -> bool:
    """Lock the attempt. Reading its state takes the lock, too, but only for a moment."""
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
    """Run the attempt of a directory, once: a second watchdog leaves it alone."""
    with (directory / attempts.LOCK).open("w") as lock:
        if not _take(lock):
            return 0
        watchdog = Watchdog(directory)
        # Before it counts as started: a signal after that must lead to an outcome.
        signal.signal(signal.SIGTERM, watchdog.stop)
        try:  # the lock may be known on this node only
            (directory / attempts.STARTED).touch(exist_ok=False)
        except FileExistsError:
            return 0
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        watchdog.run()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except UserError as error:
        fail(str(error))
