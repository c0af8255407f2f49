"""The sessions in which programs were generated, with their cost, from a dataset's transcripts.

`repro.agent` writes them: `<model>/transcripts/<program>/<try>/` has `session.json` (what it is
and how it ended), `atif.json` (the trajectory) and `events.jsonl` (OpenCode's events).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from repro.analysis.damaged_data import Damage, recorded
from repro.errors import UserError
from repro.files import read_json, reading
from repro.study.names import Program
from repro.study.toml import checked

OUR_ENDINGS = ("provider-refused", "provider-down", "cut-off")
"""Not the model's doing: such a session is repeated and listed, but in no median or rate."""

UNFINISHED = "unfinished"
"""Stands for a missing ending: the session was running, or its driver had died."""

DOCS = "docs_"
"""Prefix of the names of the documentation server's tools."""

NUMBERS = ("seconds", "turns", "tool_calls", "doc_lookups", "input_tokens", "output_tokens",
           "cached_tokens", "dollars")  # fmt: skip
"""What is counted; NaN where the transcript does not say."""

Amount = Annotated[float | None, Field(ge=0, le=1e15)]
"""A time, count or price of a session; None where it is not known."""

TYPES = {
    "program": "str", "model": "str", "problem": "str", "framework": "str", "sample": "int64",
    "try": "int64", "base": "str", "agent": "str", "docs": "bool", "ending": "str",
    "counts": "bool", "kernel": "bool", **dict.fromkeys(NUMBERS, "float64"),
}  # fmt: skip


def sessions(dataset: Path, damage: Damage | None = None) -> pd.DataFrame:
    """Every session of a dataset.

    Args:
        dataset: its directory.
        damage: where to record a damaged transcript, instead of raising an error.

    Returns:
        One row per try, sorted by program, then try, columns `TYPES`. `base` is the model's name
        without the suffix that says how it was asked. `counts` is false for an ending that is not
        the model's doing. `kernel` says whether the dataset has this program's kernel. `turns` are
        answered requests to the model; `tool_calls` are all calls, `doc_lookups` those to the
        documentation server. Tokens are the provider's count, `dollars` at the committed price.

    Raises:
        UserError: a transcript is damaged and `damage` is None.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted(dataset.glob("*/transcripts/*/*/session.json")):
        with recorded(damage):
            rows.append(_row(dataset, path))
    table = pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)
    keys = ["model", "problem", "framework", "sample", "try"]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)


class _Part(BaseModel):
    """A part of `session.json` that is read here; `repro.agent.records` has all of it."""

    model_config = ConfigDict(frozen=True)


class _Ending(_Part):
    kind: str = UNFINISHED


class _Usage(_Part):
    turns: Amount = None
    input_tokens: Amount = None
    output_tokens: Amount = None
    cached_tokens: Amount = None
    dollars: Amount = None


class _Session(_Part):
    program: str
    agent: str
    docs: bool = False
    model_name: str | None = None
    ending: _Ending | None = None
    seconds: Amount = None
    usage: _Usage | None = None


def _row(dataset: Path, path: Path) -> dict[str, Any]:
    about = checked(read_json(path), _Session, f"{path}: damaged")
    with _damage_in(path):
        program, number = Program.parse(about.program), int(path.parent.name)
    ending = about.ending.kind if about.ending else UNFINISHED
    kernel = dataset / program.model / "kernels" / f"{program.stem}.jl"
    return {
        "program": str(program), "model": program.model, "problem": program.problem,
        "framework": program.framework, "sample": program.sample, "try": number,
        "base": about.model_name or program.model, "agent": about.agent, "docs": about.docs,
        "ending": ending, "counts": ending not in (*OUR_ENDINGS, UNFINISHED),
        "kernel": kernel.is_file() and kernel.stat().st_size > 0,
        "seconds": about.seconds,
        **dict(about.usage or _Usage()), **_calls(path.parent, about.agent),
    }  # fmt: skip


@contextmanager
def _damage_in(path: Path) -> Iterator[None]:
    """Name the file in an error about its content."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: damaged: {error!r}; see `repro verify`") from error


def _calls(directory: Path, agent: str) -> dict[str, float]:
    """Tool calls, and documentation look-ups among them; a model that was asked once has none."""
    if agent == "single-shot":
        return {"tool_calls": 0.0, "doc_lookups": 0.0}
    for name, read in (("atif.json", _of_atif), ("events.jsonl", _of_events)):
        path = directory / name
        if path.is_file():
            with _damage_in(path):
                names = list(read(path))
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
