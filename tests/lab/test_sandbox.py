"""Hostile sessions: what an agent may try, tried for real in the sandbox.

Each is bounded, so that the machine survives a sandbox that does not hold.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from repro import ROOT
from repro.agent import inside
from repro.agent.sandbox import PORT, PYTHON, Limits, Sandbox, open_sandbox
from repro.agent.view import Tools, view_of
from repro.agent.workspace import MAX_FILE_BYTES, bring_out
from repro.container.julia import Julia

from .machine import wait_until
from agent_tools import agent_tools
from conftest import skip

LIMITS = Limits(memory_mib=512, processes=64, disk_mib=64, files=5000)
SECRET = "sk-planted-0123456789"  # noqa: S105 - planted


@pytest.fixture(scope="session")
def tools(julia: Julia) -> Tools:
    return agent_tools(julia)


@dataclass
class Box:
    """A sandbox, and what its commands say."""

    sandbox: Sandbox
    said: Path
    limits: tuple[str, ...] = ()
    timed_out: bool = False

    def sh(self, command: str, seconds: float = 60) -> str:
        """Run a shell's command line."""
        return self._run(["sh", "-c", command], seconds)

    def python(self, program: str) -> str:
        """Run a Python program."""
        return self._run([PYTHON, "-c", textwrap.dedent(program)], 60)

    def _run(self, command: list[str], seconds: float) -> str:
        self.said.unlink(missing_ok=True)
        deadline = time.monotonic() + seconds
        end = self.sandbox.run(
            command, stdin="", stdout=self.said, stderr=self.said, deadline=deadline
        )
        self.limits, self.timed_out = end.limits, end.timed_out
        return self.said.read_text(errors="replace")


FREEZER = Path("/sys/fs/cgroup/freezer")


@contextmanager
def frozen(word: str) -> Iterator[None]:
    """Freeze the process `sleep WORD` as soon as it runs: until this ends nothing can kill it."""
    group = FREEZER / f"repro-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        skip("the freezer of cgroups, version 1, and root")

    def freeze() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = [one for one in processes_with(word) if one.name() == "sleep"]
            if found:
                (group / "tasks").write_text(str(found[0].pid))
                (group / "freezer.state").write_text("FROZEN")
                return
            time.sleep(0.05)

    thread = threading.Thread(target=freeze)
    thread.start()
    try:
        yield
        thread.join()
        assert (group / "tasks").read_text(), "it is still there, frozen"
    finally:
        thread.join()
        (group / "freezer.state").write_text("THAWED")
        assert gone(word)
        wait_until(lambda: not (group / "tasks").read_text(), "it has left the group", 10)
        group.rmdir()


@contextmanager
def a_box(tools: Tools, directory: Path) -> Iterator[Box]:
    directory.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as short,
        socket.socket(socket.AF_UNIX) as gateway,
    ):
        path = Path(short) / "gateway"
        gateway.bind(str(path))
        gateway.listen()
        with open_sandbox(view_of(tools), path, {"/agent/note": "hello"}, LIMITS) as sandbox:
            yield Box(sandbox, directory / "said.txt")


@pytest.fixture
def box(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A sandbox of a driver that has keys in its environment and its home."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "key").write_text(SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("HOME", str(home))
    with a_box(tools, tmp_path / "box") as made:
        yield made


def test_a_process_that_nothing_can_kill_holds_nobody_up(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for a dead disk: the command ends without it, and so does the sandbox."""
    monkeypatch.setattr("repro.agent.sandbox._END_SECONDS", 1.0)
    begin = time.monotonic()
    with frozen("98765"), a_box(tools, tmp_path / "box") as box:
        assert box.sh("sleep 98765 & sleep 5; echo done") == "done\n"
        assert not box.timed_out
    assert time.monotonic() - begin < 50


def processes_with(word: str) -> list[psutil.Process]:
    """Processes of this machine whose command line has the word."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if word in " ".join(process.info["cmdline"] or [])
    ]


def gone(word: str) -> bool:
    """Wait until no process has the word."""
    deadline = time.monotonic() + 30
    while processes_with(word) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes_with(word)


def test_it_sees_its_own_places_and_works_there(box: Box) -> None:
    assert box.sh("pwd; cat /agent/note; echo; id -un; touch x && ls").split() == [
        "/workspace", "hello", "agent", "x",
    ]  # fmt: skip
    assert box.sh("julia -e 'print(1 + 1)'") == "2"
    assert "Read-only" in box.sh("touch /toolchain/x /usr/x")


def test_keys_of_the_driver_are_nowhere(box: Box, tmp_path: Path) -> None:
    assert "No such file" in box.sh(f"cat {tmp_path}/home/key")
    assert SECRET not in box.sh("env; cat /proc/*/environ")
    seen = box.sh(f"grep -rsl {SECRET} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr")
    assert seen == ""
    assert set(box.sh("ls /").split()) <= {
        "agent", "bin", "dev", "etc", "gateway", "inside.py", "lib", "lib32", "lib64", "proc",
        "python", "sbin", "sys", "tmp", "toolchain", "usr", "workspace",
        Path(sys.base_prefix).parts[1],
    }  # fmt: skip


def test_it_does_not_see_the_programs_by_hand_the_tests_or_the_data(box: Box) -> None:
    seen = box.sh(
        "find / -path /proc -prune -o -name '*_threads.jl' -print -o -name SHA256SUMS 2>/dev/null"
    )
    assert seen == ""
    assert "No such file" in box.sh(f"ls {ROOT}")


def test_it_sees_no_other_session(box: Box, tools: Tools, tmp_path: Path) -> None:
    with a_box(tools, tmp_path / "other") as other:
        other.sh("echo mine > /workspace/other-file; echo mine > /tmp/other-file")
        assert box.sh("find / -path /proc -prune -o -name other-file -print 2>/dev/null") == ""
        assert box.sh("ls -d /proc/[0-9]* | wc -l").strip() <= "4"


def test_the_network_is_the_gateway_alone(box: Box) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind("\0repro-test")
        abstract.listen()
        said = box.python(f"""
            import socket
            for place in [("127.0.0.1", {here.getsockname()[1]}), ("192.0.2.1", 80),
                          ("127.0.0.1", {PORT})]:
                try:
                    socket.create_connection(place, 5).close()
                    print("open")
                except OSError as error:
                    print(type(error).__name__)
            try:
                socket.socket(socket.AF_UNIX).connect("\\0repro-test")
                print("open")
            except OSError as error:
                print(type(error).__name__)
        """)
    assert said.split() == ["ConnectionRefusedError", "OSError", "open", "ConnectionRefusedError"]


def test_a_fork_bomb_is_bounded(box: Box) -> None:
    said = box.python("""
        import os, time
        made = 0
        for _ in range(500):
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                made += 1
            except OSError as error:
                print(made, error.strerror)
                break
    """)
    made, _, reason = said.partition(" ")
    assert 0 < int(made) < LIMITS.processes
    assert "temporarily unavailable" in reason
    assert box.sh("echo alive") == "alive\n"


def test_disks_are_bounded(box: Box) -> None:
    for directory in ("/workspace", "/tmp", "/agent"):  # noqa: S108 - the sandbox's own
        said = box.sh(
            f"for i in 1 2 3 4; do dd if=/dev/zero of={directory}/f$i bs=1M count=250; done;"
            f"du -sm {directory} | cut -f1; rm {directory}/f*",
            seconds=300,
        )
        assert "No space left" in said
        assert int(said.split()[-1]) <= LIMITS.disk_mib + 1
    assert "Read-only" in box.sh("touch /x /dev/shm/../../x")
    box.sh("dd if=/dev/zero of=/dev/shm/f bs=1M count=1000")
    assert box.sh("du -sm /dev/shm | cut -f1").strip() <= str(LIMITS.disk_mib + 1)


def test_files_without_end_end_the_command(box: Box) -> None:
    box.python("""
        for n in range(20_000):
            open(f"/tmp/{n}", "w").close()
        import time
        time.sleep(30)
    """)
    assert box.limits == (f"files: more than {LIMITS.files} files",)


def test_memory_is_bounded(box: Box) -> None:
    said = box.sh(f"{PYTHON} -c 'x = bytearray(1 << 30); import time; time.sleep(30)'; echo $?")
    assert "137" in said
    assert len(box.limits) >= 1
    assert box.limits[0].startswith("memory: python")


def test_the_driver_is_out_of_reach(box: Box) -> None:
    said = box.sh(f"kill -9 {os.getpid()}; kill -9 1; kill -STOP 1; kill -9 -1; echo not reached")
    assert "No such process" in said or "Operation not permitted" in said
    assert box.sh("echo alive") == "alive\n"


def test_nothing_that_it_leaves_behind_runs_on(box: Box) -> None:
    said = box.sh("(setsid nohup sleep 98765 >/dev/null 2>&1 &); sleep 0.2; pgrep -f 98765 | wc -l")
    assert int(said) >= 1
    assert gone("sleep 98765")


def test_time_is_bounded(box: Box) -> None:
    box.sh("trap '' TERM INT HUP; setsid sleep 87654 & sleep 87654", seconds=1)
    assert box.timed_out
    assert gone("sleep 87654")
    assert box.sh("echo alive") == "alive\n"


def test_a_killed_driver_takes_its_sandbox_along(tools: Tools) -> None:
    assert tools
    program = textwrap.dedent("""
        import socket, sys, tempfile, time
        from pathlib import Path
        from repro.agent.sandbox import Limits, View, open_sandbox
        with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as gateway:
            path = Path(short) / "gateway"
            gateway.bind(str(path))
            view = View((), {"PATH": "/usr/bin:/bin"})
            with open_sandbox(view, path, {}, Limits()) as box:
                box.run(["sh", "-c", "setsid sleep 76543 & sleep 76543"], stdin="",
                        stdout=Path(short) / "o", stderr=Path(short) / "o",
                        deadline=time.monotonic() + 100)
    """)
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as driver:
        deadline = time.monotonic() + 30
        while len(processes_with("sleep 76543")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(processes_with("sleep 76543")) >= 2
        driver.send_signal(signal.SIGKILL)
    assert gone("sleep 76543")


def test_files_come_out_as_they_are_and_links_do_not(box: Box, tmp_path: Path) -> None:
    box.python(f"""
        import os
        os.makedirs("a/b")
        open("a/b/deep", "wb").write(b"\\x00\\xff\\r\\n")
        open("k.jl", "w").write("k")
        os.symlink("/etc/passwd", "link")
        os.symlink("/", "a/root")
        os.mkfifo("pipe")
        open("large", "wb").truncate({MAX_FILE_BYTES + 1})
        open(b"bad\\xff", "w").close()
        os.chmod("k.jl", 0)
    """)
    left_out = bring_out(box.sandbox.workspace, tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")): path.read_bytes()
             for path in (tmp_path / "out").rglob("*") if path.is_file()}  # fmt: skip
    assert found == {"a/b/deep": b"\x00\xff\r\n", "k.jl": b"k"}
    assert [line.split(":")[0] for line in left_out] == [
        "'bad\\udcff'", "a/root", "large", "link", "pipe",
    ]  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="is what all other tests are, where nobody is root")
def test_it_holds_for_a_user_who_is_not_root(tools: Tools) -> None:
    """In a user namespace; that user reads neither root's home nor this checkout, so a copy."""
    assert tools
    plain = "/usr/bin/python3"
    if not Path(plain).exists():
        skip(f"Python of the system ({plain})")
    program = textwrap.dedent("""
        import socket, time
        from pathlib import Path
        from repro.agent.sandbox import Limits, View, open_sandbox
        gateway = socket.socket(socket.AF_UNIX)
        gateway.bind("gateway")
        view = View((), {"PATH": "/usr/bin:/bin"})
        said = Path("said")
        with open_sandbox(view, Path("gateway"), {}, Limits(processes=20)) as box:
            box.run(["sh", "-c", "id -un; cat /proc/self/status | grep CapEff; touch /workspace/x;"
                     "ls /workspace; for i in $(seq 99); do sleep 60 & done; echo not reached"],
                    stdin="", stdout=said, stderr=said, deadline=time.monotonic() + 60)
        print(said.read_text())
    """)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.chmod(0o777)
        for file in ("__init__.py", "errors.py", "text.py", "agent/__init__.py", "agent/inside.py",
                     "agent/sandbox.py"):  # fmt: skip
            (place / "repro" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "repro" / file, place / "repro" / file)
        said = subprocess.run(
            [plain, "-c", program], cwd=place, user=4321, group=4321, extra_groups=[],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert said.stdout.split()[:4] == ["agent", "CapEff:", "0" * 16, "x"], said.stderr
    assert "fork" in said.stdout


def test_the_first_process_imports_the_standard_library_only() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import inside"
    directory = Path(inside.__file__).parent
    assert (
        subprocess.run([sys.executable, "-I", "-S", "-c", code, directory], check=False).returncode
        == 0
    )
