"""Rerunning an archived cell on this machine, with the reference program it is compared to."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from repro.analysis.reproduction import baseline_of, times
from repro.analysis.reproduction_sides import side_of_run
from repro.archive import layout
from repro.archive.dataset import Dataset
from repro.errors import UserError
from repro.launch.decide import Todo, decide
from repro.launch.here import look_around
from repro.launch.local import Events, LocalLauncher
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import Site
from repro.study.expand import Cell
from repro.study.names import CellName


def cells_to_rerun(run: Run, name: CellName, repeat: int | None) -> list[Cell]:
    """The cell, and its baseline unless that has been measured here.

    Raises:
        UserError: the study of the dataset does not have the cell.
    """
    found = {str(cell.name): cell for cell in run.cells()}
    if str(name) not in found:
        raise UserError(
            f"{name}: the dataset's study has no such cell; `repro verify` checks the dataset"
        )
    wanted = [name]
    baseline = baseline_of(name)
    measured = times(side_of_run(run.path, name).baseline)
    if baseline != name and str(baseline) in found and not measured:
        wanted.append(baseline)
    chosen = [found[str(cell)] for cell in wanted]
    return [replace(cell, repetitions=repeat) for cell in chosen] if repeat else chosen


def rerun(
    dataset: Dataset,
    name: CellName,
    path: Path,
    repeat: int | None,
    events: Events,
    site: Site,
    *,
    oversubscribe: bool,
) -> None:
    """Make another attempt of a cell in run directory `path`, with the archive's kernel and study.

    Raises:
        UserError: it cannot run here, and why.
    """
    with driving(path):
        run = make_run(path, dataset.path / layout.STUDY, site.name)
        chosen = cells_to_rerun(run, name, repeat)
        here, means = look_around(run, site, (dataset.path,))
        means = replace(means, oversubscribe=oversubscribe)
        for cell in chosen:
            todo = decide(path, cell, means, again=True).todo
            if todo is Todo.TOO_LARGE:
                raise UserError(
                    f"{cell.name}: needs {cell.scale.cores} cores, this machine has {means.cores}; "
                    "use a larger machine, or --oversubscribe"
                )
            if todo is Todo.NO_PROGRAM:
                raise UserError(f"{cell.name}: {dataset.path} does not have its kernel")
        LocalLauncher(run, here, means, events).run_cells(chosen, again=True)


def explain(cells: Sequence[Cell]) -> str:
    """What would be run, in one line."""
    return ", ".join(f"{cell.name} ({cell.repetitions} repetitions)" for cell in cells)
