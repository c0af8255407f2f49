"""Batch scripts: a golden one for each site and kind of scale point, and what must hold of all."""

import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from repro import ROOT
from repro.errors import UserError
from repro.launch.batch import Batch, batch_script, batches
from repro.launch.site.settings import Site, load_site
from repro.study.expand import Cell, cells
from repro.study.load import load_study

RUN = Path("/scratch/runs/paper")
DIRECTORY = RUN / "submissions" / "1a2b3c4d"
POINTS = ["1x1x1", "1x1x192", "1x96x1", "2x384x1"]


def site(name: str) -> Site:
    return load_site(name).with_choices("some-account", "some-partition")


def script(batch: Batch, name: str) -> str:
    text = batch_script(batch, site(name), RUN, "repro-1a2b3c4d", DIRECTORY)
    return text.replace(sys.executable, "<python>").replace(str(ROOT), "<repro>")


def paper(model: str = "reference") -> list[Cell]:
    return [cell for cell in cells(load_study("paper")) if cell.program.model == model]


@pytest.mark.parametrize("name", ["otus", "generic", "lab"])
@pytest.mark.parametrize("point", POINTS)
def test_golden_scripts(name: str, point: str, snapshot: SnapshotAssertion) -> None:
    (batch,) = [b for b in batches(paper(), site(name)) if str(b.scale) == point]
    assert script(batch, name) == snapshot


def test_every_cell_is_in_one_batch_with_what_it_needs() -> None:
    wanted = paper() + paper("vendor")
    found = list(batches(wanted, site("otus")))
    assert sorted(str(c.name) for b in found for c in b.cells) == sorted(
        str(c.name) for c in wanted
    )
    for batch in found:
        assert {cell.scale for cell in batch.cells} == {batch.scale}
        assert all(cell.time_limit_s < batch.minutes * 60 for cell in batch.cells)
    assert len(found) == len({cell.scale for cell in wanted})


def test_arrays_are_no_larger_than_the_site_allows() -> None:
    lab = site("lab")
    assert lab.slurm
    small = lab.model_copy(update={"slurm": lab.slurm.model_copy(update={"max_array_size": 4})})
    sizes = [len(batch.cells) for batch in batches(paper(), small) if str(batch.scale) == "1x1x2"]
    assert sizes == [4, 2]


def test_exclusive_nodes_are_charged_whole() -> None:
    (batch,) = [b for b in batches(paper(), site("otus")) if str(b.scale) == "1x1x1"]
    assert batch.core_hours(site("otus")) == len(batch.cells) * 192 * batch.minutes / 60
    assert batch.core_hours(site("lab")) == len(batch.cells) * batch.minutes / 60


@pytest.mark.parametrize("missing", ["account", "partition"])
def test_account_and_partition_are_asked_for_and_never_guessed(missing: str) -> None:
    said = {"account": "a", "partition": "p"} | {missing: None}
    with pytest.raises(UserError, match=f"names no {missing}: add --{missing}"):
        load_site("otus").with_choices(said["account"], said["partition"])
