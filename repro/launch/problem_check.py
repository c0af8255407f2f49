"""Check of a problem: it is complete, its programs are right, wrong results are detected."""

import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from repro import ROOT
from repro.errors import UserError
from repro.launch.command import Tools, command_line, variables
from repro.launch.here import find_tools, means_of
from repro.launch.site.settings import load_site
from repro.measure.attempts import RAW
from repro.measure.harness_records import RecordReader
from repro.measure.static_check import static_flags
from repro.study.directories import (
    PROBLEM,
    FrameworkDirectory,
    ProblemDirectory,
    find_framework,
    find_problem,
    known_frameworks,
)
from repro.study.expand import Cell, cells
from repro.study.kernels import find_kernel
from repro.study.model import Study
from repro.study.skeleton import marks
from repro.study.toml import PLACE

State = Literal["ok", "failed", "missing", "not here"]
_SECONDS = 600.0
_FILES = ("problem.jl", "prompt.md", "test.jl")


@dataclass(frozen=True)
class Found:
    """The finding of one check.

    Attributes:
        what: the checked file, line or contract.
        state: `ok`; `failed`; `missing`: not written yet; `not here`: not run, because a package
            is not installed.
        detail: numbers, what is wrong, or what to do.
    """

    what: str
    state: State
    detail: str = ""


def check_problem(
    problem: ProblemDirectory,
    frameworks: Sequence[str] = (),
    *,
    n: int = 200,
    tile: int = 64,
    seconds: float = _SECONDS,
) -> Iterator[Found]:
    """Check a problem and yield findings as they arise.

    Args:
        problem: the directory of the problem.
        frameworks: names of the frameworks to run; all of the package if empty.
        n: the size at which programs run.
        seconds: time limit of each run.
        tile: the tile size.

    Raises:
        UserError: no working Julia, or no such framework.
    """
    rooms = [find_framework(name) for name in frameworks or known_frameworks()]
    to_write = [
        Found(f"{path.relative_to(problem.path)}:{line}", "missing", text)
        for path, line, text in marks(problem.path)
    ]
    yield from to_write
    absent = [name for name in _FILES if not (problem.path / name).is_file()]
    yield from (Found(name, "missing", "write it") for name in absent)
    if to_write or absent:
        return
    tools = find_tools(load_site("local"))
    yield _tests(problem, tools, seconds)
    study = study_of(problem, rooms, n, tile, seconds)
    for cell in cells(study):
        yield from _check_programs(cell, study, tools)


def _tests(problem: ProblemDirectory, tools: Tools, seconds: float) -> Found:
    """Run test.jl of the problem on two threads."""
    script = ROOT / "julia" / "test" / "problem.jl"
    answer = _finished(
        [tools.julia.path, "--startup-file=no", "-t", "2", script, problem.path.absolute()],
        os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        seconds,
    )
    if answer.returncode == 0:
        passed = answer.stdout.rpartition("|")[2].split()[0]  # Test's summary: Pass, Total, Time
        return Found("test.jl", "ok", f"{passed} passed")
    return Found("test.jl", "failed", (answer.stdout + answer.stderr).strip()[-2000:])


def study_of(
    problem: ProblemDirectory,
    frameworks: Sequence[FrameworkDirectory],
    n: int = 200,
    tile: int = 64,
    seconds: float = _SECONDS,
) -> Study:
    """Return a study of the hand-written programs, on two cores at one size."""
    size = {"n": n, "tile": tile}
    content = {
        "name": "check", "title": "Check", "seed": secrets.randbelow(2**40), "repetitions": 1,
        "time_limit_s": seconds, "stall_limit_s": seconds, "memory_limit_gib": 1,
        "models": {
            "reference": {"title": "Reference", "kernels": "reference"},
            "vendor": {"title": "Vendor", "kernels": "vendor", "baseline": True},
        },
        "problems": {
            problem.name: {
                "title": problem.definition.title, "directory": str(problem.path.absolute()),
                "sizes": [size], "check": size,
            },
        },
        "frameworks": {
            room.name: {
                "title": room.definition.title, "memory": room.definition.memory,
                "packages": room.definition.packages,
            }
            for room in frameworks
        },
        "scale_points": {"shared": ["1x1x2"], "distributed": ["1x2x1"]},
    }  # fmt: skip
    return Study.model_validate(content, context={PLACE: Path.cwd()})


def _check_programs(cell: Cell, study: Study, tools: Tools) -> Iterator[Found]:
    kernel = find_kernel(study, cell.program)
    what = f"{cell.program.model}/{cell.program.framework}.jl"
    kind = cell.framework.definition.programs
    if kernel is None:
        if not cell.baseline and getattr(cell.problem.definition.entry, kind):
            yield Found(what, "missing", "write it, or omit its kind of programs")
        return
    name = cell.problem.entry(kind)
    if f"`{name}(" not in cell.problem.contract(kind):
        yield Found(f"contract.{kind}", "failed", f"does not mention `{name}(...)`")
    flags = [] if cell.baseline else static_flags(kernel, cell.problem, cell.framework)
    if flags:
        yield Found(what, "failed", f"flagged {', '.join(flags)}")
    missing = means_of(study, (), tools, load_site("local"), oversubscribe=True).missing(cell)
    if missing:
        yield Found(what, "not here", f"needs {', '.join(missing)}")
        return
    yield from _run(cell, kernel, tools, what)


def _run(cell: Cell, kernel: Path, tools: Tools, what: str) -> Iterator[Found]:
    """Run a program once; the harness then corrupts its right results."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="repro-") as name:
        place = Path(name)
        command = command_line(
            cell, tools, kernel.absolute(), place, oversubscribed=True, more=("--wrong-results",)
        )
        environment = os.environ | variables(cell, tools)
        answer = _finished(command, environment, cell.time_limit_s, text=f"{token}\n", place=place)
        reader = RecordReader(place / RAW, token)
        reader.look()
    yield from _judged(reader, answer.stderr, what)


def _finished(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    seconds: float,
    *,
    text: str = "",
    place: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; one that takes longer is ended with all that it started."""
    with subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(text, seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\nnot finished after {seconds:g} s"
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _judged(reader: RecordReader, stderr: str, what: str) -> Iterator[Found]:
    records = reader.records
    checked = next((record for record in records if record["event"] == "checked"), None)
    if checked is None:
        error = next((record["message"] for record in records if record["event"] == "error"), "")
        yield Found(what, "failed", error or stderr.strip()[-2000:])
        return
    if not checked["correct"]:
        told = checked["fault"] or f"error {checked['error']}, bound {checked['bound']}"
        yield Found(what, "failed", f"wrong at n = {checked['n']}: {told}")
        return
    corrupted = [record for record in records if record["event"] == "corrupted"]
    undetected = [record["what"] for record in corrupted if not record["detected"]]
    if undetected:
        yield Found(what, "failed", f"right, but not detected: {', '.join(undetected)}")
    elif records[-1]["event"] != "end" or not corrupted:
        yield Found(what, "failed", f"did not finish: {stderr.strip()[-2000:]}")
    else:
        yield Found(what, "ok", f"right; {len(corrupted)} kinds of wrong results detected")


def problem_at(text: str) -> ProblemDirectory:
    """Return a problem by its name, if it is in the package, or by the path of its directory.

    Raises:
        UserError: no such problem.
    """
    path = Path(text)
    if "/" not in text and not (path / PROBLEM).is_file():
        return find_problem(text)
    if not (path / PROBLEM).is_file():
        raise UserError(f"{text}: has no {PROBLEM}; `repro problem new` creates one")
    return find_problem(path.resolve().name, Path(), text)
