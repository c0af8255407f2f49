"""The facts in docs/artifact.md, read from the studies, the archive, the pins and measurements."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from repro import ROOT
from repro.analysis.expected_figures import EXPECTED, SUMS
from repro.analysis.sessions import sessions
from repro.analysis.tidy import load
from repro.archive.dataset import Dataset
from repro.archive.manifest import MANIFEST
from repro.archive.verify import verify
from repro.claims.judge import Judged, judge_dataset
from repro.claims.table import Row, rows_of
from repro.container.pins import load_pins
from repro.launch.site.settings import load_site
from repro.study.expand import cells, programs
from repro.study.filters import select
from repro.study.load import load_study

DATA = ROOT / "data"
DATASETS = ("baseline", "dagger-control", "frameworks", "granularity", "local-model")
"""The published datasets; the page ignores others that local runs left in the same directory."""
MEASURED = ROOT / "docs" / "measured.toml"
FORMATS = 5
"""PDF, SVG, PNG, CSV, LaTeX."""

Facts = dict[str, Any]


def facts() -> Facts:
    """Collect everything that the page's template refers to."""
    paths = [DATA / name for name in DATASETS]
    datasets, published = list(map(dataset, paths)), figures()
    return {
        "studies": {name: study(name) for name in ("paper", "smoke")},
        "datasets": datasets,
        "claims": claims(),
        "figures": published,
        "tier_1": tier_1(datasets, published),
        "pins": load_pins(),
        "packages": julia_packages(),
        "site": load_site("otus"),
    } | measured()  # fmt: skip


def measured() -> Facts:
    """Collect what the steps took, and the archive's result of the cell that was rerun.

    `time` and `disk` are functions of names of steps; they return the sum.
    """
    found = tomllib.loads(MEASURED.read_text(encoding="utf-8"))
    steps = found["steps"]

    def time(*names: str) -> str:
        seconds = sum(steps[name]["seconds"] for name in names)
        return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"  # noqa: PLR2004

    def disk(*names: str) -> str:
        megabytes = sum(steps[name]["megabytes"] for name in names)
        digits = 0 if megabytes >= 10 else 1  # noqa: PLR2004
        return f"{megabytes:,.{digits}f} MB"

    name = steps["cell"]["typed"].split()[3]
    cell = archived_cell(DATA / steps["cell"]["typed"].split()[5], name)
    return {"measured": found, "time": time, "disk": disk, "cell": cell}


def study(name: str) -> Facts:
    """Describe the size of a study."""
    loaded = load_study(name)
    every = cells(loaded)
    return {
        "generated": len([p for p in programs(loaded) if not loaded.models[p.model].kernels]),
        "programs": len(programs(loaded)),
        "cells": len(every),
        "core_hours": round(sum(cell.core_hours for cell in every)),
        "nodes": max(cell.scale.nodes for cell in every),
        "cores": max(cell.scale.cores for cell in every),
        "shared_cores": max(cell.scale.cores for cell in every if cell.scale.ranks == 1),
        "repetitions": loaded.repetitions,
        "hours": loaded.time_limit_s / 3600,
        "start_minutes": (loaded.start_limit_s or 0.0) / 60,
    }


def dataset(path: Path) -> Facts:
    """Describe a dataset and its content."""
    opened = Dataset(path)
    about, rows = opened.description(), opened.attempts()
    sums = (path / MANIFEST).read_text(encoding="utf-8").splitlines()
    endings = list(sessions(path)["ending"])
    found = opened.environments().values()
    return {
        "name": about.name,
        "created": about.created,
        "licence": about.licence,
        "machines": sorted({str(content["machine"]) for content in found}),
        "julia": sorted({str(content["julia"]["version"]) for content in found}),
        "files": len(sums),
        "bytes": verify(path).size,
        "attempts": len(rows),
        "cells": len({row["cell"] for row in rows}),
        "outcomes": counted(row["outcome"] for row in rows),
        "sessions": len(endings),
        "endings": counted(endings),
    }


def counted(words: Iterable[str]) -> str:
    """Count words, the most frequent first: `18 ok, 2 timeout`."""
    counts = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {word}" for word, number in counts) or "none"


@cache
def judged() -> list[Judged]:
    """Judge the claims by each published dataset."""
    return [judge_dataset(DATA / name) for name in DATASETS]


def verdicts() -> list[Row]:
    """List each claim with what the published datasets say to it together."""
    return rows_of(judged())


def claims() -> list[Facts]:
    """List each claim with its verdict, and the cells that decide it."""
    every = {row.claim.study: cells(load_study(row.claim.study)) for row in verdicts()}
    found = []
    for row in verdicts():
        claim, filters = row.claim, row.claim.telling
        telling = select(every[claim.study], filters, (), name=lambda cell: str(cell.name))
        telling = telling if filters else []
        found.append({
            "name": claim.name, "text": claim.text, "study": claim.study,
            "contribution": claim.contribution, "verdict": row.verdict, "clause": row.clause,
            "shown": row.columns[2:], "filters": filters, "cells": len(telling),
            "core_hours": sum(cell.core_hours for cell in telling),
        })  # fmt: skip
    return found


def tier_1(datasets: Sequence[Facts], figures: dict[str, list[str]]) -> dict[str, str]:
    """Return a text that the output of each step of tier 1 must contain."""
    newest, drawn = datasets[-1], list(figures)[-1]
    words = counted(finding.verdict.word for finding in judged()[-1].findings)
    files = len(figures[drawn]) * FORMATS
    return {
        "verify": f"{newest['name']}: {newest['files']} files, {newest['bytes']} bytes, as its "
        "manifest says",
        "figures": f"{drawn}: {files} files, all as expected",
        "claims": f"{newest['name']}: {words}",
        "report": "reports/frameworks/index.html",
        "report-sessions": "reports/local-model/index.html",
    }


def figures() -> dict[str, list[str]]:
    """List the published figures by dataset, without the formats' suffixes."""
    return {
        path.name: sorted({file.stem for file in path.iterdir() if file.name != SUMS})
        for path in sorted(EXPECTED.iterdir())
    }


def julia_packages() -> dict[str, str]:
    """Read the versions of the Julia packages that programs use from the manifest."""
    manifest = tomllib.loads((ROOT / "julia" / "Manifest.toml").read_text(encoding="utf-8"))
    return {name: manifest["deps"][name][0]["version"] for name in ("Dagger", "MPI")}


def archived_cell(path: Path, name: str) -> Facts:
    """Read the outcome, time and size of a cell from the archive."""
    rows = [row for row in Dataset(path).attempts() if row["cell"] == name]
    tidy = load(path)
    times = tidy.measurements[tidy.measurements["cell"] == name]["seconds"]
    return {
        "outcome": rows[-1]["outcome"], "n": int(rows[-1]["n"]),
        "seconds": float(times.median()), "repetitions": len(times),
    }  # fmt: skip
