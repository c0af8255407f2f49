"""A dataset as claims look at it: for each program its outcomes and times, by cores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.rates import outcomes
from repro.analysis.tidy import Tidy, first_tiles
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.names import Program


@dataclass(frozen=True)
class Point:
    """A program at a scale point, at the problem's main size.

    Attributes:
        cell: its name.
        cores: of the scale point.
        outcome: empty if the dataset has none of the program's doing, measured on enough cores.
        flags: beside the outcome.
        repetitions: how many its attempt completed.
        seconds: of the repetitions that count, on the machine that most cells ran on.
    """

    cell: str
    cores: int
    outcome: str
    flags: tuple[str, ...] = ()
    repetitions: int = 0
    seconds: tuple[float, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is correct and in time."""
        return self.outcome == "ok"

    @property
    def failures(self) -> set[str]:
        """Its outcome and flags, as causes of a failure."""
        return {self.outcome, *self.flags}


Programs = Mapping[Program, Sequence[Point]]
"""Programs with their scale points, the fewest cores first."""


@dataclass(frozen=True)
class Observations:
    """What a dataset shows of each program.

    Attributes:
        programs: every program of the dataset's study, run or not.
    """

    programs: Programs

    def of(
        self, models: Iterable[str], problems: Iterable[str], frameworks: Iterable[str]
    ) -> Programs:
        """The programs of some models, problems and frameworks that the study has."""
        wanted = set(product(models, problems, frameworks))
        return {
            program: points
            for program, points in self.programs.items()
            if (program.model, program.problem, program.framework) in wanted
        }

    def first(self, model: str, problem: str, framework: str) -> Sequence[Point]:
        """The points of the first sample of a combination; empty if the study has none."""
        found = self.of([model], [problem], [framework])
        return found[min(found)] if found else []


def observed(tidy: Tidy) -> Observations:
    """What a dataset shows of each program of its study."""
    programs: dict[Program, list[Point]] = {}
    for program, point in _points(tidy):
        programs.setdefault(program, []).append(point)
    return Observations({
        program: sorted(points, key=lambda point: point.cores)
        for program, points in programs.items()
    })  # fmt: skip


def _points(tidy: Tidy) -> Iterator[tuple[Program, Point]]:
    """Every cell of the study at its problem's main size."""
    counted = ~tidy.cells["outcome"].isin(OUR_OUTCOMES) & ~tidy.cells["crowded"]
    own = {row.cell: row for row in tidy.cells[counted].itertuples()}
    table, seconds = outcomes(tidy), _seconds(tidy)
    unwritten = set(table.loc[table["outcome"] == NO_KERNEL, "cell"])
    grid = first_tiles(tidy.grid())
    sizes = {name: problem.sizes[0].n for name, problem in tidy.study.problems.items()}
    for row in grid[grid["problem"].map(sizes) == grid["n"]].itertuples():
        ranks, threads = map(int, str(row.scale).split("x")[1:])
        name, cell = str(row.cell), own.get(row.cell)
        program = Program(
            str(row.model), str(row.problem), str(row.framework), int(str(row.sample))
        )
        if cell is None:
            outcome = NO_KERNEL if name in unwritten else ""
            yield program, Point(name, ranks * threads, outcome)
            continue
        yield (
            program,
            Point(
                cell=name,
                cores=ranks * threads,
                outcome=str(cell.outcome),
                flags=tuple(flag for flag in str(cell.flags).split(";") if flag),
                repetitions=int(str(cell.repetitions)),
                seconds=seconds.get(name, ()) if cell.outcome == "ok" else (),
            ),
        )


def _seconds(tidy: Tidy) -> dict[str, tuple[float, ...]]:
    """Times of each cell on the machine that most cells with times ran on, in seconds."""
    times = tidy.measurements[~tidy.closed_form(tidy.measurements)]
    cells = times.groupby("machine")["cell"].nunique()
    mine = times[times["machine"] == cells.idxmax()] if len(cells) else times
    return {
        str(cell): tuple(sorted(group["seconds"].tolist())) for cell, group in mine.groupby("cell")
    }


def with_times(points: Sequence[Point]) -> dict[int, Point]:
    """The points that have times, by their cores."""
    return {point.cores: point for point in points if point.seconds}


def with_outcomes_in_both(
    one: Sequence[Point], other: Sequence[Point]
) -> tuple[list[Point], list[Point]]:
    """The points of two programs on the numbers of cores at which both have an outcome."""
    common = {p.cores for p in one if p.outcome} & {p.cores for p in other if p.outcome}
    mine, theirs = ([p for p in points if p.cores in common] for points in (one, other))
    return mine, theirs


def at_larger_scale(programs: Programs) -> list[Point]:
    """Larger scale points, with an outcome, of programs that are ok at their smallest."""
    return [
        point
        for points in programs.values()
        if points[0].ok
        for point in points[1:]
        if point.outcome
    ]
