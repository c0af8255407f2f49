"""Compares reference programs of all available frameworks with vendor and `threads` programs.

Each cell runs under the harness on two cores, in rounds, so that a busy machine slows all equally.
The times are not quite comparable: programs for distributed memory also make their input tiles.
Vendor programs that are closed forms are left out.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from repro.launch.here import look_around
from repro.launch.local import LocalLauncher
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import load_site
from repro.measure.attempts import attempts_of
from repro.study.expand import Cell
from repro.study.load import STUDIES

ROUNDS = 3
POINTS = {"1x1x2", "1x2x1"}


def rows() -> Iterator[tuple[str, str]]:
    """Yield one row per problem and framework: its time and the ratios, or why there is none."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "run"
        with driving(path):
            run = make_run(path, STUDIES / "smoke.toml", "local")
            chosen = [cell for cell in run.cells() if _is_wanted(cell)]
            here, means = look_around(run, load_site("local"), ())
            for _ in range(ROUNDS):
                LocalLauncher(run, here, means).run_cells(chosen, again=True)
        missing = {cell: means.missing(cell) for cell in chosen}
        times = {cell: _median(run, cell) for cell in chosen if not missing[cell]}
        for cell in chosen:
            name = f"{cell.program.model} {cell.program.problem} {cell.program.framework}"
            lacking = f"not measured: no {', '.join(missing[cell])}"
            yield name, lacking if missing[cell] else _compared(cell, times)


def _is_wanted(cell: Cell) -> bool:
    by_hand = cell.program.model in ("reference", "vendor") and str(cell.scale) in POINTS
    return by_hand and (cell.program.model, cell.program.problem) != ("vendor", "pi")


def _median(run: Run, cell: Cell) -> float | None:
    """Return the median time of all repetitions, in seconds; None if an attempt was not ok."""
    attempts = attempts_of(run.path, str(cell.name))
    if any(attempt.outcome().outcome != "ok" for attempt in attempts):
        return None
    records = [record for attempt in attempts for record in attempt.records()]
    times = [float(r["seconds"]) for r in records if r["event"] == "repetition"]
    return statistics.median(times)


def _compared(cell: Cell, times: dict[Cell, float | None]) -> str:
    seconds = times[cell]
    if seconds is None:
        return "an attempt was not ok"
    peers = {
        f"{peer.program.model} {peer.program.framework}": time
        for peer, time in times.items()
        if time and peer.program.problem == cell.program.problem
        and peer.program.framework == "threads" and peer != cell
    }  # fmt: skip
    ratios = [f"{time / seconds:.2f} of {name}'s speed" for name, time in peers.items()]
    return ", ".join([f"{seconds:.4f} s on 2 cores", *ratios])


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name:40} {text}", flush=True)
