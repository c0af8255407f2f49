"""The sandbox of an agent, which sees only its workspace, the toolchain and the gateway in it.

Bubblewrap makes it: private mount, process, network, IPC and host name spaces, no capabilities and
an empty environment; everything in it ends with the driver. Its workspace, home and /tmp are file
systems in memory with a fixed size. `repro.agent.inside` is its first process.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from repro.agent import inside
from repro.errors import UserError

WORKSPACE, HOME = "/workspace", "/agent"
GATEWAY = "/gateway"
PYTHON = "/python"
PORT = 4000
"""Port of 127.0.0.1 in the sandbox where the gateway listens."""

UID = 61000
"""The agent's user and group in every sandbox; hopefully nobody else's."""

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
"""More than any session prints; the rest of a hostile one's output is dropped."""
_PIECE = 1 << 16


@dataclass(frozen=True)
class Limits:
    """What a session may use."""

    # As StrictRecord, but this module needs no more than the standard library.
    __pydantic_config__: ClassVar = {"extra": "forbid"}

    memory_mib: int = 4096
    """Resident memory of all processes, and of the files, which are in memory too."""

    processes: int = 512
    """Processes and threads."""

    disk_mib: int = 512
    """Size of the workspace, of home, of /tmp and of /dev/shm, each."""

    files: int = 200_000
    """Files and directories in all."""


@dataclass(frozen=True)
class View:
    """What can be seen of this machine, read-only, besides /usr."""

    binds: tuple[tuple[Path, str], ...] = ()
    """Pairs of a path here and its path in the sandbox."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment."""


@dataclass(frozen=True)
class End:
    """How a command in the sandbox ended."""

    code: int | None
    """Exit code, negative for a signal; None: the sandbox itself ended."""

    timed_out: bool
    limits: tuple[str, ...]
    """Limits that it reached, one line each."""


class Sandbox:
    """A running sandbox, made by `open_sandbox`."""

    def __init__(self, control: socket.socket, view: View, workspace: int) -> None:
        self.control = control
        self.view = view
        self.workspace = workspace
        """A descriptor of the workspace, which can be read even after the sandbox has ended."""

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
        """Run a command in the workspace; processes that it leaves running are ended.

        Args:
            command: the command.
            stdin: the text on its standard input.
            stdout: the file that its output is appended to as it comes.
            stderr: the same for its error output.
            deadline: when it is ended, on the clock of `time.monotonic`.
            piped: False gives it the file `stdout` itself, for a program that ends before a pipe
                has taken all its output; the limit on the size of files applies.
        """
        order = inside.Order(command, dict(self.view.environment))
        with tempfile.TemporaryFile() as told:
            told.write(stdin.encode())
            told.seek(0)
            output = _copied(stdout) if piped else _opened(stdout)
            with output as out, _copied(stderr) as err:
                handles = [told.fileno(), out, err]
                try:
                    socket.send_fds(self.control, [inside.encoded(order)], handles)
                except OSError:
                    return End(None, timed_out=False, limits=())
                try:
                    return self._wait(deadline)
                except BaseException:
                    self.control.shutdown(socket.SHUT_RDWR)  # ends the sandbox
                    raise

    def _wait(self, deadline: float) -> End:
        limits: list[str] = []
        timed_out = False
        while True:
            ready, _, _ = select.select([self.control], [], [], max(0, deadline - time.monotonic()))
            if not ready and timed_out:
                return End(None, timed_out, tuple(limits))
            if not ready:
                timed_out, deadline = True, time.monotonic() + _END_SECONDS
                self.control.send(inside.encoded(inside.Order(kill=True)))
                continue
            report = self._hear()
            if report is None or report.exit is not None:
                return End(report.exit if report else None, timed_out, tuple(limits))
            limits.append(f"{report.limit}: {report.detail}")

    def _hear(self) -> inside.Report | None:
        """The next message; None: the sandbox has ended."""
        try:
            text = self.control.recv(inside.MESSAGE_BYTES)
        except OSError:
            text = b""
        return inside.Report(**json.loads(text)) if text else None

    @classmethod
    def greet(cls, control: socket.socket, view: View, settings: inside.Settings) -> Self | None:
        """The sandbox at the other end of `control`, when it is ready; None: it never is."""
        control.settimeout(_START_SECONDS)
        try:
            control.send(inside.encoded(settings))
            message, handles, _, _ = socket.recv_fds(control, inside.MESSAGE_BYTES, 1)
        except OSError:
            return None
        control.settimeout(None)
        return cls(control, view, handles[0]) if message else None


@contextmanager
def open_sandbox(
    view: View, gateway: Path, files: Mapping[str, str], limits: Limits
) -> Iterator[Sandbox]:
    """A sandbox that lasts as long as the context.

    Args:
        view: what can be seen of this machine.
        gateway: the gateway's UNIX socket.
        files: contents of files in the sandbox that the agent owns, by absolute path.
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
            "bwrap: not on PATH; install it (Debian: apt-get install bubblewrap): it makes the "
            "sandbox that agents run in"
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
    """Is this root, and does UID exist? In a container it may not."""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    ranges = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    known = any(first <= UID < first + count for first, count in ranges)
    return os.geteuid() == 0 and known


def _read_only(view: View, private: Path) -> list[str]:
    """The mounts of what can be seen, and directories above them that everybody may enter."""
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
    """The Python of this process; it finds its library only at the same path in the sandbox."""
    return str(Path(sys.executable).resolve())


def _settings(files: Mapping[str, str], limits: Limits) -> inside.Settings:
    return inside.Settings(
        uid=UID,
        files=dict(files),
        workspace=WORKSPACE,
        directories=list(_WRITABLE),
        port=PORT,
        gateway=GATEWAY,
        processes=limits.processes,
        memory=limits.memory_mib << 20,
        disk=limits.disk_mib << 20,
        max_files=limits.files,
    )


def _does_not_start(log: Path) -> UserError:
    said = log.read_text(errors="replace").strip().splitlines() or ["it does not answer"]
    return UserError(
        f"the sandbox does not start ({said[-1]}); unless it is root, bwrap needs user namespaces: "
        "ask the administrator to allow them, or run this as root"
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for its first process, which ends with the connection, and all others with it."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
        return
    process.kill()
    with suppress(subprocess.TimeoutExpired):  # the kernel ends it when its device answers
        process.wait(_END_SECONDS)


@contextmanager
def _copied(path: Path) -> Iterator[int]:
    """A descriptor to write to; what is written is appended to the file, up to a limit."""
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
