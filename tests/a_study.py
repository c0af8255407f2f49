"""A study for a test: small unless the test asks for more, and written in one place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

HEAD: dict[str, Any] = {
    "name": "trial", "title": "A trial", "seed": 7, "repetitions": 3, "time_limit_s": 240,
    "stall_limit_s": 20, "memory_limit_gib": 2,
}  # fmt: skip
BY_HAND = ("reference", "vendor")
"""Models of these names have their programs in each problem's directory."""

PROBLEMS: dict[str, dict[str, Any]] = {
    "empty": {"title": "Empty tasks", "sizes": [{"n": 200}], "check": {"n": 20}},
    "pi": {"title": "Pi", "sizes": [{"n": 100_000}], "check": {"n": 100}},
    "gemm": {"title": "GEMM", "sizes": [{"n": 300, "tile": 64}], "check": {"n": 100, "tile": 32}},
    "cholesky": {
        "title": "Cholesky", "sizes": [{"n": 300, "tile": 64}], "check": {"n": 100, "tile": 32},
    },
}  # fmt: skip
FRAMEWORKS: dict[str, dict[str, Any]] = {
    "threads": {"title": "Base.Threads", "memory": "shared"},
    "dagger": {"title": "Dagger.jl", "memory": "shared", "packages": ["Dagger"]},
    "mpi": {"title": "MPI.jl", "memory": "distributed", "packages": ["MPI"]},
    "dagger-distributed": {
        "title": "Distributed Dagger.jl", "memory": "distributed", "packages": ["Dagger"],
    },
}  # fmt: skip


def study_toml(
    models: Mapping[str, Mapping[str, Any]],
    sizes: Mapping[str, Sequence[Mapping[str, int]] | None],
    frameworks: Iterable[str] = ("threads",),
    shared: Sequence[str] = ("1x1x1",),
    distributed: Sequence[str] = (),
    **head: Any,
) -> str:
    """The text of a study.

    Args:
        models: what is said of each; its title is its name unless that is said, and the programs
            of those in `BY_HAND` are found without saying it.
        sizes: the problems, and at which sizes; None for the one in `PROBLEMS`.
        frameworks: those of `FRAMEWORKS` that are measured.
        shared: scale points of the shared-memory frameworks.
        distributed: scale points of the others.
        head: changes of `HEAD`.
    """
    tables: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for name, said in models.items():
        where = {"kernels": name} if name in BY_HAND else {}
        tables["models", name] = {"title": name} | where | dict(said)
    for name, wanted in sizes.items():
        tables["problems", name] = PROBLEMS[name] | ({"sizes": wanted} if wanted else {})
    tables |= {("frameworks", name): FRAMEWORKS[name] for name in frameworks}
    tables["scale_points",] = {"shared": shared, "distributed": distributed}
    parts = [_lines(HEAD | head)]
    parts += [f"[{'.'.join(map(toml, path))}]\n{_lines(keys)}" for path, keys in tables.items()]
    return "\n".join(parts)


def toml(value: Any) -> str:
    """A value as TOML writes it; JSON's strings, numbers and arrays are TOML's too."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def _lines(keys: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
