"""The first process of a sandbox: holds its limits, runs commands in it, leads to the gateway.

It is process 1 of the sandbox, so that nothing inside can end it and its own end ends all. It gives
up every right it has before anything of the agent's runs. Standard library only: it is started as a
file, with the driver's end of a socket pair as its one channel (`repro.agent.sandbox`).
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
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 1 << 17
_PIECE = 1 << 16
_WATCH_SECONDS = 0.2
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SET_PARENT_DEATH, _SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES = 1, 4, 38  # prctl(2)


def main() -> None:
    """Serve the driver until it hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    settings = json.loads(control.recv(MESSAGE_BYTES))
    hold_limits(settings)
    give_up_rights(settings["uid"])
    for path, text in settings["files"].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    os.chdir(settings["workspace"])
    forward(settings["port"], settings["gateway"])
    watch = Watch(control, settings)
    threading.Thread(target=watch.forever, daemon=True).start()
    handle = os.open(settings["workspace"], os.O_RDONLY | os.O_DIRECTORY)
    socket.send_fds(control, [b'{"ready": true}'], [handle])
    os.close(handle)
    serve(control)
    os._exit(0)  # process 1: the kernel ends all others


def give_up_rights(uid: int) -> None:
    """Become an ordinary user, if this is root; whom nobody inside can trace or stop."""
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


def hold_limits(settings: dict[str, Any]) -> None:
    """What the kernel holds everybody inside to."""
    for kind, limit in (
        (resource.RLIMIT_NPROC, settings["processes"]),
        (resource.RLIMIT_FSIZE, settings["disk"]),
        (resource.RLIMIT_NOFILE, 4096),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    # Where the machine runs out of memory, the sandbox goes first.
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


class Watch:
    """What the kernel does not hold them to: memory in all, and the number of files."""

    def __init__(self, control: socket.socket, settings: dict[str, Any]) -> None:
        self.control = control
        self.memory = settings["memory"]
        self.files = settings["max_files"]
        self.directories = settings["directories"]

    def forever(self) -> None:
        """Look, and look again."""
        while True:
            self.look()
            time.sleep(_WATCH_SECONDS)

    def look(self) -> None:
        """End the largest process if all need too much memory, all if there are too many files."""
        sizes = resident()
        if sum(sizes.values()) > self.memory:  # what processes share was counted for each
            sizes = {process: proportional(process) for process in sizes}
        disks = [os.statvfs(path) for path in self.directories]
        on_disk = sum((disk.f_blocks - disk.f_bfree) * disk.f_frsize for disk in disks)
        if sum(sizes.values()) + on_disk > self.memory and sizes:
            largest = max(sizes, key=lambda process: sizes[process])
            name = _name(largest)
            kill(largest)
            self.say({"limit": "memory", "detail": f"{name} had {sizes[largest] >> 20} MiB"})
        if sum(disk.f_files - disk.f_ffree for disk in disks) > self.files:
            kill(-1)
            self.say({"limit": "files", "detail": f"more than {self.files} files"})

    def say(self, what: dict[str, str]) -> None:
        """Tell the driver."""
        self.control.send(json.dumps(what).encode())


def resident() -> dict[int, int]:
    """Resident bytes of every process inside but this one."""
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
    """Resident bytes of a process; what it shares with others is divided among them."""
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
    """End a process, or with -1 all but this one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def serve(control: socket.socket) -> None:
    """Run what the driver asks for, one command at a time, until it hangs up."""
    while True:
        message, handles, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 3)
        if not message:
            return
        asked = json.loads(message)
        if "kill" in asked:
            kill(-1)
            continue
        process = _start(asked, handles)
        for handle in handles:
            os.close(handle)
        threading.Thread(target=_wait, args=(control, process), daemon=True).start()


def _start(asked: dict[str, Any], handles: list[int]) -> int:
    actions: list[Any] = [
        (os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(handles)
    ]
    actions += [(os.POSIX_SPAWN_CLOSE, handle) for handle in handles]
    try:
        return os.posix_spawnp(
            asked["command"][0],
            asked["command"],
            asked["environment"],
            file_actions=actions,
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE],
        )
    except OSError as error:
        os.write(handles[2], f"{asked['command'][0]}: {error.strerror}\n".encode())
        return 0


def _wait(control: socket.socket, process: int) -> None:
    """Collect all that ends, until the command has; nothing that it left behind outlives it."""
    code = 127
    while True:
        try:
            ended, status = os.waitpid(-1, 0)
        except ChildProcessError:
            break
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            kill(-1)
    control.send(json.dumps({"exit": code}).encode())


def forward(port: int, gateway: str) -> None:
    """Make the gateway's socket the port of 127.0.0.1 that the agent talks to."""
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
    """Pass on what comes; each direction ends by itself, as TCP has it."""
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
