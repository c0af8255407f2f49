"""A made-up dataset for the report: evidence, programs and sessions beside made-up results.

All of it is invented, and says so: its name is `made-up`, its machine a made-up one.
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from test_analysis_data import Result, write_dataset, write_manifest

from repro.archive import layout
from repro.files import canonical_json
from repro.study.expand import Cell, cells
from repro.study.load import load_study
from repro.study.names import CellName, Program

from a_study import study_toml

HOSTILE = (
    "</pre></script><script>document.title='HACKED'</script>"
    "<img src=x onerror=\"document.title='HACKED'\">"
    '"><svg onload="document.title=\'HACKED\'">'
    "{{ 7*7 }}{% raw %}&amp;\x1b[31mred\x1b[0m\x00\u202egnp.exe\u2066\u2028javascript:alert(1)"
    "\U000e0041\U000e0042\x1b]8;;https://example.org\x07link\x1b]8;;\x07"
)
"""Text that would act, if anything let it."""


def study(
    shared: Sequence[str] = ("1x1x1", "1x1x2", "1x1x4"),
    distributed: Sequence[str] = ("1x1x1", "1x2x1", "2x8x1"),
) -> str:
    """Two models, two problems and two frameworks, at scale points of each kind."""
    return study_toml(
        {"gpt-5.5": {"title": "Made up"}, "reference": {"title": "Made up, by hand"}},
        {"pi": [{"n": 1_000_000}, {"n": 2_000_000}], "cholesky": [{"n": 1024, "tile": 64}]},
        ["threads", "mpi"],
        shared,
        distributed,
        name="made-up",
        title="Made-up programs, for tests of the report",
    )


KERNEL = """\
# made up
using Base.Threads

function compute_pi(n::Int)
    parts = zeros(nthreads())
    @threads for t in 1:nthreads()
        parts[t] = sum(4 / (1 + ((i - 0.5) / n)^2) for i in t:nthreads():n; init = 0.0)
    end
    return sum(parts) / n  # "π"
end
"""


def result(cell: Cell) -> Result | None:
    """One outcome after the other; the largest scale point was never attempted by some."""
    cores, program = cell.scale.cores, cell.program
    if program.model == "reference":
        return "ok", "", [8.0 / cores * (1 + 0.01 * i) for i in range(3)]
    if program.problem == "cholesky":
        outcome = {1: "ok", 2: "wrong-result", 4: "deadlock", 8: "out-of-memory"}[cores]
        flags = "oversubscribed;tampered" if cores == 2 else ""
        return outcome, flags, [9.0] * 3 if outcome == "ok" else []
    return None if cores == 8 else ("ok", "", [10.0 / cores] * 3)


def made_up(
    root: Path,
    text: str | None = None,
    found: Callable[[Cell], Result | None] = result,
    said: str = HOSTILE,
    turns: int = 6,
) -> Path:
    """A dataset with evidence of each attempt, and a session of each program of an LLM.

    Args:
        root: where it is made, as `root`/made-up.
        text: the study's, that of `study` if not given.
        found: what each cell came to.
        said: what programs print and models say.
        turns: of each session.
    """
    file = root / "made-up.toml"
    file.write_text(text or study())
    dataset = write_dataset(root, str(file), found, "made-up")
    every = cells(load_study(str(file)))
    for cell in every:
        if value := found(cell):
            add_log(dataset, cell.name, value[0], said)
    for program in dict.fromkeys(cell.name.program for cell in every):
        kernel = dataset / layout.kernel_path(program)
        kernel.parent.mkdir(exist_ok=True)
        kernel.write_text(f"{KERNEL}# {said}\n", encoding="utf-8")
        if program.model != "reference":
            add_transcript(dataset, program, said, turns)
    write_manifest(dataset)
    return dataset


def add_log(dataset: Path, cell: CellName, outcome: str, said: str, number: int = 1) -> Path:
    """The evidence of an attempt."""
    log = dataset / layout.log_path(cell, number)
    log.mkdir(parents=True)
    plan = {"command": ["{julia}/julia", "-t", "2", said[:80]], "limits": {"time_s": 60.0}}
    (log / "attempt.json").write_text(canonical_json(plan), encoding="utf-8")
    ended = {"started": "2026-01-02T03:04:05Z", "exit_code": 0, "signal": None}
    (log / "outcome.json").write_text(canonical_json(ended), encoding="utf-8")
    (log / "stdout.txt").write_text("", encoding="utf-8")
    errors = "" if outcome == "ok" else f"{said}\n" + "frame of a made-up backtrace\n" * 300
    (log / "stderr.txt").write_text(errors, encoding="utf-8")
    (log / "result.jsonl").write_text(json.dumps({"event": "start", "said": said}) + "\n")
    (log / "samples.csv").write_text(samples(random.Random(str(cell))))  # noqa: S311 - scatter
    return log


def samples(chance: random.Random, count: int = 200) -> str:
    """Samples as the watchdog writes them."""
    lines = ["seconds,phase,cpu_seconds,memory_bytes,processes,threads,runnable\n"]
    used = 0.0
    for i in range(count):
        used += 0.1 * chance.uniform(0.5, 2.0)
        phase = ("start", "load", "check", "repetition")[4 * i // count]
        memory = int(1e8 + 4e6 * i + chance.uniform(0, 5e6))
        lines.append(f"{i * 0.1:.2f},{phase},{used:.2f},{memory},1,3,2\n")
    return "".join(lines)


def add_transcript(dataset: Path, program: Program, said: str, turns: int, number: int = 0) -> Path:
    """A session: it looks up, writes, runs, edits, runs again."""
    place = dataset / layout.transcripts_path(program) / str(number)
    (place / "workspace").mkdir(parents=True)
    name = f"{program.problem}_{program.framework}.jl"
    about = {
        "program": str(program), "agent": "opencode", "docs": True, "model_name": program.model,
        "kernel": name, "harness": f"test_{name}", "started": "2026-01-02T03:00:00Z",
        "ending": {"kind": "finished", "detail": f"it left {name} {said[:40]}"}, "seconds": 300.0,
        "usage": {"turns": turns, "input_tokens": 9000 * turns, "output_tokens": 400 * turns,
                  "cached_tokens": 7000 * turns, "dollars": 0.021 * turns},
        "model": {"model": "made-up", "provider": "scripted",
                  "price": {"date": "2026-01-01", "source": "made up"}},
        "tools": {"opencode": "1.14.41", "julia": "1.5.3", "repro": "0.1.0", "packages": []},
    }  # fmt: skip
    (place / "session.json").write_text(canonical_json(about), encoding="utf-8")
    steps = [{"source": "system", "message": "You are an expert."},
             {"source": "user", "message": f"The task. {said}", "timestamp": _time(0)}]  # fmt: skip
    steps += [_turn(i, turns, name, said) for i in range(turns)]
    numbered = [{"step_id": i, **step} for i, step in enumerate(steps, 1)]
    (place / "atif.json").write_text(canonical_json({"steps": numbered}), encoding="utf-8")
    left = KERNEL.replace("0.5", f"{0.5 + turns // 4}") + "# by sed\n"
    (place / "workspace" / name).write_text(left, encoding="utf-8")
    return place


def _time(seconds: float) -> str:
    return f"2026-01-02T03:{int(seconds) // 60:02d}:{int(seconds) % 60:02d}.500000Z"


def _turn(i: int, turns: int, name: str, said: str) -> dict[str, Any]:
    path = f"/workspace/{name}"
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("docs_search_docs", {"query": "threads reduction"}, f"Threads.@threads\n{said}"),
        ("write", {"filePath": path, "content": KERNEL}, "Wrote file successfully."),
        ("bash", {"command": f"julia -t 2 test_{name}"}, f"ALL TESTS PASSED\n{said}"),
        ("edit", {"filePath": path, "oldString": f"{0.5 + i // 4 - 1}" if i > 3 else "0.5",
                  "newString": f"{0.5 + i // 4}"}, "Edit applied successfully."),
    ]  # fmt: skip
    tool, arguments, output = calls[i % 4]
    return {
        "source": "agent", "message": f"Turn {i}. {said}", "timestamp": _time(280 * i / turns),
        "tool_calls": [{"tool_call_id": f"c{i}", "function_name": tool, "arguments": arguments}],
        "observation": {"results": [{"source_call_id": f"c{i}", "content": output}]},
        "metrics": {"prompt_tokens": 3000 + 900 * i, "completion_tokens": 400,
                    "cached_tokens": 2000, "cost_usd": 0.021},
    }  # fmt: skip


def pages(report: Path) -> Iterable[Path]:
    """The pages of a report."""
    return sorted(report.rglob("*.html"))
