"""Turns a run directory into a dataset; the same run gives the same bytes on any machine."""

import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from repro import __version__
from repro.archive import crate, layout, tables
from repro.archive.dataset import Description
from repro.archive.manifest import MANIFEST, render
from repro.archive.scrub import Places, places_here, places_there, scrub, scrub_text
from repro.archive.source import INTERRUPTED, Source, Trial
from repro.directories import replacing_directory
from repro.errors import UserError
from repro.files import canonical_json, reading, writing
from repro.measure import attempts
from repro.records import json_of
from repro.study.kernels import kernel_files
from repro.study.model import Study
from repro.study.outside import files_outside


@dataclass
class Draft:
    """A directory that becomes a dataset, with the digests and sizes of its files."""

    root: Path
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 by path relative to `root`."""

    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes, by the same path."""

    def add(self, path: str, content: str | bytes) -> None:
        """Write a file."""
        data = content.encode() if isinstance(content, str) else content
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.digests[path] = hashlib.sha256(data).hexdigest()
        self.sizes[path] = len(data)


def describe(source: Source, name: str, creator: str, licence: str, about: str = "") -> Description:
    """Return the content of the dataset's `dataset.toml`.

    Raises:
        UserError: a value is not allowed there.
    """
    images = {str(content.get("image") or "") for content in source.environments.values()}
    return description(
        name=name,
        study=source.study.name,
        site=source.about.site,
        created=source.about.created[:10],
        creator=creator,
        licence=licence,
        image=", ".join(sorted(images - {""})),
        about=about,
    )


def description(**content: str) -> Description:
    """Return a dataset's description, with this version of the package.

    Raises:
        UserError: a value is not allowed there.
    """
    content["repro"] = __version__
    try:
        return Description.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{first['loc'][0]} = {first['input']!r}: not allowed in a dataset: {first['msg']}"
        ) from error


def refuse_existing(target: Path) -> None:
    """Refuse to overwrite a dataset.

    Raises:
        UserError: `target` exists.
    """
    if os.path.lexists(target):
        raise UserError(f"{target}: exists; choose another --dataset, or replace it with --replace")


Filling = Callable[[Draft], None]
"""Adds files to a draft."""


def collect(
    source: Source,
    about: Description,
    data: Path,
    *,
    replace: bool = False,
    more: Filling = lambda _draft: None,
) -> Draft:
    """Make the dataset `data`/`about.name` from a run, and add files with `more`.

    Raises:
        UserError: the dataset exists, a file of the run is damaged, or the disk is full.
    """

    def fill(draft: Draft) -> None:
        _fill(draft, source)
        more(draft)

    return make_dataset(about, source.study, data, fill, replace=replace)


def make_dataset(
    about: Description, study: Study, data: Path, fill: Filling, *, replace: bool = False
) -> Draft:
    """Make the dataset `data`/`about.name`, whole or not at all.

    Args:
        about: its description.
        study: its study.
        data: the directory of the datasets.
        fill: adds its files, except its description, its RO-Crate and its manifest.
        replace: replace an existing dataset of this name.

    Returns:
        The files that were written.

    Raises:
        UserError: the dataset exists, or the disk is full.
    """
    target = data / about.name
    with writing(data), replacing_directory(target, replace=replace) as root:
        if not replace:
            refuse_existing(target)
        draft = Draft(root)
        draft.add(layout.DESCRIPTION, about.toml())
        for path, source in files_outside(study).items():
            draft.add(path, source.read_bytes())
        fill(draft)
        sizes = draft.sizes | {MANIFEST: None}  # it will hold the digest of what is made here
        draft.add(layout.CRATE, crate.render(about, study, sizes, root))
        draft.add(MANIFEST, render(draft.digests))
    return draft


def _fill(draft: Draft, source: Source) -> None:
    here = places_here(source.path)
    with reading(source.path / layout.STUDY):
        draft.add(layout.STUDY, (source.path / layout.STUDY).read_bytes())
    for identity, content in source.environments.items():
        path = f"{layout.ENVIRONMENTS}/{identity}.json"
        draft.add(path, canonical_json(scrub(content, here)))
    for model, of_model in itertools.groupby(source.trials, lambda trial: trial.cell.program.model):
        _add_model(draft, source, model, list(of_model), here)


def _add_model(draft: Draft, source: Source, model: str, trials: list[Trial], here: Places) -> None:
    rows = []
    for program, of_program in itertools.groupby(trials, lambda trial: trial.cell.program):
        kernel = source.kernel(program)
        with reading(kernel):
            for path in kernel_files(kernel):
                draft.add(f"{layout.kernels_path(model)}/{path.name}", path.read_bytes())
        runtimes: list[dict[str, Any]] = []
        for trial in of_program:
            places = here | places_there(trial.plan)
            _add_evidence(draft, trial, places)
            repetitions = list(_runtime_rows(trial))
            rows.append(_attempt_row(trial, len(repetitions), places))
            runtimes += repetitions
        if runtimes:
            table = tables.render(tables.RUNTIME_COLUMNS, runtimes)
            draft.add(layout.runtimes_path(program), table)
    draft.add(f"{model}/{layout.ATTEMPTS}", tables.render(tables.ATTEMPT_COLUMNS, rows))


def _attempt_row(trial: Trial, repetitions: int, places: Places) -> dict[str, Any]:
    plan, outcome = trial.plan, trial.outcome
    return tables.cell_fields(trial.cell, trial.attempt.number, plan.n, plan.tile) | {
        "outcome": outcome.outcome,
        "flags": ";".join(sorted(outcome.flags)),
        "repetitions": repetitions,
        "wall_seconds": tables.number(outcome.wall_seconds, ".3f"),
        "cpu_seconds": tables.number(outcome.cpu_seconds, ".3f"),
        "peak_memory_bytes": tables.number(outcome.peak_memory_bytes, "d"),
        "environment": plan.environment,
        "kernel_sha256": plan.kernel_sha256,
        "detail": " ".join(scrub_text(outcome.detail, places).split()),
        "available_cores": tables.number(outcome.available_cores, "d"),
    }


def _runtime_rows(trial: Trial) -> Iterator[dict[str, Any]]:
    """Yield one row per repetition; n is the cell's, although the harness varies it a little."""
    plan = trial.plan
    fields = tables.cell_fields(trial.cell, trial.attempt.number, plan.n, plan.tile)
    for record in trial.repetitions():
        yield fields | {
            "repetition": record["repetition"],
            "seed": record["seed"],
            "seconds": tables.number(record["seconds"], ".9f"),
            "error": tables.number(record["error"], ".6e"),
            "bound": tables.number(record["bound"], ".6e"),
            "correct": "true" if record["correct"] else "false",
            "busy_seconds": tables.number(record.get("busy_seconds"), ".6f"),
            "busy_threads": tables.number(record.get("busy_threads"), "d"),
            "input_seconds": tables.number(record.get("input_seconds"), ".9f"),
        }


def _add_evidence(draft: Draft, trial: Trial, places: Places) -> None:
    """Add the evidence of an attempt in canonical form, without traces of the machine."""
    directory, log = trial.attempt.path, layout.log_path(trial.cell, trial.attempt.number)
    draft.add(f"{log}/{attempts.ATTEMPT}", canonical_json(scrub(json_of(trial.plan), places)))
    if trial.outcome != INTERRUPTED:
        outcome = scrub(json_of(trial.outcome), places)
        draft.add(f"{log}/{attempts.OUTCOME}", canonical_json(outcome))
    if (directory / attempts.RESULT).exists():
        records = (scrub(record, places) for record in trial.records())
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
        draft.add(f"{log}/{attempts.RESULT}", "".join(lines))
    if (directory / attempts.SAMPLES).exists():
        draft.add(f"{log}/{attempts.SAMPLES}", _text(directory / attempts.SAMPLES))
    for name in (attempts.STDOUT, attempts.STDERR, attempts.RAW):
        if (directory / name).exists():
            draft.add(f"{log}/{name}", scrub_text(_text(directory / name), places))


def _text(path: Path) -> str:
    """Read a program's output as UTF-8 with LF; other bytes become escapes."""
    with reading(path):
        return path.read_text(encoding="utf-8", errors="backslashreplace")
