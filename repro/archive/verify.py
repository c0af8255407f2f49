"""Verifies a dataset against its manifest: reads every file and reports every difference.

It must be at least as fast as `sha256sum -c`, including Python's start (benchmarks/verify.py).
Therefore this module imports little, and processes share the work: most files are so small that
threads would only wait for each other. The workers also check the manifest's lines, while the
parent searches the directory for files that the manifest does not list.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from repro.archive import find
from repro.archive.manifest import DIGEST, MANIFEST, PATH, flaw, lines_of
from repro.errors import UserError

_PIECE = 1 << 16
"""Bytes read at once: enough for large files, and still cheap to allocate for small ones."""
_SHARES = 512
"""A worker takes this fraction of the files at a time; single files if there are few."""
_TOKEN = 8
"""Bytes of an entry of the work queue, which is the number of a line."""
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO instead of a file must not block


class Problem(NamedTuple):
    """A difference between a dataset and its manifest."""

    kind: str
    """`changed`, `missing`, `extra`, `unreadable`; `unsafe` (a path outside of the dataset, a
    symlink, not a regular file); `duplicate` or `malformed` (a line of the manifest)."""

    path: str
    """The file, relative to the dataset; for `malformed` the line's number."""


class Report(NamedTuple):
    """The result of verifying a dataset."""

    files: int
    """Lines of the manifest."""

    size: int
    """Bytes read of these files."""

    problems: list[Problem]
    """All differences, sorted by path."""

    def lines(self, name: str) -> list[str]:
        """Format the report on the dataset `name`: the problems, then the sum."""
        told = [f"{name}: {kind}: {_shown(path)}" for kind, path in self.problems]
        if told:
            count = f"{len(told)} problems, {self.files} files"
            return [*told, f"{name}: NOT as its manifest says: {count}"]
        return [f"{name}: {self.files} files, {self.size} bytes, as its manifest says"]


class _Worker(NamedTuple):
    process: int
    report: int  # its end of a pipe


def verify_all(names: Iterable[str], data: Path) -> Iterator[tuple[str, Report]]:
    """Verify datasets of a directory by name, or all of them, one after the other.

    Raises:
        UserError: there is no such dataset, no dataset at all, or one without a manifest.
    """
    chosen = list(names) or find.names(data)
    if not chosen:
        raise UserError(f"{data}: no dataset found; make one of a run with `repro collect`")
    for name in chosen:
        yield name, verify(find.find(name, data))


def verify(root: Path) -> Report:
    """Compare the dataset in directory `root` with its manifest.

    Raises:
        UserError: the manifest is missing or cannot be read.
    """
    lines = _read_manifest(root)
    workers = _start(root, lines)
    listed = {line[PATH] for line in lines}
    kinds = _walk(root, listed)
    size, failed = _finish(workers)
    problems = [Problem(kind, path) for path, kind in kinds.items()]
    problems += [Problem("duplicate", path) for path in _duplicates(lines, listed)]
    for kind, line in failed:
        if kind == "malformed":
            problems.append(Problem(kind, f"{MANIFEST}, line {lines.index(line) + 1}"))
        elif line[PATH] not in kinds:  # a symlink is reported as unsafe, not also as unreadable
            problems.append(Problem(kind, line[PATH]))
    return Report(len(lines), size, sorted(set(problems), key=lambda problem: problem[::-1]))


def _duplicates(lines: list[str], listed: set[str]) -> set[str]:
    if len(listed) == len(lines):  # as a rule
        return set()
    times = Counter(line[PATH] for line in lines if not flaw(line))
    return {path for path in listed if times[path] > 1}


def _read_manifest(root: Path) -> list[str]:
    path = root / MANIFEST
    try:
        return lines_of(os.fsdecode(path.read_bytes()))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; fetch the dataset again, or make it with "
            "`repro collect`"
        ) from error


def _walk(root: Path, listed: set[str]) -> dict[str, str]:
    """Find files that are `extra` or `unsafe`, and `unreadable` directories, by path."""
    kinds = {}
    directories = [""]
    for prefix in directories:  # grows during the loop
        try:
            entries = os.scandir(f"{root}/{prefix}")
        except OSError:
            kinds[prefix] = "unreadable"
            continue
        with entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_file(follow_symlinks=False):
                    if path not in listed and path != MANIFEST:
                        kinds[path] = "extra"
                elif entry.is_dir(follow_symlinks=False):
                    directories.append(f"{path}/")
                else:
                    kinds[path] = "unsafe"
    return kinds


def _start(root: Path, lines: list[str]) -> list[_Worker]:
    """Fork one worker per core, and fill the queue with the lines."""
    queue, fill = os.pipe()
    workers = [_fork(root, lines, queue, fill) for _ in range(min(_cores(), len(lines)))]
    os.close(queue)
    for start in range(0, len(lines), _step(lines)):
        os.write(fill, start.to_bytes(_TOKEN, "little"))
    os.close(fill)
    return workers


def _fork(root: Path, lines: list[str], queue: int, fill: int) -> _Worker:
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return _Worker(process, reader)
    status = 1
    try:
        os.close(fill)  # otherwise the queue would never end
        os.chdir(root)
        report = _work(lines, queue)
        with os.fdopen(writer, "wb") as stream:
            stream.write(os.fsencode(report))
        status = 0
    finally:
        os._exit(status)  # buffers and exit handlers belong to the parent


def _work(lines: list[str], queue: int) -> str:
    """Check lines from the queue; return the bytes read, then `kind line` for each failure."""
    total = 0
    failed = []
    for line in _taken(lines, queue):
        kind = flaw(line)
        if not kind:
            try:
                digest, size = _digest(line[PATH])
            except OSError as error:
                kind = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
            else:
                total += size
                kind = "" if digest == line[DIGEST] else "changed"
        if kind:
            failed.append(f"{kind} {line}")
    return "\n".join([str(total), *failed])


def _taken(lines: list[str], queue: int) -> Iterator[str]:
    step = _step(lines)
    while token := os.read(queue, _TOKEN):
        start = int.from_bytes(token, "little")
        yield from lines[start : start + step]


def _digest(path: str) -> tuple[str, int]:
    """Return SHA-256 and size of a file; by POSIX, a read of a file is short only at its end."""
    handle = os.open(path, _FLAGS)
    try:
        data = os.read(handle, _PIECE)
        digest, size = sha256(data), len(data)
        while len(data) == _PIECE:
            data = os.read(handle, _PIECE)
            digest.update(data)
            size += len(data)
    finally:
        os.close(handle)
    return digest.hexdigest(), size


def _finish(workers: list[_Worker]) -> tuple[int, list[list[str]]]:
    """Return the total of bytes read, and [kind, line] of each failure."""
    total = 0
    failed = []
    for process, reader in workers:
        with os.fdopen(reader, "rb") as stream:
            size, *lines = os.fsdecode(stream.read()).split("\n")
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status:
            raise UserError(f"verify: a worker process ended with status {status}; try again")
        total += int(size)
        failed += [line.split(" ", 1) for line in lines]
    return total, failed


def _step(lines: list[str]) -> int:
    return max(1, len(lines) // _SHARES)


def _cores() -> int:
    """Return the number of cores this process may use; all cores if the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shown(path: str) -> str:
    """Escape a name that could confuse a terminal."""
    return path if path.isprintable() else ascii(path)
