"""Names of scale points, programs and cells: how they are written and read."""

import re
from dataclasses import dataclass
from typing import Self

from repro.errors import UserError

NAME = r"[a-z0-9][a-z0-9.-]*"
_SCALE = re.compile(r"([1-9]\d*)x([1-9]\d*)x([1-9]\d*)")
_PROGRAM = re.compile(rf"({NAME})/({NAME})/({NAME})/(0|[1-9]\d*)")
_CELL = re.compile(r"([^@]+)@([^,@]+)(?:,n=([1-9]\d*)(?:,tile=([1-9]\d*))?)?")


@dataclass(frozen=True, order=True)
class ScalePoint:
    """Nodes, total MPI ranks or workers, and threads of each rank: `1x1x24`."""

    nodes: int
    ranks: int
    threads: int

    def __str__(self) -> str:
        return f"{self.nodes}x{self.ranks}x{self.threads}"

    @property
    def cores(self) -> int:
        """Total cores: one per thread of each rank."""
        return self.ranks * self.threads

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `nodes x ranks x threads`.

        Raises:
            ValueError: `text` is not three positive numbers, or has fewer ranks than nodes.
        """
        match = _SCALE.fullmatch(text)
        if not match:
            raise ValueError("a scale point is nodes x ranks x threads, such as 1x1x24")
        point = cls(*map(int, match.groups()))
        if point.ranks < point.nodes:
            raise ValueError("a scale point has at least one rank per node")
        return point


@dataclass(frozen=True, order=True)
class Program:
    """One kernel file with its harness: `reference/gemm/threads/0`."""

    model: str
    problem: str
    framework: str
    sample: int

    def __str__(self) -> str:
        return f"{self.model}/{self.problem}/{self.framework}/{self.sample}"

    @property
    def stem(self) -> str:
        """The name of its files in the directory of its model: `gemm_threads_0`."""
        return f"{self.problem}_{self.framework}_{self.sample}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read model/problem/framework/sample.

        Raises:
            UserError: `text` is not such a name.
        """
        match = _PROGRAM.fullmatch(text)
        if not match:
            raise UserError(f"{text}: not a program's name; write it like reference/gemm/threads/0")
        model, problem, framework, sample = match.groups()
        return cls(model, problem, framework, int(sample))


@dataclass(frozen=True)
class CellName:
    """A program at a scale point: `reference/gemm/threads/0@1x1x2`.

    If a study has several sizes of a problem, names at all but the first also have the size:
    `reference/gemm/threads/0@1x1x2,n=8192`. If several have the same n, names at all but the first
    of these also have the tile: `reference/gemm/threads/0@1x1x2,n=8192,tile=64`.
    """

    program: Program
    scale: ScalePoint
    n: int | None = None
    tile: int | None = None
    """None unless n is given too."""

    def __str__(self) -> str:
        size = "" if self.n is None else f",n={self.n}"
        tile = "" if self.tile is None else f",tile={self.tile}"
        return f"{self.program}@{self.scale}{size}{tile}"

    @property
    def order(self) -> tuple[Program, ScalePoint, int, int]:
        """What names are sorted by: program, scale point, size."""
        return self.program, self.scale, self.n or 0, self.tile or 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cell's name.

        Raises:
            UserError: `text` is not such a name.
        """
        match = _CELL.fullmatch(text)
        try:
            if not match:
                raise ValueError("the scale point is missing")  # noqa: TRY301 - one message for both
            program, scale, *size = match.groups()
            n, tile = (int(number) if number else None for number in size)
            return cls(Program.parse(program), ScalePoint.parse(scale), n, tile)
        except (ValueError, UserError) as error:
            raise UserError(
                f"{text}: not a cell's name; write it like reference/gemm/threads/0@1x1x2"
            ) from error
