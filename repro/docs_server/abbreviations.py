"""Names taken apart into words that people use: `argmin` is index minimum, `nprocs` number process.

Julia writes names as one word and shortens them. A part of a name is broken where both sides are
words of the documentation or abbreviations of this list.
"""

from collections.abc import Container
from functools import cache

ABBREVIATIONS = {
    "abs": "absolute", "alloc": "allocate", "arg": "index argument", "args": "arguments",
    "async": "asynchronous", "bcast": "broadcast", "buf": "buffer", "cat": "concatenate",
    "chol": "cholesky", "cmd": "command", "comm": "communicator", "cond": "condition",
    "conj": "conjugate", "cum": "cumulative", "def": "definite", "det": "determinant",
    "dev": "deviation", "diag": "diagonal", "diff": "difference", "dim": "dimension",
    "dims": "dimensions", "dir": "directory", "div": "divide", "eig": "eigenvalue",
    "el": "element", "env": "environment", "eval": "evaluate", "expr": "expression",
    "fact": "factorization", "func": "function", "gc": "garbage collection", "gen": "generate",
    "h": "horizontal", "idx": "index", "ind": "index", "inds": "indices", "info": "information",
    "init": "initialize", "inv": "inverse", "io": "input output", "is": "whether",
    "iter": "iterate", "l": "left", "ln": "line", "log": "logarithm", "mat": "matrix",
    "max": "maximum largest", "mem": "memory", "min": "minimum smallest", "mul": "multiply",
    "n": "number", "ns": "nanoseconds", "num": "number", "op": "operation",
    "perm": "permutation", "pos": "positive", "proc": "process", "procs": "processes",
    "prod": "product", "ptr": "pointer", "r": "right", "rand": "random", "recv": "receive",
    "red": "reduce", "ref": "reference", "rem": "remainder", "rm": "remove", "std": "standard",
    "str": "string", "svd": "singular value decomposition", "sym": "symmetric",
    "sync": "synchronize", "sys": "system", "tmp": "temporary", "tr": "trace", "tri": "triangular",
    "trunc": "truncate", "typ": "type", "v": "vertical", "val": "value", "vals": "values",
    "var": "variable", "vec": "vector", "vecs": "vectors", "zip": "lockstep",
}  # fmt: skip

_ALONE = {"h", "l", "n", "r", "v"}
"""Too short to stand anywhere but in front."""

_SHORT = {"to", "at", "in", "by", "of", "un"}
_LONG = 3
"""Letters of a word that may be a piece of another."""


def spoken(parts: list[str], known: Container[str]) -> list[list[str]]:
    """The pieces of a name, each as the words that it stands for, the first before the others.

    Args:
        parts: lower case.
        known: words of the documentation.
    """
    pieces = [
        piece
        for part in parts
        for piece in ([part] if part in ABBREVIATIONS else split(part, known) or [part])
    ]
    return [ABBREVIATIONS.get(piece, piece).split() for piece in pieces]


def split(part: str, known: Container[str]) -> list[str]:
    """A part of a name as the fewest words that it is made of; empty if it is none or one."""

    def is_piece(start: int, end: int) -> bool:
        piece = part[start:end]
        if piece in _ALONE:
            return start == 0
        if piece in ABBREVIATIONS or piece in _SHORT:
            return True
        return len(piece) >= _LONG and piece in known and (start, end) != (0, len(part))

    @cache
    def best(start: int) -> tuple[str, ...] | None:
        if start == len(part):
            return ()
        ways = [
            (part[start:end], *rest)
            for end in range(start + 1, len(part) + 1)
            if is_piece(start, end) and (rest := best(end)) is not None
        ]
        return min(ways, key=lambda way: (len(way), [-len(piece) for piece in way]), default=None)

    return [*(best(0) or ())]
