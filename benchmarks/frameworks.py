"""Compares reference programs of all available frameworks with vendor programs on the same cores.

Each cell of frameworks.toml runs under the harness on one core and on two, which takes about ten
minutes; the machine must do nothing else. Programs for distributed memory also make their input
tiles in the time, vendor programs do not. Vendor programs that are closed forms are left out.
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

Key = tuple[str, str, str, int]
"""Model, problem, framework, cores."""


def rows() -> Iterator[tuple[str, str]]:
    """Yield one row per program: its median times and ratios, or why there are none."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "run"
        with driving(path):
            run = make_run(path, Path(__file__).with_suffix(".toml"), "local")
            chosen = [cell for cell in run.cells() if not _is_formula(cell)]
            here, means = look_around(run, load_site("local"), ())
            LocalLauncher(run, here, means).run_cells(chosen)
        missing = {_key(cell)[:3]: means.missing(cell) for cell in chosen}
        times = {_key(cell): _median(run, cell) for cell in chosen if not means.missing(cell)}
    for program, lacking in missing.items():
        answer = f"not measured: no {', '.join(lacking)}" if lacking else _compared(program, times)
        yield " ".join(program), answer


def _is_formula(cell: Cell) -> bool:
    return cell.baseline and cell.problem.definition.closed_form_vendor


def _key(cell: Cell) -> Key:
    program, scale = cell.program, cell.scale
    return program.model, program.problem, program.framework, scale.ranks * scale.threads


def _median(run: Run, cell: Cell) -> float | None:
    """Return the median time of all repetitions, in seconds; None if an attempt was not ok."""
    attempts = attempts_of(run.path, str(cell.name))
    if any(attempt.outcome().outcome != "ok" for attempt in attempts):
        return None
    records = [record for attempt in attempts for record in attempt.records()]
    times = [float(r["seconds"]) for r in records if r["event"] == "repetition"]
    return statistics.median(times)


def _compared(program: tuple[str, str, str], times: dict[Key, float | None]) -> str:
    one, two = times[*program, 1], times[*program, 2]
    if one is None or two is None:
        return "an attempt was not ok"
    peers = [times.get(("vendor", program[1], "threads", cores)) for cores in (1, 2)]
    shares = [f"{peer / own:.2f}" for peer, own in zip(peers, (one, two), strict=True) if peer]
    of_vendor = f", {', '.join(shares)} of the vendor's speed" if shares else ""
    return f"{one:.3f} s, {two:.3f} s on 1, 2 cores: efficiency {one / two / 2:.2f}{of_vendor}"


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name:40} {text}", flush=True)
