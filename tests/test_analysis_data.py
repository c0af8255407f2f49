"""Made-up datasets for the tests of analysis and figures; their times follow simple laws."""

import csv
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from repro.study.expand import Cell, cells, programs
from repro.study.load import load_study

from a_study import study_toml

NAME = ["cell", "attempt", "model", "problem", "framework", "sample"]
NAME += ["nodes", "ranks", "threads", "n", "tile"]
ATTEMPTS = [*NAME, "outcome", "flags", "repetitions", "wall_seconds", "cpu_seconds"]
ATTEMPTS += ["peak_memory_bytes", "environment", "kernel_sha256", "detail"]
RUNTIMES = [*NAME, "repetition", "seed", "seconds", "error", "bound", "correct"]
FLAGS = ["oversubscribed", "raised-blas-threads", "single-blas-call", "no-parallel-construct"]
FLAGS += ["tampered"]
MACHINE = "Made-up CPU @ 2.80GHz, 2 cores, 23 GiB"

TOO_SMALL = 64
"""A tile at which a made-up program does not finish."""

Result = tuple[str, str, list[float]]
"""Outcome, flags and times of a cell."""


def write_dataset(
    root: Path, study: str, result: Callable[[Cell], Result | None], name: str = "made-up"
) -> Path:
    """A dataset of one attempt for each cell of a study that `result` has something for."""
    dataset = root / name
    (dataset / "environment").mkdir(parents=True)
    text = load_study_text(study) if "/" not in study else Path(study).read_text(encoding="utf-8")
    (dataset / "study.toml").write_text(text, encoding="utf-8")
    (dataset / "environment" / "e1.json").write_text(json.dumps({"machine": MACHINE}))
    (dataset / "dataset.toml").write_text(
        f'name = "{name}"\nstudy = "{Path(study).stem}"\nsite = "local"\ncreated = "2026-01-02"\n'
        'creator = "tests"\nlicence = "CC-BY-4.0"\nimage = ""\nrepro = "0.1.0"\n'
    )
    found = [(cell, value) for cell in cells(load_study(study)) if (value := result(cell))]
    for model in {cell.program.model for cell, _ in found}:
        of_model = [pair for pair in found if pair[0].program.model == model]
        _write(dataset / model / "attempts.csv", ATTEMPTS, (_attempt(*pair) for pair in of_model))
        for stem in {cell.program.stem for cell, _ in of_model}:
            rows = [
                row for pair in of_model if pair[0].program.stem == stem for row in _runs(*pair)
            ]
            _write(dataset / model / "runtimes" / f"{stem}.csv", RUNTIMES, rows)
    write_manifest(dataset)
    return dataset


def load_study_text(study: str) -> str:
    """The bytes of a study's file, as a dataset keeps them."""
    return (Path(__file__).parents[1] / "studies" / f"{study}.toml").read_text(encoding="utf-8")


def write_manifest(dataset: Path) -> None:
    """SHA256SUMS of all files."""
    files = sorted(p for p in dataset.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(dataset)}\n" for p in files
    ]
    (dataset / "SHA256SUMS").write_text("".join(lines))


def tiny(cell: Cell) -> Result | None:
    """Hand-written programs on one and two threads, all well."""
    if cell.program.framework != "threads" or cell.scale.cores > 2:
        return None
    if cell.program.model not in {"reference", "vendor"}:
        return None
    factor = {"reference": 1.1, "vendor": 1.0}[cell.program.model]
    work = 0.0 if (cell.program.model, cell.program.problem) == ("vendor", "pi") else 0.8
    return "ok", "", [factor * work / cell.scale.cores * (1 + 0.02 * i) for i in range(3)]


def full(cell: Cell) -> Result | None:
    """A large study with every outcome and flag in it, scattered by the cell's name."""
    chance = random.Random(str(cell.name))  # noqa: S311 - scatter, no secret
    if chance.random() < 0.03:
        return None
    outcome, flags = "ok", ""
    if chance.random() < 0.02 * cell.scale.cores**0.5:
        failures = ["wrong-result", "load-error", "runtime-error", "deadlock", "timeout",
                    "out-of-memory", "crash", "unavailable", "infrastructure"]  # fmt: skip
        outcome = chance.choice(failures)
    if chance.random() < 0.1:
        flags = ";".join(chance.sample(FLAGS, 2))
    if outcome != "ok":
        return outcome, flags, []
    quality = random.Random(str(cell.program)).uniform(0.002, 0.05)  # noqa: S311
    cores = cell.scale.cores
    ideal = 300 * (1 + 20 * quality) * (1 / cores + quality * (1 - 1 / cores) * cores**0.1)
    return "ok", flags, [ideal * chance.lognormvariate(0, 0.03) for _ in range(5)]


def tiled(cell: Cell) -> Result | None:
    """The study of granularity: speed grows with the tile up to 128, and falls from 256 on.

    A program of distributed Dagger has a tile at which it does not finish; MPI's gemm hardly
    depends on the tile, and its cholesky was never attempted.
    """
    framework, problem = cell.program.framework, cell.program.problem
    if framework == "dagger-distributed" and cell.tile == TOO_SMALL:
        return "timeout", "", []
    if (problem, framework) == ("cholesky", "mpi"):
        return None
    spread = (0.99, 1.0, 1.01)
    if problem == "empty":
        return "ok", "", [cell.n * 4e-7 * factor for factor in spread]
    slower = {256: 1.01, 512: 1.02, 1024: 1.3}.get(cell.tile, 128 / cell.tile)
    return "ok", "", [0.1 * (1.0 if framework == "mpi" else slower) * factor for factor in spread]


def _name(cell: Cell) -> dict[str, Any]:
    program, scale = cell.program, cell.scale
    return {
        "cell": str(cell.name), "attempt": 1, "model": program.model, "problem": program.problem,
        "framework": program.framework, "sample": program.sample, "nodes": scale.nodes,
        "ranks": scale.ranks, "threads": scale.threads, "n": cell.n, "tile": cell.tile,
    }  # fmt: skip


def _attempt(cell: Cell, result: Result) -> dict[str, Any]:
    outcome, flags, seconds = result
    return _name(cell) | {
        "outcome": outcome, "flags": flags, "repetitions": len(seconds), "wall_seconds": "9.5",
        "cpu_seconds": "9.0", "peak_memory_bytes": "" if outcome == "load-error" else 123456789,
        "environment": "e1", "kernel_sha256": "ab" * 32, "detail": "",
    }  # fmt: skip


def _runs(cell: Cell, result: Result) -> Iterable[dict[str, Any]]:
    for i, seconds in enumerate(result[2]):
        yield _name(cell) | {
            "repetition": i + 1, "seed": 2**64 - 1 - i, "seconds": f"{seconds:.9f}",
            "error": "1.0e-16", "bound": "1.0e-12", "correct": "true",
        }  # fmt: skip


def _write(path: Path, columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def add_trials(dataset: Path, cell: str, outcomes: Iterable[str], **changed: Any) -> None:
    """Further attempts of a cell that has one, like it but for their outcome and `changed`."""
    table = dataset / cell.partition("/")[0] / "attempts.csv"
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    newest = [row for row in rows if row["cell"] == cell][-1]
    rows += [
        newest | {"attempt": int(newest["attempt"]) + i, "outcome": outcome, **changed}
        for i, outcome in enumerate(outcomes, 1)
    ]
    _write(table, ATTEMPTS, rows)
    write_manifest(dataset)


def try_again(
    dataset: Path, model: str, of: Callable[[dict[str, str]], bool], outcomes: Sequence[str]
) -> None:
    """Further attempts of a model's cells that have one each, with these outcomes."""
    table = dataset / model / "attempts.csv"
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows += [
        row | {"attempt": str(i), "outcome": outcome}
        for row in filter(of, rows)
        for i, outcome in enumerate(outcomes, 2)
    ]
    _write(table, ATTEMPTS, rows)
    write_manifest(dataset)


def add_session(
    dataset: Path, program: str, number: int = 0, calls: Iterable[str] = (), **about: Any
) -> Path:
    """A session of a program, as `repro.agent` leaves it; `calls` are the tools that it called."""
    model, problem, framework, sample = program.split("/")
    directory = dataset / model / "transcripts" / f"{problem}_{framework}_{sample}" / str(number)
    directory.mkdir(parents=True)
    usage = {"turns": 3, "input_tokens": 900, "output_tokens": 100, "cached_tokens": 0,
             "dollars": None}  # fmt: skip
    usage |= {name: about.pop(name) for name in tuple(about) if name in usage}
    session = {
        "program": program, "agent": "opencode", "docs": True, "model_name": model,
        "ending": {"kind": about.pop("ending", "finished"), "detail": ""}, "seconds": 60.0,
        "usage": usage,
    }  # fmt: skip
    (directory / "session.json").write_text(json.dumps(session | about))
    steps = [{"source": "agent", "tool_calls": [{"function_name": name} for name in calls]}]
    (directory / "atif.json").write_text(json.dumps({"steps": steps}))
    return directory


def repeated(cell: Cell) -> Result | None:
    """Several generations of the models of `VARIED`, better and worse."""
    chance = random.Random(str(cell.program))  # noqa: S311
    if cell.program.model == "reference":
        return "ok", "", [8.0 / cell.scale.cores * (1 + 0.01 * i) for i in range(3)]
    if chance.random() < 0.15:
        return "load-error", "", []
    if chance.random() < 0.2 and cell.scale.cores > 2:
        return "deadlock", "", []
    return (
        "ok",
        "",
        [chance.uniform(8, 20) / cell.scale.cores**0.8 * (1 + 0.01 * i) for i in range(3)],
    )


VARIED = study_toml(
    {
        "gpt-5.5": {"title": "GPT-5.5", "samples": 10},
        "gpt-5.5-no-docs": {"title": "GPT-5.5, no docs", "samples": 5},
        "gpt-5.5-single-shot": {"title": "A model of a long name, single-shot", "samples": 5},
        "reference": {"title": "Reference (by hand)"},
    },
    {"pi": [{"n": 1_000_000}], "gemm": [{"n": 1024, "tile": 64}]},
    ["threads", "mpi"],
    shared=["1x1x1", "1x1x2", "1x1x4"],
    distributed=["1x1x1", "1x2x1", "1x4x1"],
    name="varied",
)


def write_varied(root: Path) -> Path:
    """A dataset of `VARIED`, with a session for each program of an LLM."""
    study = root / "varied.toml"
    study.write_text(VARIED)
    dataset = write_dataset(root, str(study), repeated, "varied")
    for program in programs(load_study(str(study))):
        chance = random.Random(str(program) + "s")  # noqa: S311
        single = program.model.endswith("single-shot")
        if program.model == "reference":
            continue
        kernel = dataset / program.model / "kernels" / f"{program.stem}.jl"
        kernel.parent.mkdir(exist_ok=True)
        kernel.write_text("# a kernel\n")
        looked = chance.randint(1, 9) if program.model == "gpt-5.5" else 0
        calls = [] if single else ["docs_search_docs"] * looked + ["bash"] * chance.randint(5, 30)
        add_session(
            dataset, str(program), calls=calls, agent="single-shot" if single else "opencode",
            docs=program.model == "gpt-5.5", model_name="gpt-5.5",
            seconds=round(chance.uniform(20, 60) if single else chance.uniform(200, 900), 3),
            turns=1 if single else len(calls),
            input_tokens=chance.randint(1000, 2000) * (1 + len(calls)),
            output_tokens=chance.randint(500, 9000), dollars=round(chance.uniform(0.1, 2), 4),
        )  # fmt: skip
    write_manifest(dataset)
    return dataset
