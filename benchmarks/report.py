"""Measures the report of made-up data, with 36 sessions and 5,040 attempts: time, size, first view.

Only the report is measured: outcomes, outputs and transcripts are made up.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from test_analysis_data import Result, write_manifest

from repro.report.site import plan
from repro.study.expand import Cell

from a_study import FRAMEWORKS, PROBLEMS, study_toml
from report_data import made_up

ATTEMPTS = 5
"""Attempts of each of the study's 1,008 cells."""
TURNS = 40
SAID = "What a made-up model says, at some length, about threads, tiles and tests. " * 12
PROGRAM = f"gpt-5.5/{[*PROBLEMS][-1]}_dagger_0"
VIEWS = ("index.html", "matrix.html", "find.html", f"programs/{PROGRAM}.html",
         f"sessions/{PROGRAM}-0.html")  # fmt: skip
FAILURES = ("wrong-result", "runtime-error", "deadlock", "timeout", "out-of-memory", "crash")
POINTS = [1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 72, 80, 88, 96, 112, 128,
          144, 160, 176, 184, 192]  # fmt: skip


def study() -> str:
    """Return a study with the paper's models, problems and frameworks, and more scale points."""
    return study_toml(
        {name: {} for name in ("gpt-5.5", "claude-opus-4.7", "qwen3-coder-next")},
        {name: [{"n": 4096, "tile": 64}] for name in ("pi", "gemm", "cholesky")},
        FRAMEWORKS,
        shared=[f"1x1x{n}" for n in POINTS],
        distributed=[f"1x{n}x1" for n in POINTS],
        name="made-up",
        title="Made-up data, to measure the report",
        repetitions=5,
    )


def result(cell: Cell) -> Result:
    """Make up a cell's result; a third of the cells fails."""
    chance = random.Random(str(cell.name))  # noqa: S311 - scatter
    if chance.random() < 1 / 3:
        return chance.choice(FAILURES), "oversubscribed" if chance.random() < 1 / 2 else "", []
    return "ok", "", [10 / cell.scale.cores * (1 + 0.01 * i) for i in range(5)]


def prepare(root: Path) -> Path:
    """Make the dataset, with several copies of each cell's attempt and evidence."""
    dataset = made_up(root, study(), result, SAID, TURNS)
    for table in [*dataset.glob("*/attempts.csv"), *dataset.glob("*/runtimes/*.csv")]:
        head, *lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
        more = [line.replace(",1,", f",{i},", 1) for i in range(1, ATTEMPTS + 1) for line in lines]
        table.write_text(head + "".join(more), encoding="utf-8")
    for log in list(dataset.glob("*/logs/*/*/1")):
        for number in range(2, ATTEMPTS + 1):
            shutil.copytree(log, log.with_name(str(number)))
    write_manifest(dataset)
    return dataset


def rows() -> Iterator[tuple[str, str]]:
    """Measure and yield the rows."""
    with tempfile.TemporaryDirectory() as directory:
        dataset, out = prepare(Path(directory)), Path(directory) / "report"
        found = plan(dataset)
        repro = Path(sys.executable).with_name("repro")
        begin = time.perf_counter()
        process = subprocess.Popen(
            [repro, "report", "--dataset", dataset, "--out", out], stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        files = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
        text = f"{sum(files) / 1e6:.1f} MB (limit 60 MB) in {len(files)} files, "
        text += f"{seconds:.1f} s, {used.ru_maxrss / 1024:.0f} MiB"
        name = f"repro report, {found['attempts']:,} made-up attempts"
        yield name, f"{text}, {found['sessions']} sessions, exit code {process.returncode}"
        yield "first view of the report", _first_views(out)


def _first_views(out: Path) -> str:
    """Measure the seconds until a browser has laid out each view, in a new context each."""
    path = shutil.which("chromium")
    if not path:
        return "not measured: no chromium on PATH"
    from playwright.sync_api import sync_playwright

    told = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for view in VIEWS:
            context = browser.new_context()
            page = context.new_page()
            begin = time.perf_counter()
            page.goto((out / view).as_uri())
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            seconds = time.perf_counter() - begin
            size = (out / view).stat().st_size / 1e6
            told.append(f"{view} {seconds:.2f} s ({size:.1f} MB)")
            context.close()
        browser.close()
    return f"{', '.join(told)} (limit 2 s)"


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name}: {text}")
