"""Claims of the paper as data: what it says, what is tested, and a pure function that decides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Literal

from repro.analysis.claims_cells import TELLING
from repro.analysis.damaged_data import Damage
from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.rates import outcomes
from repro.analysis.tidy import Tidy
from repro.measure.outcomes import OUR_OUTCOMES

Word = Literal["supported", "refuted", "cannot tell"]

GPT, OPUS, QWEN = "gpt-5.5", "claude-opus-4.7", "qwen3-coder-next"
MODELS = (GPT, OPUS, QWEN)
"""The study's: claims are about these, whatever other models a dataset has."""

PROBLEMS = ("pi", "gemm", "cholesky")
FRAMEWORKS = ("threads", "dagger", "mpi", "dagger-distributed")

LARGE = 24
"""Cores from which a scale is large: the smallest at which the paper reports a failure."""

Numbers = Mapping[str, float | int | None]


@dataclass(frozen=True)
class Verdict:
    """What a dataset says to a claim.

    Attributes:
        word: `supported`, `refuted` or `cannot tell`.
        reason: why, in a sentence with the numbers.
        numbers: the same for programs.
        cells: the cells that it rests on.
        missing: what the dataset would need to tell.
    """

    word: Word
    reason: str
    numbers: Numbers = field(default_factory=dict)
    cells: Sequence[str] = ()
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Point:
    """A program at a scale point, at the problem's main size.

    Attributes:
        cell: its name.
        cores: of the scale point.
        outcome: empty if the dataset has none of the program, on as many cores.
        flags: beside it.
        repetitions: that its attempt completed.
        seconds: of the repetitions that count, on the machine that most cells ran on.
    """

    cell: str
    cores: int
    outcome: str
    flags: str
    repetitions: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Seen:
    """A dataset as claims look at it."""

    tidy: Tidy

    @cached_property
    def programs(self) -> dict[tuple[str, str, str, int], list[Point]]:
        """The points of each program (model, problem, framework, sample), fewest cores first."""
        tidy = self.tidy
        found: dict[tuple[str, str, str, int], list[Point]] = {}
        counted = ~tidy.cells["outcome"].isin(OUR_OUTCOMES) & ~tidy.cells["crowded"]
        own = {row.cell: row for row in tidy.cells[counted].itertuples()}
        seconds = self._seconds
        table = outcomes(tidy)
        never = set(table.loc[table["outcome"] == NO_KERNEL, "cell"])
        grid = tidy.grid()
        sizes = {name: problem.sizes[0].n for name, problem in tidy.study.problems.items()}
        for row in grid[grid["problem"].map(sizes) == grid["n"]].itertuples():
            ranks, threads = map(int, str(row.scale).split("x")[1:])
            cell = own.get(row.cell)
            point = Point(
                cell=str(row.cell),
                cores=ranks * threads,
                outcome=str(cell.outcome) if cell else NO_KERNEL if row.cell in never else "",
                flags=str(cell.flags) if cell else "",
                repetitions=int(str(cell.repetitions)) if cell else 0,
                seconds=seconds.get(str(row.cell), ()) if cell and cell.outcome == "ok" else (),
            )
            key = (str(row.model), str(row.problem), str(row.framework), int(str(row.sample)))
            found.setdefault(key, []).append(point)
        return {key: sorted(points, key=lambda p: p.cores) for key, points in found.items()}

    @property
    def _seconds(self) -> dict[str, tuple[float, ...]]:
        times = self.tidy.measurements[~self.tidy.closed_form(self.tidy.measurements)]
        cells = times.groupby("machine")["cell"].nunique()
        mine = times[times["machine"] == cells.idxmax()] if len(cells) else times
        return {
            str(cell): tuple(sorted(group["seconds"].tolist()))
            for cell, group in mine.groupby("cell")
        }

    def of(
        self,
        models: Iterable[str] = MODELS,
        problems: Iterable[str] = PROBLEMS,
        frameworks: Iterable[str] = FRAMEWORKS,
    ) -> dict[tuple[str, str, str, int], list[Point]]:
        """The programs of the study's models, or of some; a combination without any is not in."""
        wanted = {(m, p, f) for m in models for p in problems for f in frameworks}
        return {key: points for key, points in self.programs.items() if key[:3] in wanted}

    def first(self, model: str, problem: str, framework: str) -> list[Point]:
        """The points of the first sample of a combination; empty if the study has none."""
        keys = [key for key in self.programs if key[:3] == (model, problem, framework)]
        return self.programs[min(keys)] if keys else []

    def absent(self, models: Iterable[str] = MODELS) -> list[str]:
        """Combinations of the paper that this dataset's study does not have."""
        there = {key[:3] for key in self.programs}
        every = product(models, PROBLEMS, FRAMEWORKS)
        return ["/".join(one) for one in every if one not in there]

    def unknown(self, models: Iterable[str] = MODELS) -> list[str]:
        """All that has no outcome: combinations, whole programs, and cells of the others."""
        models = tuple(models)
        names = self.absent(models)
        for (model, problem, framework, sample), points in self.of(models).items():
            without = [point.cell for point in points if not point.outcome]
            whole = len(without) == len(points)
            names += [f"{model}/{problem}/{framework}/{sample}"] if whole else without
        return names


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        name: short, for commands.
        source: `abstract` or `results`.
        text: what the paper says.
        test: what of it is tested, and how; thresholds are ours.
        judge: decides.
    """

    name: str
    source: Literal["abstract", "results"]
    text: str
    test: str
    judge: Callable[[Seen], Verdict]


def judge_all(claims: Sequence[Claim], tidy: Tidy, damaged: Damage) -> list[dict[str, Any]]:
    """Every claim with its verdict, as JSON values.

    A dataset with damaged files can refute or support nothing by what it lacks: every verdict is
    `cannot tell` where the damage may touch it, which is everywhere.
    """
    seen, told = Seen(tidy), []
    for claim in claims:
        verdict = claim.judge(seen)
        if damaged and verdict.word != "cannot tell":
            reason = f"files are damaged; what is left would say {verdict.word}: {verdict.reason}"
            missing = [*verdict.missing, *damaged]
            verdict = Verdict("cannot tell", reason, verdict.numbers, verdict.cells, missing)
        told.append(
            {name: getattr(claim, name) for name in ("name", "source", "text", "test")}
            | {"verdict": verdict.word, "reason": verdict.reason, "numbers": dict(verdict.numbers),
               "cells": list(verdict.cells), "missing": list(verdict.missing),
               "telling": list(TELLING[claim.name])}
        )  # fmt: skip
    return told


def listed(names: Sequence[str], most: int = 4) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
