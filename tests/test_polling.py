"""Threads that wait inside a real MPI are told from threads that compute, and go on afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from repro import ROOT
from repro.container.mpi import find_mpi
from repro.measure import processes
from repro.measure.polling import Polling

from conftest import skip

WAITS = """
import ctypes, sys
mpi = ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
mpi.MPI_Init(None, None)
world = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_comm_world"))
byte = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_byte"))
print("ready", flush=True)
mpi.MPI_Recv(ctypes.create_string_buffer(1), 1, byte, 0, 7, world, None)
"""
COMPUTES = """
print("ready", flush=True)
for turn in range(10**9):
    pass
"""

LOOKS_AT_ITSELF = """
import ctypes, os, sys, threading, time
from repro.measure import processes
from repro.measure.polling import Polling
mpi, polling = ctypes.CDLL(sys.argv[1]), Polling()
threading.Thread(target=lambda: all(True for _ in range(10**12)), daemon=True).start()
for turn in range(4):
    time.sleep(0.5)
    polling.look(time.monotonic(), processes.usage([os.getpid()]).each)
print(polling.seconds)
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator[int]:
    """A Python that runs this; its process."""
    line = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        assert process.poll() is None, "it was only looked at"
        process.kill()


def polled(pids: list[int], looks: int = 4) -> tuple[float, float]:
    """How long their threads wanted cores meanwhile: only to wait in MPI, and in all."""
    polling, begin = Polling(), time.monotonic()
    first = processes.usage(pids).wanted_seconds
    for _ in range(looks):
        usage = processes.usage(pids)
        polling.look(time.monotonic() - begin, usage.each)
        time.sleep(0.3)
    return polling.seconds, usage.wanted_seconds - first


@pytest.fixture
def library() -> str:
    """Open MPI's library, which can start a process without a launcher."""
    mpi = find_mpi()
    if mpi is None or mpi.library is None:
        skip("Open MPI")
    assert mpi
    return str(mpi.library)


def test_a_process_that_waits_in_mpi_polls_and_one_that_computes_does_not(library: str) -> None:
    with running(WAITS, library) as waits, running(COMPUTES) as computes:
        waited, wanted = polled([waits])
        assert waited > 0.4 * wanted > 0.1
        assert polled([computes])[0] == 0


def test_a_thread_that_has_ended_does_not_wait() -> None:
    polling = Polling()
    for now in (0.0, 1.0, 2.0):
        polling.look(now, [processes.Thread(2**30, 2**30, "R", now)])
    assert polling.seconds == 0


def test_a_thread_that_may_not_be_stopped_may_wait(library: str) -> None:
    # No process may stop a thread of its own.
    line = [sys.executable, "-c", LOOKS_AT_ITSELF, library]
    answer = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    assert float(answer.stdout) > 0


def test_threads_count_where_the_system_does_not_count_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = processes._read  # noqa: SLF001 - what the system has is what changes

    def without_schedstat(path: str) -> str:
        if path.endswith("schedstat"):
            raise FileNotFoundError(path)
        return read(path)

    before = processes.usage([os.getpid()])
    monkeypatch.setattr(processes, "_read", without_schedstat)
    found = processes.usage([os.getpid()])
    assert found.threads == before.threads > 0
    assert 0 < found.wanted_seconds <= sum(os.times()[:2]) + 0.1
