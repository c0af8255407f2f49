"""A place where an agent can do what it likes: it sees its workspace, the toolchain, the gateway.

Bubblewrap makes it: private mount, process, network, IPC and host name spaces, no capabilities, an
empty environment, and everything in it ends with the driver. Its workspace, home and /tmp are file
systems in memory, of a fixed size. `repro.agent.inside` is its first process.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from repro.agent import inside
from repro.errors import UserError

WORKSPACE, HOME = "/workspace", "/agent"
GATEWAY = "/gateway"
PYTHON = "/python"
PORT = 4000
"""Of 127.0.0.1 in the sandbox, where the gateway is."""

UID = 61000
"""The agent's user and group in every sandbox; of nobody else, one may hope."""

_ETC = {
    "passwd": f"agent:x:{UID}:{UID}::{HOME}:/bin/sh\n",
    "group": f"agent:x:{UID}:\n",
    "hosts": "127.0.0.1 localhost\n",
}
_SHOWN = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/openmpi", "/sys/devices/system")
_WRITABLE = (WORKSPACE, HOME, "/tmp", "/dev/shm")  # noqa: S108 - the sandbox's own
_INSIDE = "/inside.py"
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64")
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_OUTPUT_BYTES = 256 << 20
"""More than any session says; what a hostile one says beyond it is dropped."""
_PIECE = 1 << 16


@dataclass(frozen=True)
class Limits:
    """What a session may use."""

    memory_mib: int = 4096
    """Resident memory of all its processes and its files, which are in memory too."""

    processes: int = 512
    """Processes and threads."""

    disk_mib: int = 512
    """Of the workspace, of home, of /tmp and of /dev/shm each."""

    files: int = 200_000
    """Files and directories in all."""


@dataclass(frozen=True)
class View:
    """What is seen of this machine, read-only, besides /usr."""

    binds: tuple[tuple[Path, str], ...] = ()
    """Path here, path in the sandbox."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """All of the environment."""


@dataclass(frozen=True)
class End:
    """How a command in the sandbox ended."""

    code: int | None
    """Exit code, negative for a signal; None: the sandbox itself ended."""

    timed_out: bool
    limits: tuple[str, ...]
    """Limits that it ran into, one line each."""


class Sandbox:
    """One that runs; made by `open_sandbox`."""

    def __init__(self, control: socket.socket, view: View, workspace: int) -> None:
        self.control = control
        self.view = view
        self.workspace = workspace
        """The directory, open: it can be read even when the sandbox has ended."""

    def run(
        self,
        command: list[str],
        *,
        stdin: str,
        stdout: Path,
        stderr: Path,
        deadline: float,
        piped: bool = True,
    ) -> End:
        """Run a command in the workspace; what it leaves running is ended with it.

        Args:
            command: the command.
            stdin: what it reads.
            stdout: file that its output is added to as it comes; likewise `stderr`.
            stderr: see `stdout`.
            deadline: when it is ended, on the clock of `time.monotonic`.
            piped: False gives it `stdout` itself, for a program that ends before a pipe has taken
                all that it says; the limit of a file's size bounds it.
        """
        asked = {"command": command, "environment": dict(self.view.environment)}
        with tempfile.TemporaryFile() as told:
            told.write(stdin.encode())
            told.seek(0)
            output = _copied(stdout) if piped else _opened(stdout)
            with output as out, _copied(stderr) as err:
                handles = [told.fileno(), out, err]
                try:
                    socket.send_fds(self.control, [json.dumps(asked).encode()], handles)
                except OSError:
                    return End(None, timed_out=False, limits=())
                try:
                    return self._wait(deadline)
                except BaseException:
                    self.control.shutdown(socket.SHUT_RDWR)  # the sandbox ends, and its output
                    raise

    def _wait(self, deadline: float) -> End:
        limits: list[str] = []
        timed_out = False
        while True:
            message = self._hear(deadline)
            if message is None and not timed_out:
                timed_out, deadline = True, time.monotonic() + _END_SECONDS
                self.control.send(b'{"kill": true}')
            elif not message:
                return End(None, timed_out, tuple(limits))
            elif "limit" in message:
                limits.append(f"{message['limit']}: {message['detail']}")
            else:
                return End(message["exit"], timed_out, tuple(limits))

    def _hear(self, deadline: float) -> dict[str, Any] | None:
        """The next message; None: none came in time; empty: none will."""
        ready, _, _ = select.select([self.control], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return None
        try:
            text = self.control.recv(inside.MESSAGE_BYTES)
        except OSError:
            text = b""
        found: dict[str, Any] = json.loads(text or b"{}")
        return found

    @classmethod
    def greet(cls, control: socket.socket, view: View, settings: Mapping[str, Any]) -> Self | None:
        """The sandbox at the other end of `control`, once it says that it is ready."""
        control.settimeout(_START_SECONDS)
        try:
            control.send(json.dumps(settings).encode())
            message, handles, _, _ = socket.recv_fds(control, inside.MESSAGE_BYTES, 1)
        except OSError:
            return None
        control.settimeout(None)
        return cls(control, view, handles[0]) if message else None


@contextmanager
def open_sandbox(
    view: View, gateway: Path, files: Mapping[str, str], limits: Limits
) -> Iterator[Sandbox]:
    """A sandbox, as long as the context lasts.

    Args:
        view: what is seen of this machine.
        gateway: UNIX socket of the gateway.
        files: content of files in it that the agent owns, by absolute path.
        limits: what it may use.

    Raises:
        UserError: there is no Bubblewrap, or it cannot make a sandbox here.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryDirectory(prefix="repro-") as name, ours:
        private = Path(name)
        for path, text in _ETC.items():
            (private / path).write_text(text, encoding="utf-8")
        gateway.chmod(0o666)  # the agent is another user, where the driver is root
        log = private / "bwrap.txt"
        with theirs, log.open("wb") as stream:
            process = subprocess.Popen(
                bubblewrap(view, gateway, private, limits, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            sandbox = Sandbox.greet(ours, view, _settings(files, limits))
            if sandbox is None:
                raise _does_not_start(log)
            try:
                yield sandbox
            finally:
                os.close(sandbox.workspace)
        finally:
            ours.close()
            _end(process)


def bubblewrap(view: View, gateway: Path, private: Path, limits: Limits, control: int) -> list[str]:
    """The command that starts a sandbox.

    Raises:
        UserError: Bubblewrap is not on PATH.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise UserError(
            "bwrap: not on PATH; install it (Debian: apt-get install bubblewrap), agents run in "
            "its sandbox"
        )
    words = [found, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if not _can_change_user():  # else `inside` becomes another user
        words += ["--unshare-user", "--uid", str(UID), "--gid", str(UID)]
    words += ["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    words += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    for directory in _WRITABLE:
        words += ["--perms", "0777", "--size", str(limits.disk_mib << 20), "--tmpfs", directory]
    words += ["--bind", str(gateway.absolute()), GATEWAY]
    words += _read_only(view, private)
    words += ["--symlink", _python(), PYTHON]
    return [
        *words,
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--",
        PYTHON,
        "-I",
        "-S",
        _INSIDE,
        str(control),
    ]


def _can_change_user() -> bool:
    """Is this root, and not only that of a container, which may know no other user?"""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    ranges = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    known = any(first <= UID < first + count for first, count in ranges)
    return os.geteuid() == 0 and known


def _read_only(view: View, private: Path) -> list[str]:
    """What is seen of this machine, and directories that everybody may enter for it."""
    binds = [(Path(shown), shown) for shown in _SHOWN if Path(shown).exists()]
    binds += [(private / name, f"/etc/{name}") for name in _ETC]
    binds += [*view.binds, (Path(inside.__file__), _INSIDE)]
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        binds.append((Path(sys.base_prefix), sys.base_prefix))
    parents = {str(parent) for _, there in binds for parent in Path(there).parents}
    words = []
    for parent in sorted(parents - {"/"}):
        words += ["--perms", "0755", "--dir", parent]
    for here, there in binds:
        words += ["--ro-bind", str(here.absolute()), there]
    return words


def _python() -> str:
    """The Python of this process, which the sandbox has at the same path: it knows its own."""
    return str(Path(sys.executable).resolve())


def _settings(files: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    return {
        "uid": UID,
        "files": dict(files),
        "workspace": WORKSPACE,
        "directories": _WRITABLE,
        "port": PORT,
        "gateway": GATEWAY,
        "processes": limits.processes,
        "memory": limits.memory_mib << 20,
        "disk": limits.disk_mib << 20,
        "max_files": limits.files,
    }


def _does_not_start(log: Path) -> UserError:
    said = log.read_text(errors="replace").strip().splitlines() or ["it does not answer"]
    return UserError(
        f"the sandbox does not start ({said[-1]}); bwrap needs user namespaces where it is not "
        "root: ask the administrator, or run this as root"
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Its first process ends when the driver hangs up, and all the others with it."""
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _copied(path: Path) -> Iterator[int]:
    """A handle to write to; what is written is added to the file, up to a bound."""
    reader, writer = os.pipe()
    thread = threading.Thread(target=_copy, args=(reader, path), daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        os.close(writer)
        thread.join(_END_SECONDS)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with path.open("ab", buffering=0) as target:
        yield target.fileno()


def _copy(reader: int, path: Path) -> None:
    left = _OUTPUT_BYTES
    with path.open("ab", buffering=0) as target:
        while data := os.read(reader, _PIECE):
            target.write(data[:left])
            left = max(0, left - len(data))
    os.close(reader)
