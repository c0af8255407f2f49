"""The first process of a sandbox: enforces its limits, runs commands, connects to the gateway.

It is process 1 of the sandbox: nothing inside can end it, and its own end ends all others. It gives
up all its rights before anything of the agent's runs. It uses the standard library only, because it
is started as a file; a socket pair is its only channel to the driver (`repro.agent.sandbox`).
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 1 << 17
_PIECE = 1 << 16
_WATCH_SECONDS = 0.2
_END_SECONDS = 5.0
"""For processes to disappear after they were killed; one that waits for a device may not."""
_REAP_SECONDS = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SET_PARENT_DEATH, _SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES = 1, 4, 38  # prctl(2)


@dataclass(frozen=True)
class Settings:
    """The driver's first message: what the sandbox is like."""

    uid: int
    """The agent's user and group."""

    files: dict[str, str]
    """Contents of files that the agent owns, by absolute path."""

    workspace: str
    directories: list[str]
    """The file systems that the agent can write to."""

    port: int
    """The port of 127.0.0.1 where the agent finds the gateway."""

    gateway: str
    """The gateway's UNIX socket."""

    processes: int
    """Processes and threads at most."""

    memory: int
    """Bytes of all processes and files at most."""

    disk: int
    """Bytes of each of the file systems."""

    max_files: int
    """Files and directories at most."""


@dataclass(frozen=True)
class Order:
    """The driver's later messages: run a command, or end all that runs."""

    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    kill: bool = False


@dataclass(frozen=True)
class Report:
    """The sandbox's messages; the first one says that it is ready."""

    exit: int | None = None
    """Exit code of the command, negative for a signal; None: it has not ended."""

    limit: str | None = None
    """A limit that was reached."""

    detail: str = ""
    """More about the limit, in one line."""


def encoded(message: Settings | Order | Report) -> bytes:
    """A message as it goes over the socket."""
    return json.dumps(asdict(message)).encode()


def main() -> None:
    """Serve the driver until it hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    settings = Settings(**json.loads(control.recv(MESSAGE_BYTES)))
    hold_limits(settings)
    give_up_rights(settings.uid)
    for path, text in settings.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    os.chdir(settings.workspace)
    forward(settings.port, settings.gateway)
    watch = Watch(control, settings)
    threading.Thread(target=watch.forever, daemon=True).start()
    handle = os.open(settings.workspace, os.O_RDONLY | os.O_DIRECTORY)
    socket.send_fds(control, [encoded(Report())], [handle])
    os.close(handle)
    serve(control)
    os._exit(0)  # process 1: the kernel ends all others


def give_up_rights(uid: int) -> None:
    """Become an ordinary user, if this is root; nobody inside can trace or stop this process."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_SET_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)  # forgotten when the user changed
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def hold_limits(settings: Settings) -> None:
    """Set the limits that the kernel enforces on everything inside."""
    for kind, limit in (
        (resource.RLIMIT_NPROC, settings.processes),
        (resource.RLIMIT_FSIZE, settings.disk),
        (resource.RLIMIT_NOFILE, 4096),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    # If the machine runs out of memory, the sandbox is ended first.
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


class Watch:
    """Enforces the limits that the kernel does not: memory in all, and the number of files."""

    def __init__(self, control: socket.socket, settings: Settings) -> None:
        self.control = control
        self.settings = settings

    def forever(self) -> None:
        """Check again and again, until the sandbox ends."""
        while True:
            self.look()
            time.sleep(_WATCH_SECONDS)

    def look(self) -> None:
        """End the largest process if all use too much memory; all, if there are too many files."""
        sizes = resident()
        if sum(sizes.values()) > self.settings.memory:  # shared memory was counted several times
            sizes = {process: proportional(process) for process in sizes}
        disks = [os.statvfs(path) for path in self.settings.directories]
        on_disk = sum((disk.f_blocks - disk.f_bfree) * disk.f_frsize for disk in disks)
        if sum(sizes.values()) + on_disk > self.settings.memory and sizes:
            largest = max(sizes, key=lambda process: sizes[process])
            name = _name(largest)
            kill(largest)
            self.report("memory", f"{name} had {sizes[largest] >> 20} MiB")
        if sum(disk.f_files - disk.f_ffree for disk in disks) > self.settings.max_files:
            kill(-1)
            self.report("files", f"more than {self.settings.max_files} files")

    def report(self, limit: str, detail: str) -> None:
        """Tell the driver that a limit was reached."""
        self.control.send(encoded(Report(limit=limit, detail=detail)))


def resident() -> dict[int, int]:
    """Resident bytes of every process inside except this one."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            try:
                pages = Path(f"/proc/{name}/statm").read_text(encoding="ascii").split()[1]
            except OSError:  # it has ended
                continue
            found[int(name)] = int(pages) * _PAGE
    return found


def proportional(process: int) -> int:
    """Resident bytes of a process; shared memory is divided among the processes that share it."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"


def kill(process: int) -> None:
    """End a process; with -1, all except this one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def serve(control: socket.socket) -> None:
    """Run the driver's commands, one at a time, until it hangs up."""
    while True:
        message, handles, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 3)
        if not message:
            return
        order = Order(**json.loads(message))
        if order.kill:
            kill(-1)
            continue
        process = _start(order, handles)
        for handle in handles:
            os.close(handle)
        threading.Thread(target=_wait, args=(control, process), daemon=True).start()


def _start(order: Order, handles: list[int]) -> int:
    """Start a command; 0: it cannot be started."""
    actions: list[Any] = [
        (os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(handles)
    ]
    actions += [(os.POSIX_SPAWN_CLOSE, handle) for handle in handles]
    try:
        return os.posix_spawnp(
            order.command[0],
            order.command,
            order.environment,
            file_actions=actions,
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE],
        )
    except OSError as error:
        os.write(handles[2], f"{order.command[0]}: {error.strerror}\n".encode())
        return 0


def _wait(control: socket.socket, process: int) -> None:
    """Reap processes until the command has ended, and all that it left running with it."""
    code = 127
    deadline = None if process else time.monotonic()
    while deadline is None or time.monotonic() < deadline:
        try:
            ended, status = os.waitpid(-1, 0 if deadline is None else os.WNOHANG)
        except ChildProcessError:
            break
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            kill(-1)
            deadline = time.monotonic() + _END_SECONDS
        elif not ended:
            time.sleep(_REAP_SECONDS)
    control.send(encoded(Report(exit=code)))


def forward(port: int, gateway: str) -> None:
    """Connect a port of 127.0.0.1 to the gateway's socket."""
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    threading.Thread(target=_accept, args=(listener, gateway), daemon=True).start()


def _accept(listener: socket.socket, gateway: str) -> None:
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers come in small pieces
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(gateway)
        except OSError:
            client.close()
            server.close()
            continue
        for pair in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes; each direction ends by itself, as in TCP."""
    try:
        while data := source.recv(_PIECE):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
