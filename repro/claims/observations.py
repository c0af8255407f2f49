"""A dataset as claims look at it: for each program its outcomes and times, by cores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.rates import outcomes
from repro.analysis.tidy import Tidy, first_tiles
from repro.claims.control import Control, Trial, controls, trials
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.expand import cells as cells_of
from repro.study.names import Program


@dataclass(frozen=True)
class Point:
    """A program at a scale point, at the problem's main size.

    Attributes:
        cell: its name.
        cores: of the scale point, one for each thread.
        outcome: empty if the dataset has none of the program's doing, measured on enough cores.
        flags: beside the outcome.
        repetitions: how many its attempt completed.
        seconds: of the repetitions that count, on the machine that most cells ran on.
        trials: its attempts with an outcome of the program, also on fewer cores than threads.
        control: what the study's control says to its failure.
        tile: of the size.
    """

    cell: str
    cores: int
    outcome: str
    flags: tuple[str, ...] = ()
    repetitions: int = 0
    seconds: tuple[float, ...] = ()
    trials: tuple[Trial, ...] = ()
    control: Control = field(default_factory=Control)
    tile: int = 0

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
        control: the model that its failures are compared with; empty if the study names none.
        tiled: the same with every tile that the study has of the problem's main n.
    """

    programs: Programs
    control: str = ""
    tiled: Programs = field(default_factory=dict)

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

    def tiles(self, model: str, problem: str, framework: str) -> Mapping[int, Mapping[int, Point]]:
        """By cores, the points with times of a combination's first sample, by their tiles."""
        found: dict[int, dict[int, Point]] = {}
        for point in Observations(self.tiled).first(model, problem, framework):
            if point.seconds:
                found.setdefault(point.cores, {})[point.tile] = point
        return found

    def without_outcome(self, models: Iterable[str]) -> list[str]:
        """The models of which no program has an outcome or a trial."""
        there = {
            program.model
            for program, points in self.programs.items()
            if any(point.outcome or point.trials for point in points)
        }
        return [model for model in models if model not in there]

    def cores(self, cells: Iterable[str]) -> int | None:
        """The most cores that a trial of some cells could run on; None if no trial says."""
        wanted = set(cells)
        everything = self.tiled or self.programs
        points = (point for points in everything.values() for point in points)
        every = [trial.cores for point in points if point.cell in wanted for trial in point.trials]
        return max((cores for cores in every if cores), default=None)


def observed(tidy: Tidy) -> Observations:
    """What a dataset shows of each program of its study."""
    tiled: dict[Program, list[Point]] = {}
    for program, point in _points(tidy):
        tiled.setdefault(program, []).append(point)
    for points in tiled.values():
        points.sort(key=lambda point: point.cores)
    mine = set(first_tiles(tidy.grid())["cell"])
    programs = {
        program: [point for point in points if point.cell in mine]
        for program, points in tiled.items()
    }
    return Observations(programs, tidy.study.control or "", tiled)


def _points(tidy: Tidy) -> Iterator[tuple[Program, Point]]:
    """Every cell of the study at its problem's main n, with every tile."""
    counted = ~tidy.cells["outcome"].isin(OUR_OUTCOMES) & ~tidy.cells["crowded"]
    own = {row.cell: row for row in tidy.cells[counted].itertuples()}
    table, seconds = outcomes(tidy), _seconds(tidy)
    tried, compared = trials(tidy), controls(tidy)
    unwritten = set(table.loc[table["outcome"] == NO_KERNEL, "cell"])
    grid, tiles = tidy.grid(), {str(cell.name): cell.tile for cell in cells_of(tidy.study)}
    sizes = {name: problem.sizes[0].n for name, problem in tidy.study.problems.items()}
    for row in grid[grid["problem"].map(sizes) == grid["n"]].itertuples():
        ranks, threads = map(int, str(row.scale).split("x")[1:])
        name, cell = str(row.cell), own.get(row.cell)
        program = Program(
            str(row.model), str(row.problem), str(row.framework), int(str(row.sample))
        )
        if cell is None:
            outcome = NO_KERNEL if name in unwritten else ""
            there = tried.get(name, ())
            yield program, Point(name, ranks * threads, outcome, trials=there, tile=tiles[name])
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
                trials=tried.get(name, ()),
                control=compared.get(name, Control()),
                tile=tiles[name],
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
