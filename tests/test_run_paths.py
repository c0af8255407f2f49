"""Directories of cells: none has a comma, at which MPI and containers break a path."""

from pathlib import Path

import pytest

from repro.measure.attempts import all_attempts, attempts_of, cell_directory

CELLS = ("m/gemm/mpi/0@1x2x1", "m/gemm/mpi/0@1x2x1,n=2048,tile=64", "m/pi/threads/0@1x1x1,n=512")


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_found_again(cell: str, tmp_path: Path) -> None:
    directory = cell_directory(tmp_path, cell)
    assert "," not in str(directory.relative_to(tmp_path))
    (directory / "1").mkdir(parents=True)
    assert [attempt.path for attempt in attempts_of(tmp_path, cell)] == [directory / "1"]
    assert [attempt.cell for attempt in all_attempts(tmp_path)] == [cell]


@pytest.mark.parametrize("cell", CELLS)
def test_a_run_of_before_is_read(cell: str, tmp_path: Path) -> None:
    old = tmp_path / "cells" / cell
    (old / "1").mkdir(parents=True)
    assert cell_directory(tmp_path, cell) == old
    assert [attempt.cell for attempt in all_attempts(tmp_path)] == [cell]
    assert [attempt.path for attempt in attempts_of(tmp_path, cell)] == [old / "1"]
