"""The sessions in which programs were generated: what each took, from a dataset's transcripts.

Read here is what `repro.agent` writes: `<model>/transcripts/<program>/<try>/` with `session.json`
(what it is and how it ended), `atif.json` (the trajectory) and `events.jsonl` (OpenCode's events).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from repro.analysis.damaged_data import Damage, recorded
from repro.errors import UserError
from repro.files import read_json, reading
from repro.study.names import Program

OUR_ENDINGS = ("provider-refused", "provider-down", "cut-off")
"""Not the model's doing: such a session is repeated, listed, and counted in no median or rate."""

UNFINISHED = "unfinished"
"""The ending of a session without one: it ran when the dataset was made, or its driver died."""

DOCS = "docs_"
"""What the names of the documentation server's tools begin with."""

NUMBERS = ("seconds", "turns", "tool_calls", "doc_lookups", "input_tokens", "output_tokens",
           "cached_tokens", "dollars")  # fmt: skip
"""What is counted; NaN where the transcript does not tell."""

MOST = 1e15
"""Seconds, tokens or dollars that no session takes."""

TYPES = {
    "program": "str", "model": "str", "problem": "str", "framework": "str", "sample": "int64",
    "try": "int64", "base": "str", "agent": "str", "docs": "bool", "ending": "str",
    "counts": "bool", "kernel": "bool", **dict.fromkeys(NUMBERS, "float64"),
}  # fmt: skip


def sessions(dataset: Path, damage: Damage | None = None) -> pd.DataFrame:
    """Every session of a dataset.

    Args:
        dataset: its directory.
        damage: where a damaged transcript is named, in place of an error.

    Returns:
        A row a try, sorted by program, then try; columns `TYPES`. `base` is the model's name
        without what says how it was asked; `counts` is false for an ending that is not the
        model's doing; `kernel`: does the dataset have this program's kernel? `turns` are answered
        requests to the model; `tool_calls` are all calls, `doc_lookups` those of the
        documentation server; tokens and `dollars` are the provider's own count and the
        committed price.

    Raises:
        UserError: a transcript is damaged, and there is no `damage`.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted(dataset.glob("*/transcripts/*/*/session.json")):
        with recorded(damage):
            rows.append(_row(dataset, path))
    table = pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)
    keys = ["model", "problem", "framework", "sample", "try"]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)


def _row(dataset: Path, path: Path) -> dict[str, Any]:
    about = read_json(path)
    try:
        program = Program.parse(about["program"])
        ending = (about.get("ending") or {}).get("kind", UNFINISHED)
        usage = about.get("usage") or {}
        row: dict[str, Any] = {
            "program": str(program), "model": program.model, "problem": program.problem,
            "framework": program.framework, "sample": program.sample,
            "try": int(path.parent.name), "base": str(about.get("model_name", program.model)),
            "agent": str(about["agent"]), "docs": bool(about.get("docs", False)),
            "ending": str(ending), "counts": ending not in (*OUR_ENDINGS, UNFINISHED),
            "seconds": _number(about.get("seconds")),
        }  # fmt: skip
        row |= {
            name: _number(usage.get(name))
            for name in ("turns", "input_tokens", "output_tokens", "cached_tokens", "dollars")
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{path}: damaged: {error!r}; see `repro verify`") from error
    kernel = dataset / program.model / "kernels" / f"{program.stem}.jl"
    row["kernel"] = kernel.is_file() and kernel.stat().st_size > 0
    return row | _calls(path.parent, row["agent"])


def _number(value: Any) -> float:
    number = float("nan") if value is None else float(value)
    if number < 0 or number > MOST:
        raise ValueError(f"{value!r:.40} is no time, count or price")
    return number


def _calls(directory: Path, agent: str) -> dict[str, float]:
    """Calls of tools, and look-ups among them; a model that was asked once has no tools."""
    if agent == "single-shot":
        return {"tool_calls": 0.0, "doc_lookups": 0.0}
    for name, read in (("atif.json", _of_atif), ("events.jsonl", _of_events)):
        path = directory / name
        if path.is_file():
            try:
                names = list(read(path))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UserError(f"{path}: damaged: {error!r}; see `repro verify`") from error
            looked_up = sum(tool.startswith(DOCS) for tool in names)
            return {"tool_calls": float(len(names)), "doc_lookups": float(looked_up)}
    return {"tool_calls": float("nan"), "doc_lookups": float("nan")}


def _of_atif(path: Path) -> Iterator[str]:
    for step in read_json(path)["steps"]:
        for call in step.get("tool_calls", ()):
            yield str(call["function_name"])


def _of_events(path: Path) -> Iterator[str]:
    """The same from the event stream, whose last line a killed session may have cut."""
    with reading(path):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for line in lines[:-1]:
        event = json.loads(line)
        if event.get("type") == "tool_use":
            yield str(event["part"]["tool"])
