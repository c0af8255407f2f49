"""`repro cell`: show, rerun and compare one cell."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from repro.analysis.intervals import Interval, ratio
from repro.analysis.machines import cores_of, flags_of
from repro.analysis.reproduction import (
    Side,
    Verdict,
    judge,
    times,
)
from repro.analysis.reproduction_sides import side_of_dataset, side_of_run
from repro.archive import find, layout
from repro.archive.dataset import Dataset
from repro.cli import options, say
from repro.errors import UserError
from repro.study.filters import nearest
from repro.study.names import CellName

F = TypeVar("F", bound=Callable[..., Any])


def _about_one_cell(function: F) -> F:
    dataset = click.option(
        "--dataset",
        metavar="NAME",
        help="Dataset that has the cell.  [default: the only one that does]",
    )
    return click.argument("name")(dataset(options.data(function)))


_where = click.option(
    "--run",
    "run_path",
    type=click.Path(path_type=Path),
    help="Run directory of the rerun.  [default: runs/cell-DATASET]",
)


@click.group()
def command() -> None:
    """Show, rerun and compare one cell of the archive.

    NAME is a cell's name, such as reference/gemm/threads/0@1x1x2.
    """


@command.command()
@_about_one_cell
@options.as_json
def show(name: str, dataset: str | None, data: Path, *, as_json: bool) -> None:
    """Show what the archive has on a cell, and the command that reruns it."""
    chosen, cell = _find(name, dataset, data)
    side = side_of_dataset(chosen, cell)
    rows = [row for row in chosen.attempts() if row["cell"] == str(cell)]
    own = next(row for row in rows if side.counts and int(row["attempt"]) == side.counts.number)
    environment = chosen.environments().get(own["environment"])
    shown = {
        "cell": str(cell),
        "dataset": str(chosen.path),
        "outcome": side.outcome,
        "detail": own["detail"],
        "flags": [flag for flag in flags_of(own, environment).split(";") if flag],
        "attempts": len(rows),
        "n": int(own["n"]),
        "tile": int(own["tile"]),
        "seconds": times(side.cell),
        **_use(chosen, own, cores_of(own, environment)),
        "machine": chosen.machine(own["environment"]),
        "kernel": str(chosen.path / layout.kernel_path(cell.program)),
        "evidence": str(chosen.path / layout.log_path(cell, int(own["attempt"]))),
        "run_again": f"repro cell run '{cell}' --dataset {chosen.path.name}",
    }
    if as_json:
        say.echo(json.dumps(shown, indent=2))
        return
    shown["seconds"] = _time(side)
    shown["speedup"] = f"{side.speedup} over the reference program on one thread"
    for key, value in shown.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        say.echo(f"{key.replace('_', ' '):10} {text}")


@command.command()
@_about_one_cell
@_where
@click.option("--repeat", type=click.IntRange(min=1), help="Repetitions.  [default: the study's]")
@options.oversubscribe
@options.image
@click.option(
    "--no-image", is_flag=True, help="Use this machine's Julia even where there is an image."
)
@options.dry_run
def run(
    name: str,
    dataset: str | None,
    data: Path,
    run_path: Path | None,
    repeat: int | None,
    image: Path | None,
    *,
    no_image: bool,
    oversubscribe: bool,
    dry_run: bool,
) -> int:
    """Rerun a cell of the archive on this machine, and compare.

    The kernel and the study are the archive's. The cell runs in the image `repro.sif`, if that is
    here or in the checkout. The reference program on one thread is run too, because the machines
    are compared through it. Exit codes are those of `repro cell compare`.
    """
    from repro.cli import progress
    from repro.container.image import image_here
    from repro.launch.rerun import cells_to_rerun, explain, rerun
    from repro.launch.run_directory import Run
    from repro.launch.site.settings import load_site
    from repro.study.model import Study
    from repro.study.toml import load_toml

    chosen, cell = _find(name, dataset, data)
    path = run_path or _run_of(chosen)
    study = load_toml(chosen.path / layout.STUDY, Study)
    cells = cells_to_rerun(Run.to_make(path, study, "local"), cell, repeat)
    image = None if no_image else image or image_here()
    where = f", Julia from {image}" if image else ""
    if dry_run:
        say.echo(f"would run {explain(cells)} in {path}{where}")
        return 0
    say.echo(f"{explain(cells)} in {path}{where}", err=True)
    site = load_site("local").with_choices(image=image)
    with progress.shown(len(cells)) as events:
        rerun(chosen, cell, path, repeat, events, site, oversubscribe=oversubscribe)
    return _compare(chosen, cell, path, as_json=False)


@command.command()
@_about_one_cell
@_where
@options.as_json
def compare(
    name: str, dataset: str | None, data: Path, run_path: Path | None, *, as_json: bool
) -> int:
    """Say whether a cell reproduced: compare the archive with what `cell run` measured here.

    Seconds are not compared, because machines differ; compared is the speedup over the reference
    program on one thread of the same machine. Exit code 0: reproduced; 1: differs; 3: cannot tell.
    """
    chosen, cell = _find(name, dataset, data)
    return _compare(chosen, cell, run_path or _run_of(chosen), as_json=as_json)


def _compare(dataset: Dataset, cell: CellName, run_path: Path, *, as_json: bool) -> int:
    archive, here = side_of_dataset(dataset, cell), side_of_run(run_path, cell)
    verdict = judge(cell, archive, here)
    if as_json:
        told: dict[str, Any] = {
            "cell": str(cell),
            "verdict": verdict.word,
            "reason": verdict.reason,
        }
        told |= {"archive": _facts(archive, verdict.archive), "here": _facts(here, verdict.here)}
        told["ratio"] = asdict(verdict.ratio) if verdict.ratio else None
        say.echo(json.dumps(told, indent=2))
    else:
        _print(cell, archive, here, verdict)
        if not here.cell:
            say.echo(f"           `repro cell run '{cell}'` runs it")
    return {"reproduced": 0, "differs": 1, "cannot tell": 3}[verdict.word]


def _use(dataset: Dataset, own: dict[str, str], cores: int | None) -> dict[str, Any]:
    """What the attempt had and used; nothing that an older dataset did not record."""
    same = ("cell", "attempt")
    rows = [r for r in dataset.runtimes() if all(r[key] == own[key] for key in same)]
    busy = [int(row["busy_threads"]) for row in rows if row["busy_threads"]]
    made = [float(row["input_seconds"]) for row in rows if row["input_seconds"]]
    told = {
        "cores": cores,
        "busy_threads": busy,
        "input_seconds": made,
    }
    return {key: value for key, value in told.items() if value not in (None, [])}


def _facts(side: Side, speedup: Interval | None) -> dict[str, Any]:
    return {
        "outcome": side.outcome,
        "place": side.place,
        "seconds": times(side.cell),
        "speedup": asdict(speedup) if speedup else None,
    }


def _print(cell: CellName, archive: Side, here: Side, verdict: Verdict) -> None:
    say.echo(cell)
    for side in (archive, here):
        outcome = side.outcome or "never attempted"
        speedup = f", speedup {side.speedup}" if times(side.cell) and times(side.baseline) else ""
        time = f", {_time(side)}" if times(side.cell) else ""
        say.echo(f"  {side.where:15} {outcome}{time}{speedup}")
        if side.place:
            say.echo(f"  {'':15} on {side.place}")
    if archive.place != here.place and times(archive.cell) and times(here.cell):
        say.echo("  not the same machine and Julia: speedups are compared, never seconds")
    say.echo(f"  {verdict.word}: {verdict.reason}")


def _time(side: Side) -> str:
    seconds = times(side.cell)
    return f"{ratio([seconds])} s, n = {len(seconds)}" if seconds else "none"


def _run_of(dataset: Dataset) -> Path:
    return Path("runs") / f"cell-{dataset.path.name}"


def _find(name: str, dataset: str | None, data: Path) -> tuple[Dataset, CellName]:
    """The dataset that has a cell of this name.

    Raises:
        UserError: no dataset has it, with similar names; or several have it.
    """
    names = [dataset] if dataset else find.names(data)
    opened = [Dataset.open(item, data) for item in names]
    cells = {item.path: {row["cell"] for row in item.attempts()} for item in opened}
    having = [item for item in opened if name in cells[item.path]]
    if not having:
        close = nearest(name, set().union(*cells.values()))
        hint = f"did you mean {' or '.join(close)}?" if close else "`repro plan` lists the cells"
        raise UserError(f"{name}: no such cell in {', '.join(names) or data}; {hint}")
    if len(having) > 1:
        which = ", ".join(item.path.name for item in having)
        raise UserError(f"{name}: in several datasets; choose one with --dataset: {which}")
    return having[0], CellName.parse(name)
