"""A dataset as a comparison of two needs it, read as far as it can be."""

from collections.abc import Mapping, Sequence
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
class ComparedCell:
    """A cell that was attempted; the attempt is the one that its outcome is from."""

    outcome: str
    machine: str
    n: int
    tile: int
    crowded: bool
    """It had fewer cores than threads."""
    kernel_sha256: str
    seconds: Sequence[float]
    """Times of the repetitions that count, s; of that machine only."""
    seeds: Mapping[int, str]
    """Seed of each repetition."""


@dataclass(frozen=True)
class DatasetFacts:
    """What a dataset is and where it was made; empty where nothing says so.

    The fields are the JSON of `repro compare`.
    """

    dataset: str
    created: str
    site: str
    machines: list[str]
    julia: list[str]
    images: list[str]
    cells: int
    damaged: Damage


@dataclass(frozen=True)
class ComparedDataset:
    """One of the two datasets, as far as it can be read."""

    path: Path
    about: Description | None
    cells: Mapping[str, ComparedCell]
    """The cells that were attempted, by name."""
    programs: Mapping[str, str]
    """SHA-256 of each kernel with what it includes, by model and file, such as `MODEL/FILE`."""
    environments: Mapping[str, Any]
    closed_forms: frozenset[tuple[str, str]]
    """Models and problems whose program is a formula: its time measures no work."""
    damage: Damage

    def facts(self) -> DatasetFacts:
        """What the dataset is."""
        contents = [c for c in self.environments.values() if isinstance(c, dict)]
        julia = [c["julia"] for c in contents if isinstance(c.get("julia"), dict)]
        return DatasetFacts(
            dataset=self.path.name,
            created=str(self.about.created) if self.about else "",
            site=self.about.site if self.about else "",
            machines=sorted({cell.machine for cell in self.cells.values()}),
            julia=sorted({str(content.get("version", "")) for content in julia} - {""}),
            images=sorted({str(c.get("image") or "") for c in contents} - {""}),
            cells=len(self.cells),
            damaged=self.damage,
        )


def read_compared(path: Path) -> ComparedDataset:
    """Read a dataset; what cannot be read is recorded in `damage`.

    Raises:
        UserError: it is no dataset at all.
    """
    files = (layout.DESCRIPTION, layout.STUDY, MANIFEST)
    if not any((path / name).exists() for name in files):
        raise UserError(f"{path}: not a dataset: it has none of {', '.join(files)}")
    damage: Damage = [f"{path / MANIFEST}: missing"] if not (path / MANIFEST).is_file() else []
    dataset, about = Dataset(path), None
    closed_forms: frozenset[tuple[str, str]] = frozenset()
    with recorded(damage):
        about = dataset.description()
    with recorded(damage):
        closed_forms = load_toml(path / layout.STUDY, Study).closed_forms()
    _, cells, times = load_tables(path, damage)
    return ComparedDataset(
        path=path,
        about=about,
        cells=_cells(cells, times, damage),
        programs=_programs(path, damage),
        environments=_environments(dataset, damage),
        closed_forms=closed_forms,
        damage=damage,
    )


def _cells(cells: pd.DataFrame, times: pd.DataFrame, damage: Damage) -> Mapping[str, ComparedCell]:
    """The rows that have a cell's name."""
    own = times.merge(cells[["cell", "machine"]], on=["cell", "machine"])
    measured = {str(name): group for name, group in own.groupby("cell")}
    nothing, found = own.iloc[:0], {}
    for row in cells.itertuples():
        with recorded(damage):
            name = str(CellName.parse(str(row.cell)))
            repetitions = measured.get(str(row.cell), nothing)
            found[name] = ComparedCell(
                outcome=str(row.outcome),
                machine=str(row.machine),
                n=int(str(row.n)),
                tile=int(str(row.tile)),
                crowded=bool(row.crowded),
                kernel_sha256=str(row.kernel_sha256),
                seconds=repetitions["seconds"].tolist(),
                seeds=dict(zip(repetitions["repetition"], repetitions["seed"], strict=True)),
            )
    return found


def _environments(dataset: Dataset, damage: Damage) -> Mapping[str, Any]:
    """The environments that can be read; `load_tables` may have recorded the others already."""
    before = list(damage)
    found: Mapping[str, Any] = {}
    with recorded(damage):
        found = dataset.environments()
    damage[:] = list(dict.fromkeys([*before, *damage]))
    return found


def _programs(path: Path, damage: Damage) -> Mapping[str, str]:
    found = {}
    for kernel in sorted(path.glob("*/kernels/*.jl")):
        with recorded(damage), reading(kernel):
            found[f"{kernel.parent.parent.name}/{kernel.stem}"] = program_sha256(kernel)
    return found
