"""The watchdog's parts: the record chain, process trees, captured output, the static check."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro import ROOT
from repro.measure import attempts
from repro.measure.harness_records import RecordReader
from repro.measure.outcomes import Outcome
from repro.measure.plan import Limits
from repro.measure.streams import CAP_BYTES, Captured
from repro.records import read_record, write_record
from repro.study.names import Program

from conftest import skip
from trials import plan_of

TOKEN = "5ec4e7"  # noqa: S105 - of these tests only


def chained(events: list[str], token: str = TOKEN) -> list[bytes]:
    """Lines as the harness writes them."""
    mac, lines = "", []
    for event in events:
        text = json.dumps({"event": event})
        digest = hmac.new(token.encode(), (mac + text).encode(), hashlib.sha256)
        mac = digest.hexdigest()[:32]
        lines.append(f"{text}\t{mac}\n".encode())
    return lines


def read(path: Path, content: bytes) -> RecordReader:
    path.write_bytes(content)
    reader = RecordReader(path, TOKEN)
    reader.look()
    return reader


@given(cuts=st.lists(st.integers(0, 400), max_size=5), events=st.lists(st.text(max_size=9)))
def test_records_are_the_same_however_the_file_grows(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], events: list[str]
) -> None:
    path = tmp_path_factory.mktemp("records") / "raw"
    content = b"".join(chained(events))
    reader = RecordReader(path, TOKEN)
    for cut in sorted({*cuts, len(content)}):
        path.write_bytes(content[:cut])
        reader.look()
    assert [record["event"] for record in reader.records] == events
    assert reader.rejected == []


@given(data=st.data())
def test_no_single_change_of_the_file_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines = chained(["start", "begin", "repetition", "end"])
    index = data.draw(st.integers(0, len(lines) - 2))
    forged = chained(["end"], token="guessed")  # noqa: S106 - a guess is the point
    changed = data.draw(
        st.sampled_from(
            [
                lines[:index] + lines[index + 1 :],
                [*lines[: index + 1], *lines[index:]],
                [*lines[: index + 1], *forged, *lines[index + 1 :]],
                [*lines[:index], lines[index].replace(b"{", b"{ "), *lines[index + 1 :]],
            ]
        )
    )
    path = tmp_path_factory.mktemp("records") / "raw"
    assert read(path, b"".join(changed)).rejected


def test_truncation_is_noticed_and_a_line_half_written_is_not_held_against_a_program(
    tmp_path: Path,
) -> None:
    content = b"".join(chained(["start", "begin", "end"]))
    assert read(tmp_path / "a", content[:-5]).rejected == []
    reader = read(tmp_path / "b", content)
    (tmp_path / "b").write_bytes(b"")
    reader.look()
    assert reader.rejected


BOMB = """
import os, subprocess, sys, time
from repro.measure import processes
import ctypes
ctypes.CDLL(None).prctl(36, 1)
script = "trap '' TERM; while :; do (setsid sleep 60 &) ; sleep 0.01; done"
subprocess.Popen(["sh", "-c", script], start_new_session=True)
time.sleep(1)
before = len(processes.descendants())
processes.end_descendants(0.2)
time.sleep(0.3)
after = processes.usage(processes.descendants())
print(before, after.runnable + after.blocked)
"""


def test_a_program_that_detaches_and_multiplies_is_ended_whole() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", BOMB], capture_output=True, text=True, check=True, cwd=ROOT
    )
    before, after = map(int, answer.stdout.split())
    assert before > 10
    assert after == 0


@pytest.mark.parametrize("size", [0, 10, CAP_BYTES, CAP_BYTES + 1, 2 * CAP_BYTES, 5 * CAP_BYTES])
def test_output_is_kept_whole_or_cut_in_the_middle(size: int, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    file = (tmp_path / "out").open("wb", buffering=0)
    captured = Captured(os.fdopen(read_end, "rb"), file, lambda: None)
    content = bytes(index % 251 for index in range(size))
    with os.fdopen(write_end, "wb") as stream:
        stream.write(content)
    captured.finish(10)
    deadline = time.monotonic() + 5
    while captured.total < size and time.monotonic() < deadline:
        time.sleep(0.01)
    cut = content if size <= 2 * CAP_BYTES else content[:CAP_BYTES] + content[-CAP_BYTES:]
    assert captured.kept() == cut.decode(errors="replace")
    kept = (tmp_path / "out").read_bytes()
    if size <= 2 * CAP_BYTES:
        assert kept == content
    else:
        assert kept.startswith(content[:CAP_BYTES])
        assert kept.endswith(content[-CAP_BYTES:])
        assert f"{size - 2 * CAP_BYTES} bytes left out".encode() in kept


GEMM = Program("m", "gemm", "threads", 0)
CHOLESKY = Program("m", "cholesky", "threads", 0)


FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.fixture
def freezer() -> Iterator[Path]:
    """A control group whose processes can be frozen: in state D, where SIGKILL has to wait."""
    if not os.access(FREEZER, os.W_OK):
        skip("a freezer of control groups, version 1, that one may write to")
    group = Path(tempfile.mkdtemp(prefix="repro-", dir=FREEZER))
    yield group
    (group / "freezer.state").write_text("THAWED")
    deadline = time.monotonic() + 10
    while (group / "tasks").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


def test_what_cannot_be_ended_holds_up_no_run(freezer: Path, tmp_path: Path) -> None:
    """A process in state D, which SIGKILL does not end: the attempt has an outcome all the same."""
    script = f"echo $$ >{freezer}/tasks; echo FROZEN >{freezer}/freezer.state; sleep 100"
    limits = Limits(time_s=1.0, stall_s=60.0, memory_bytes=2**30)
    command = ("/bin/sh", "-c", script)
    env = {"PATH": "/usr/bin:/bin"}
    plan = plan_of("a/pi/threads/0@1x1x1", command=command, env=env, limits=limits)
    write_record(tmp_path / attempts.ATTEMPT, plan)
    begin = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "repro.measure.watchdog", tmp_path],
        cwd=ROOT, timeout=60, check=True,
    )  # fmt: skip
    assert time.monotonic() - begin < 30
    (frozen,) = (freezer / "tasks").read_text().split()
    found = read_record(Outcome, tmp_path / attempts.OUTCOME)
    assert found.outcome == "timeout"
    assert found.detail.endswith(f"; could not be ended: sh (process {frozen}, state D)")
    assert (found.exit_code, found.signal) == (None, None)
