"""What each tier of docs/artifact.md takes, done as a reviewer would: in a fresh clone.

python benchmarks/tiers.py [--write]    # with --write into docs/measured.toml, for `make docs`

The tier of figures runs with an empty home, no key, and no network but its own loopback.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from repro import ROOT
from repro.container.julia import find_julia
from repro.launch.environment import describe_environment

from lab import alone
from lab.an_image import install_apptainer

MEASURED = ROOT / "docs" / "measured.toml"
LIMIT = 60
"""Seconds in which figures, claims and report are to be done together, on two cores."""
CELL = "reference/cholesky/threads/0@1x1x2"


@dataclass(frozen=True)
class Step:
    """Something that a tier asks for: its name in measured.toml, and what is typed."""

    name: str
    typed: str
    alone: bool = False


SETUP = Step("setup", "make setup")
FIGURES = (
    Step("verify", ".venv/bin/repro verify", alone=True),
    Step("figures", ".venv/bin/repro figures --check", alone=True),
    Step("claims", ".venv/bin/repro claims", alone=True),
    Step("report", ".venv/bin/repro report --dataset baseline", alone=True),
    Step("report-sessions", ".venv/bin/repro report --dataset local-model", alone=True),
)
TOGETHER = ("figures", "claims", "report", "report-sessions")
"""What LIMIT is for."""
LATER = (
    Step("smoke", "make all"),
    Step("cell", f".venv/bin/repro cell run {CELL} --dataset baseline --repeat 10"),
    Step("agent", ".venv/bin/repro setup --agent"),
    Step("replay", ".venv/bin/repro replay --dataset local-model"),
    Step("image", ".venv/bin/repro image build --julia debian"),
)


@dataclass(frozen=True)
class Taken:
    """What a step took: seconds, MB that the clone grew by, its exit code, what it said last."""

    seconds: float
    megabytes: float
    code: int
    said: str


def do(step: Step, clone: Path, home: Path) -> Taken:
    """Do a step in a clone."""
    command: Sequence[str] = step.typed.split()
    environment: Mapping[str, str] = os.environ
    if step.alone:
        command = [*alone.START, *command]
        environment = alone.environment(home)
    before, begin = _megabytes(clone), time.perf_counter()
    answer = subprocess.run(
        command, cwd=clone, env=environment, check=False, capture_output=True, text=True
    )
    seconds = time.perf_counter() - begin
    lines = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    said = lines[-1] if lines else answer.stderr.strip()
    grown = max(0.0, _megabytes(clone) - before)
    return Taken(seconds, grown, answer.returncode, said.replace(f"{clone}/", ""))


def measure(steps: Sequence[Step]) -> Iterator[tuple[Step, Taken]]:
    """Do steps one after the other in a clone of their own."""
    with tempfile.TemporaryDirectory(prefix="repro-tiers-") as directory:
        clone, home = Path(directory, "repro"), Path(directory, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        for step in steps:
            yield step, do(step, clone, home)


def rows() -> Iterator[tuple[str, str]]:
    """The tier of figures beside its limit."""
    taken = {step.name: what for step, what in measure([SETUP, *FIGURES])}
    seconds = sum(taken[name].seconds for name in TOGETHER)
    share = f"{seconds / LIMIT:.2f} of the limit of {LIMIT} s"
    yield "a fresh clone: figures --check, claims, report", f"{seconds:.1f} s, {share}"


def write(found: Mapping[str, tuple[Step, Taken]]) -> None:
    """Keep what was measured, with the machine that it was measured on."""
    machine = describe_environment(find_julia(), None, os.cpu_count() or 1).machine
    lines = [
        "# What the steps of docs/artifact.md took; made by benchmarks/tiers.py --write.\n",
        f"date = {date.today().isoformat()}\n",  # noqa: DTZ011 - the day here
        f"machine = {json.dumps(machine)}\n",
    ]
    for step, taken in found.values():
        lines += [
            f"\n[steps.{step.name}]\n",
            f"typed = {json.dumps(step.typed)}\n",
            f"seconds = {taken.seconds:.1f}\n",
            f"megabytes = {taken.megabytes:.1f}\n",
            f"code = {taken.code}\n",
            f"said = {json.dumps(taken.said, ensure_ascii=False)}\n",
        ]
    MEASURED.write_text("".join(lines), encoding="utf-8")


def _megabytes(path: Path) -> float:
    """What a directory takes on disk."""
    files = (Path(top, name) for top, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_blocks for file in files) * 512 / 1e6


def main() -> None:
    """Measure every tier that one machine can do."""
    install_apptainer()
    found = {}
    for step, taken in measure([SETUP, *FIGURES, *LATER]):
        found[step.name] = step, taken
        print(
            f"{step.typed:60} {taken.seconds:7.1f} s {taken.megabytes:7.1f} MB  {taken.said}",
            flush=True,
        )
    if "--write" in sys.argv[1:]:
        write(found)


if __name__ == "__main__":
    main()
