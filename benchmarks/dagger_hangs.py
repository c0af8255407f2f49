"""Measures how often correct programs hang in Dagger, against threads and tasks.

Runs every cell of study `dagger-control` again and again, in a run directory that is kept, and
prints the share of attempts that hang with its exact interval. On two cores an attempt takes about
20 seconds, one that hangs 60. FILTER is a shell glob on the names of cells.

    python benchmarks/dagger_hangs.py RUN ATTEMPTS [FILTER]...
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from repro import ROOT
from repro.analysis.attribution import exact_interval
from repro.launch.here import look_around
from repro.launch.local import LocalLauncher
from repro.launch.run_directory import Run, driving, make_run
from repro.launch.site.settings import load_site
from repro.measure.attempts import attempts_of
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.expand import Cell
from repro.study.filters import select

STUDY = ROOT / "studies" / "dagger-control.toml"
HANGS = ("deadlock", "timeout")


def measure(path: Path, attempts: int, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield a row for each cell: its name, and how many of its attempts hung."""
    with driving(path):
        run = make_run(path, STUDY, "local")
        chosen = select(run.cells(), patterns, name=lambda cell: str(cell.name))
        here, means = look_around(run, load_site("local"), (), oversubscribe=True)
        for _ in range(attempts):
            short = [cell for cell in chosen if _counts(run, cell)[1] < attempts]
            LocalLauncher(run, here, means).run_cells(short, again=True)
    for cell in chosen:
        hung, of = _counts(run, cell)
        share = exact_interval(hung, of)
        yield str(cell.name), f"{hung} of {of} hung ({share.low:.1%} to {share.high:.1%})"


def _counts(run: Run, cell: Cell) -> tuple[int, int]:
    outcomes = [
        attempt.outcome().outcome
        for attempt in attempts_of(run.path, str(cell.name))
        if attempt.state == "done"
    ]
    own = [outcome for outcome in outcomes if outcome not in OUR_OUTCOMES]
    return sum(outcome in HANGS for outcome in own), len(own)


if __name__ == "__main__":
    for name, text in measure(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]):
        print(f"{name:40} {text}")
