"""Cells and attempts as a program's page shows them: measurements and evidence."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repro.analysis.damaged_data import Damage, recorded
from repro.archive import layout
from repro.errors import UserError
from repro.measure import attempts
from repro.measure.last_stacks import files_of_stacks, last_stacks
from repro.measure.plan import kernels_of
from repro.report.contents import CellFound, Contents, ProgramFound, Row
from repro.report.highlight import julia
from repro.report.plots import SamplesPlot, samples_plot
from repro.report.steps import json_object
from repro.report.text import Excerpt, Shelf, cut, in_unit
from repro.study.names import CellName

OUTPUT = 3_000
"""Most bytes of an output that are shown; a failure's last lines are the most useful."""
SAMPLES = 4_000_000
"""Largest file of samples that is drawn, in bytes."""
SOURCE = 200_000
RECORDS = 2_000_000
"""Most bytes of the harness's records that are searched for backtraces."""
BACKTRACES = 4
"""Most backtraces of an attempt that are shown: with many ranks, the first few suffice."""
STACKS = 4_000_000
"""Most bytes of an output in which stacks are counted."""
PROGRAM = ".venv/bin/repro"
"""This program's path in a checkout, so that a command can be pasted as it is."""


@dataclass
class AttemptShown:
    """An attempt with its evidence.

    Attributes:
        row: its row of the table.
        log: directory of the evidence.
        repetitions: its rows of the runtimes.
        command: the command line; empty if unknown.
        facts: further facts in its files, by name.
        plot: the samples.
        outputs: title and excerpt of each output.
        notes: missing or damaged files.
    """

    row: Row
    log: str
    repetitions: Sequence[Row]
    command: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    plot: SamplesPlot | None = None
    outputs: list[tuple[str, Excerpt]] = field(default_factory=list)
    notes: Damage = field(default_factory=list)


@dataclass(frozen=True)
class CellShown:
    """A cell, its attempts with the newest first, and the command that runs or reruns it.

    `again` is empty if the dataset has no program to run.
    """

    found: CellFound
    attempts: list[AttemptShown]
    again: str


@dataclass(frozen=True)
class SourceShown:
    """A file of a program, highlighted if it is shown in full."""

    title: str
    excerpt: Excerpt
    markup: str


def cell_shown(contents: Contents, cell: CellFound) -> CellShown:
    """Read a cell with its evidence; gaps are also added to `contents`."""
    rows = sorted(cell.attempts, key=lambda row: -int(row["attempt"]))
    attempts_shown = [_attempt(contents, cell.name, row) for row in rows]
    return CellShown(cell, attempts_shown, _again(contents, cell))


def _again(contents: Contents, cell: CellFound) -> str:
    name, dataset = shlex.quote(str(cell.name)), contents.name
    if cell.attempts:
        return f"{PROGRAM} cell run {name} --dataset {shlex.quote(dataset)}"
    if not contents.has_program(cell.name.program):
        return ""
    study, programs = (shlex.quote(f"data/{path}") for path in (f"{dataset}/study.toml", dataset))
    return f"{PROGRAM} run {name} --study {study} --programs {programs}"


def _attempt(contents: Contents, cell: CellName, row: Row) -> AttemptShown:
    shelf = contents.shelf
    log = layout.log_path(cell, int(row["attempt"]))
    times = contents.repetitions.get((row["cell"], row["attempt"]), ())
    shown = AttemptShown(row, shelf.source(log), times)
    if not (contents.dataset.path / log).is_dir():
        shown.notes.append(f"{shown.log}: missing; the dataset has no evidence of this attempt")
        contents.gaps += shown.notes
        return shown
    with recorded(shown.notes):
        plan = _json(shelf, f"{log}/{attempts.ATTEMPT}")
        command = plan.get("command")
        if isinstance(command, list):
            shown.command = shlex.join(map(str, command))
        if row["available_cores"]:
            threads = cell.scale.cores
            shown.facts.append(("cores", f"{row['available_cores']} for {threads} threads"))
        shown.facts.extend(_facts(plan, _json(shelf, f"{log}/{attempts.OUTCOME}")))
    if row["outcome"] in ("deadlock", "timeout"):
        with recorded(shown.notes):
            shown.facts.extend(_stacks(shelf, log, plan))
    with recorded(shown.notes):
        shown.plot = _plot(shelf, f"{log}/{attempts.SAMPLES}")
    with recorded(shown.notes):
        shown.outputs.extend(_outputs(shelf, log, row["outcome"]))
    shown.notes = contents.local(shown.notes)
    contents.gaps += shown.notes
    return shown


def _json(shelf: Shelf, path: str) -> dict[str, Any]:
    """Read an object from a file; an empty one if there is no such file."""
    return json_object(shelf, path) if shelf.has(path) else {}


def _facts(plan: dict[str, Any], outcome: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield facts that are not in the table."""
    for name in ("started", "ended", "exit_code", "signal"):
        if outcome.get(name) is not None:
            yield name.replace("_", " "), str(outcome[name])
    if isinstance(limits := plan.get("limits"), dict):
        yield "limits", ", ".join(_limits(limits))[:400]
    if isinstance(cores := plan.get("cores"), list):
        yield "pinned to cores", _ranges(cores)[:400]


def _stacks(shelf: Shelf, log: str, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield whose code a hung program was in, if it has printed stacks."""
    command, launched = plan.get("command"), plan.get("launched") is True
    if not isinstance(command, list):
        return
    files = (shelf.excerpt(f"{log}/{name}", STACKS) for name in files_of_stacks(launched=launched))
    words = "".join(f"{file.head}\n{file.tail}" for file in files if file)
    if found := last_stacks(words, kernels_of([*map(str, command)]), launched=launched):
        yield "stacks", str(found)


def _limits(limits: Mapping[str, Any]) -> Iterator[str]:
    """Yield limits in words and units; an unknown limit unchanged."""
    words = {"time_s": "time", "stall_s": "no sign of life for", "memory_bytes": "memory"}
    for name, value in limits.items():
        known = name in words and isinstance(value, int | float)
        shown = in_unit(value) if name == "memory_bytes" and known else f"{value} s"
        yield f"{words[name]} {shown.replace('.0 s', ' s')}" if known else f"{name} {value}"


def _ranges(cores: Sequence[Any]) -> str:
    """Format numbers with runs of neighbours as ranges: `0-95, 192`."""
    runs: list[list[Any]] = []
    for core in cores:
        last = runs[-1][-1] if runs else None
        if isinstance(core, int) and isinstance(last, int) and core == last + 1:
            runs[-1] = [runs[-1][0], core]
        else:
            runs.append([core])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _plot(shelf: Shelf, path: str) -> SamplesPlot | None:
    if not shelf.has(path):
        return None
    size = (shelf.dataset.path / path).stat().st_size
    if size > SAMPLES:
        raise UserError(f"{shelf.source(path)}: not drawn: {size} bytes are too many")
    return samples_plot(shelf.text(path), shelf.source(path))


def _outputs(shelf: Shelf, log: str, outcome: str) -> Iterator[tuple[str, Excerpt]]:
    """Yield the program's output; after a failure also the harness's records."""
    wanted = [(attempts.STDERR, "standard error"), (attempts.STDOUT, "standard output")]
    if outcome != "ok":
        yield from _backtraces(shelf, f"{log}/{attempts.RESULT}")
        wanted.append((attempts.RESULT, "the harness's records"))
    for name, title in wanted:
        found = shelf.excerpt(f"{log}/{name}", OUTPUT)
        if found and found.head:
            yield title, found


def _backtraces(shelf: Shelf, path: str) -> Iterator[tuple[str, Excerpt]]:
    """Yield the backtraces in the harness's records, which are JSON, one per line."""
    records = shelf.excerpt(path, RECORDS)
    left = BACKTRACES
    for line in f"{records.head}\n{records.tail}".split("\n") if records else ():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # the last line of a killed program, or damage
            continue
        text = record.get("backtrace") if isinstance(record, dict) else None
        if isinstance(text, str) and text and left:
            left -= 1
            rank = f", rank {record['rank']}" if record.get("rank") else ""
            title = f"backtrace, phase {record.get('phase', 'unknown')}{rank}"
            yield title, cut(text, shelf.source(path), OUTPUT)


def sources(contents: Contents, found: ProgramFound) -> Iterator[SourceShown]:
    """Yield the kernel, and the harness that the agent tested it with, if the dataset has them."""
    program = found.program
    for title, path in (
        ("The program", layout.kernel_path(program)),
        ("The agent's own harness (evidence only; never run here)", layout.test_path(program)),
    ):
        with recorded(contents.gaps):
            excerpt = contents.shelf.excerpt(path, SOURCE)
            if excerpt:
                whole = not excerpt.left_out
                yield SourceShown(title, excerpt, julia(excerpt.head) if whole else "")
