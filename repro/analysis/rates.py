"""build@k, pass@k, speedup_n@k and efficiency_n@k of a dataset, with their denominators."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from repro.analysis.bootstrap import best_of_tasks
from repro.analysis.intervals import Interval, log_mean, rounded
from repro.analysis.missing_data import NO_KERNEL, grid
from repro.analysis.pareval import KS
from repro.analysis.tidy import Tidy, first_tiles
from repro.measure.outcomes import OUR_OUTCOMES

ALL = "all"
"""Stands for all problems, frameworks or scale points."""

SMALLEST = "smallest"
"""Stands for the study's smallest scale point of each framework."""

INPUT_NOTE = (
    "Times of distributed-memory programs include making the input; those of shared-memory "
    "programs, such as the reference on one thread and the vendor's, do not."
)
"""What a reader must know who compares speedups of several frameworks, or ratios to the vendor."""

GROUPINGS = (
    ("model",), ("model", "problem", "n"), ("model", "framework"),
    ("model", "problem", "n", "framework"),
)  # fmt: skip
"""There are rows for each grouping; columns that are not in it are `ALL`."""

COLUMNS = [
    "model", "problem", "n", "framework", "scale", "metric", "k", "value", "low", "high",
    "tasks", "programs", "passed", "unavailable", "infrastructure", "no_data",
]  # fmt: skip
_EVERYTHING: dict[str, Any] = {"problem": ALL, "n": ALL, "framework": ALL}
_MOST = 700.0
"""Upper limit for the logarithm of a speedup, so that a double can hold it."""
_TASK = ["problem", "n", "framework"]
_PROGRAM = ["model", *_TASK, "sample"]


def rates(tidy: Tidy, *, points: bool = True) -> pd.DataFrame:
    """ParEval's metrics (see `pareval`), by model, problem, framework and scale point.

    At a scale point a program builds if its outcome there is not `load-error`, and passes if it
    is `ok`, both also if it had fewer cores than threads (`crowded`). At the scale `ALL` it must do
    so at every scale point at which it has an outcome, which is ParEval's rule (a program is valid
    only if all its runs are). Cells that are
    `unavailable` or `infrastructure`, or were never attempted, are in no rate, but counted beside
    it. A program that no session produced counts as one that does not build, provided that the
    dataset has runs of that model at all.

    The speedup of a program is T* / T on the same machine: T* the time of the reference program
    of the same problem and size on one thread, T the geometric mean of the cell's repetitions; it
    is 0 for a program that does not pass, and not known in a crowded cell. There are two variants:
    `speedup` and `efficiency` include all programs with an outcome, `speedup_ok` and
    `efficiency_ok` only those that pass, as in ParEval's metrics.py. A vendor program that is a
    closed form has no speedup.

    Args:
        tidy: the dataset.
        points: whether to include each scale point, which takes most of the time.

    Returns:
        One row per group, metric and k, columns `COLUMNS`: `value` with its 95 % limits
        (`bootstrap`), NaN where not known; the number of `tasks` in the mean and of `programs` in
        these, of which `passed` build or pass; then the group's cells left out, by reason.
    """
    counted = outcomes(tidy)
    left_out = _left_out(tidy)
    rows: list[dict[str, Any]] = []
    for scale, table in _views(tidy, counted, points=points):
        for grouping in GROUPINGS:
            for keys, group in table.groupby(list(grouping), sort=False):
                of_group = zip(grouping, map(str, keys), strict=True)
                where = _EVERYTHING | dict(of_group) | {"scale": scale}
                rows += [where | row | left_out.of(where) for row in _metrics(group, scale)]
    return pd.DataFrame(rows, columns=COLUMNS)


def outcomes(tidy: Tidy) -> pd.DataFrame:
    """Every cell with an outcome of the program, as the rates count it: of tiles only the first.

    Returns:
        One row per cell: its parts, `scale`, `outcome` (possibly `NO_KERNEL`), `built`, `passed`
        and `speedup`, which is NaN where there is no T*.
    """
    cells = first_tiles(tidy.cells[~tidy.cells["outcome"].isin(OUR_OUTCOMES)]).copy()
    cells["scale"] = scale_of(cells)
    columns = ["cell", *_PROGRAM, "scale", "cores", "machine", "crowded", "outcome"]
    both = pd.concat([cells[columns], _without_kernel(tidy)[columns]], ignore_index=True)
    both = _in_order(tidy, both)
    both["built"] = ~both["outcome"].isin(["load-error", NO_KERNEL])
    both["passed"] = both["outcome"] == "ok"
    both["speedup"] = _speedups(tidy, both)
    return both


def _in_order(tidy: Tidy, table: pd.DataFrame) -> pd.DataFrame:
    """Rows in the study's order of models, problems and frameworks; unknown ones come last."""
    study = tidy.study
    names = [*study.models, *study.problems, *study.frameworks]
    order = {name: i for i, name in enumerate(names)}
    return table.sort_values(
        ["model", "problem", "framework", "sample", "cores", "cell"],
        key=lambda column: (
            column.map(lambda value: order.get(value, 10**6))
            if column.name in ("model", "problem", "framework")
            else column
        ),
        ignore_index=True,
    )


def scale_of(table: pd.DataFrame) -> "pd.Series[str]":
    """Scale points as names of cells have them."""
    parts = [table[name].astype(str) for name in ("nodes", "ranks", "threads")]
    return parts[0] + "x" + parts[1] + "x" + parts[2]


def _without_kernel(tidy: Tidy) -> pd.DataFrame:
    """Cells of programs that no session produced, of models that have runs."""
    cells = first_tiles(grid(tidy))
    run = cells["model"].isin(set(tidy.cells["model"]))
    found = cells[(cells["outcome"] == NO_KERNEL) & run].copy()
    sizes = found["scale"].str.split("x", expand=True).reindex(columns=range(3)).astype("Int64")
    found["cores"] = (sizes[1] * sizes[2]).astype("int64")
    return found.assign(machine="", crowded=False)


def _speedups(tidy: Tidy, table: pd.DataFrame) -> list[float]:
    """T* / T of each row."""
    times = {
        key: mean.mean
        for key, group in tidy.measurements.groupby(["machine", "cell"])
        if (mean := log_mean(group["seconds"].tolist())) is not None
    }
    base = {
        (machine, problem, n): times.get((machine, cell))
        for machine, cell, problem, n in _bases(first_tiles(tidy.measurements))
    }
    comparable = {(problem, n) for (_, problem, n), mean in base.items() if mean is not None}
    found = []
    columns = ["machine", "cell", "problem", "n", "passed", "crowded"]
    rows = zip(table[columns].itertuples(index=False), tidy.closed_form(table), strict=True)
    for (machine, cell, problem, n, passed, crowded), closed in rows:
        above, below = base.get((machine, problem, n)), times.get((machine, cell))
        if not passed:
            known = (problem, n) in comparable and not crowded
            found.append(0.0 if known else float("nan"))
        elif above is None or below is None or closed:
            found.append(float("nan"))
        else:
            found.append(rounded(math.exp(min(above - below, _MOST))))
    return found


def _bases(times: pd.DataFrame) -> Iterator[tuple[str, str, str, int]]:
    """Where T* is: machine, cell, problem and n."""
    one = (times["model"] == "reference") & (times["framework"] == "threads")
    one &= (times["cores"] == 1) & (times["sample"] == 0)
    columns = ["machine", "cell", "problem", "n"]
    yield from times.loc[one, columns].drop_duplicates().itertuples(index=False, name=None)


def _views(
    tidy: Tidy, counted: pd.DataFrame, *, points: bool
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The outcomes, one row per program: over all scale points, at the smallest, at each."""
    whole = counted.groupby(_PROGRAM, sort=False, as_index=False)
    yield ALL, whole.agg({"built": "all", "passed": "all"})
    smallest = {name: smallest_scale(tidy, name) for name in tidy.study.frameworks}
    yield SMALLEST, counted[counted["framework"].map(smallest) == counted["scale"]]
    for scale, table in counted.groupby("scale", sort=False) if points else ():
        yield str(scale), table


def smallest_scale(tidy: Tidy, framework: str) -> str:
    """The study's smallest scale point for a framework; empty if it has none."""
    points, kind = tidy.study.scale_points, tidy.study.frameworks[framework].memory
    scales = points.shared if kind == "shared" else points.distributed
    return str(min(scales, key=lambda scale: scale.cores)) if scales else ""


def _metrics(group: pd.DataFrame, scale: str) -> Iterator[dict[str, Any]]:
    """The metrics of a group of programs."""
    tasks = [task for _, task in group.groupby(_TASK, sort=False)]
    for metric, column in (("build", "built"), ("pass", "passed")):
        values = [task[column].astype(float).tolist() for task in tasks]
        yield from _at_ks(metric, values)
    if scale in (ALL, SMALLEST):
        return
    known = [task for task in tasks if task["speedup"].notna().all()]
    cores = int(group["cores"].iloc[0])
    for suffix in ("", "_ok"):
        chosen = (task if suffix == "" else task[task["passed"]] for task in known)
        values = [task["speedup"].tolist() for task in chosen if len(task)]
        for row in _at_ks(f"speedup{suffix}", values):
            yield row
            yield (
                row
                | {"metric": f"efficiency{suffix}"}
                | {name: rounded(row[name] / cores) for name in ("value", "low", "high")}
            )


def _at_ks(metric: str, tasks: list[list[float]]) -> Iterator[dict[str, Any]]:
    """A row for each k that every task has programs for."""
    most = min(map(len, tasks), default=0)
    for k in (k for k in KS if k <= most):
        found: Interval = best_of_tasks(tasks, k)
        values = [value for task in tasks for value in task]
        yield {
            "metric": metric, "k": k, "value": found.value, "low": found.low, "high": found.high,
            "tasks": len(tasks), "programs": len(values),
            "passed": sum(value > 0 for value in values),
        }  # fmt: skip


class _LeftOut(NamedTuple):
    """Cells that are in no rate."""

    counts: Mapping[tuple[str, ...], Mapping[str, int]]

    def of(self, where: Mapping[str, Any]) -> dict[str, int]:
        """Number of cells that a group leaves out, by reason."""
        key = tuple(where[name] for name in ("model", *_TASK, "scale"))
        found = self.counts.get(key, {})
        return {name: found.get(name, 0) for name in (*OUR_OUTCOMES, "no_data")}


def _left_out(tidy: Tidy) -> _LeftOut:
    cells = first_tiles(tidy.grid())
    missing = set(_without_kernel(tidy)["cell"])
    cells = cells[cells["outcome"].isin([*OUR_OUTCOMES, ""]) & ~cells["cell"].isin(missing)]
    counts: dict[tuple[str, ...], dict[str, int]] = {}
    columns = ["model", *_TASK, "scale", "outcome"]
    smallest = {name: smallest_scale(tidy, name) for name in tidy.study.frameworks}
    for model, problem, n, framework, scale, outcome in cells[columns].itertuples(index=False):
        scales = [ALL, scale] + ([SMALLEST] if scale == smallest[framework] else [])
        for key in _keys(model, (problem, n), framework, scales):
            of_key = counts.setdefault(key, {})
            name = outcome or "no_data"
            of_key[name] = of_key.get(name, 0) + 1
    return _LeftOut(counts)


def _keys(
    model: str, size: tuple[str, int], framework: str, scales: Iterable[str]
) -> Iterator[tuple[str, ...]]:
    """The groups that a cell belongs to."""
    for problem, n in (size, (ALL, ALL)):
        for name in (framework, ALL):
            for scale in scales:
                yield model, problem, str(n), name, scale
