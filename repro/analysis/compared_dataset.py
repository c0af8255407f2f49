"""One of two datasets that are compared, read as far as it can be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.damaged_data import Damage, recorded
from repro.analysis.tidy import load_tables
from repro.archive import layout
from repro.archive.dataset import Dataset, Description
from repro.archive.manifest import MANIFEST
from repro.errors import UserError
from repro.files import reading
from repro.study.kernels import program_sha256
from repro.study.model import Study
from repro.study.names import CellName
from repro.study.toml import load_toml


@dataclass(frozen=True)
class ComparedDataset:
    """One of the two datasets, as far as it can be read."""

    path: Path
    about: Description | None
    rows: dict[str, dict[str, Any]]
    """The row of `Tidy.cells` of each cell."""
    seconds: dict[str, list[float]]
    """Times of each cell on the machine that its outcome is from, s."""
    seeds: dict[str, dict[int, str]]
    """Seed of each repetition of a cell."""
    programs: dict[str, str]
    """SHA-256 of each kernel with what it includes, by model and file: `reference/pi_threads_0`."""
    environments: dict[str, Any]
    closed_forms: frozenset[str]
    """Models whose pi is a closed form, and whose time measures no work."""
    damage: Damage

    def facts(self) -> dict[str, Any]:
        """What the dataset is and where it was made; empty where nothing says so."""
        contents = [c for c in self.environments.values() if isinstance(c, dict)]
        julia = [c["julia"] for c in contents if isinstance(c.get("julia"), dict)]
        return {
            "dataset": self.path.name,
            "created": str(self.about.created) if self.about else "",
            "site": self.about.site if self.about else "",
            "machines": sorted({str(row["machine"]) for row in self.rows.values()}),
            "julia": sorted({str(content.get("version", "")) for content in julia} - {""}),
            "images": sorted({str(c.get("image") or "") for c in contents} - {""}),
            "cells": len(self.rows),
            "damaged": self.damage,
        }


def read_compared(path: Path) -> ComparedDataset:
    """Read a dataset, and name what cannot be read.

    Raises:
        UserError: it is no dataset at all.
    """
    files = (layout.DESCRIPTION, layout.STUDY, MANIFEST)
    if not any((path / name).exists() for name in files):
        raise UserError(f"{path}: not a dataset, it has none of {', '.join(files)}")
    damage: Damage = [f"{path / MANIFEST}: missing"] if not (path / MANIFEST).is_file() else []
    dataset, about, baselines = Dataset(path), None, frozenset({"vendor"})
    with recorded(damage):
        about = dataset.description()
    with recorded(damage):
        study = load_toml(path / layout.STUDY, Study)
        baselines = frozenset(name for name, model in study.models.items() if model.baseline)
    _, cells, times = load_tables(path, damage)
    own = times.merge(cells[["cell", "machine"]], on=["cell", "machine"])
    return ComparedDataset(
        path=path,
        about=about,
        rows=_rows(cells, damage),
        seconds={str(cell): list(of["seconds"]) for cell, of in own.groupby("cell")},
        seeds={
            str(cell): dict(zip(of["repetition"], of["seed"], strict=True))
            for cell, of in own.groupby("cell")
        },
        programs=_kernels(path, damage),
        environments=_environments(dataset, damage),
        closed_forms=baselines,
        damage=damage,
    )


def _rows(cells: pd.DataFrame, damage: Damage) -> dict[str, dict[str, Any]]:
    """The rows of cells that have a cell's name."""
    found = {}
    for row in cells.to_dict("records"):
        with recorded(damage):
            found[str(CellName.parse(str(row["cell"])))] = {str(key): row[key] for key in row}
    return found


def _environments(dataset: Dataset, damage: Damage) -> dict[str, Any]:
    """Those that can be read; the tables' own reader has already named those that cannot."""
    before = list(damage)
    found: dict[str, Any] = {}
    with recorded(damage):
        found = dataset.environments()
    damage[:] = list(dict.fromkeys([*before, *damage]))
    return found


def _kernels(path: Path, damage: Damage) -> dict[str, str]:
    found = {}
    for kernel in sorted(path.glob("*/kernels/*.jl")):
        with recorded(damage), reading(kernel):
            found[f"{kernel.parent.parent.name}/{kernel.stem}"] = program_sha256(kernel)
    return found
