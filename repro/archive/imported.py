"""Writes the findings in another archive as the files of a dataset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from repro.archive import layout, tables
from repro.archive.collect import Draft
from repro.archive.mapping import ArchiveMap
from repro.archive.survey import Findings, Timing
from repro.files import canonical_json, reading
from repro.study.expand import Cell
from repro.study.kernels import kernel_files, program_sha256

if TYPE_CHECKING:
    from repro.study.names import Program

ENVIRONMENT = "imported"
"""Name of the environment of all attempts, with the machine and Julia of the mapping."""


def fill(draft: Draft, findings: Findings, mapping: ArchiveMap) -> None:
    """Add the findings to a dataset; `mapping` must have its facts."""
    for target, path in findings.copied.items():
        with reading(path):
            draft.add(target, path.read_bytes())
            for sibling in kernel_files(path)[1:] if "/kernels/" in target else ():
                draft.add(f"{target.rpartition('/')[0]}/{sibling.name}", sibling.read_bytes())
    if mapping.dataset is not None:
        machine = {"machine": mapping.dataset.machine, "image": None}
        julia = {"julia": {"version": mapping.dataset.julia}}
        draft.add(f"{layout.ENVIRONMENTS}/{ENVIRONMENT}.json", canonical_json(machine | julia))
    rows: dict[str, list[dict[str, Any]]] = {}
    runtimes: dict[Program, list[dict[str, Any]]] = {}
    for name, cell in sorted(findings.cells.items(), key=lambda item: item[0].order):
        if name in findings.timings:
            repetitions = list(_repetitions(cell, findings.timings[name]))
            digest = program_sha256(draft.root / layout.kernel_path(cell.program))
            row = _attempt(cell, findings.timings[name], len(repetitions), digest)
            rows.setdefault(cell.program.model, []).append(row)
            runtimes.setdefault(cell.program, []).extend(repetitions)
    for model, of_model in rows.items():
        table = tables.render(tables.ATTEMPT_COLUMNS, of_model)
        draft.add(f"{model}/{layout.ATTEMPTS}", table)
    for program, times in runtimes.items():
        if times:
            table = tables.render(tables.RUNTIME_COLUMNS, times)
            draft.add(layout.runtimes_path(program), table)


def _attempt(cell: Cell, rows: list[Timing], repetitions: int, digest: str) -> dict[str, Any]:
    details = dict.fromkeys(row.detail for row in rows if row.detail)
    empty = dict.fromkeys(("flags", "wall_seconds", "cpu_seconds", "peak_memory_bytes"), "")
    return tables.cell_fields(cell.name, 1, cell.n, cell.tile) | empty | {
        "outcome": rows[0].outcome,
        "repetitions": repetitions,
        "environment": ENVIRONMENT,
        "kernel_sha256": digest,
        "detail": "; ".join(["imported, not measured here", *details]),
    }  # fmt: skip


def _repetitions(cell: Cell, rows: list[Timing]) -> Iterator[dict[str, Any]]:
    fields = tables.cell_fields(cell.name, 1, cell.n, cell.tile)
    ordered = sorted(rows, key=lambda row: row.repetition or 0)
    times = [(row.correct, value) for row in ordered for value in row.seconds]
    for number, (correct, value) in enumerate(times, 1):
        yield fields | {
            "repetition": number, "seed": "", "seconds": tables.number(value, ".9f"),
            "error": "", "bound": "", "correct": correct,
        }  # fmt: skip
