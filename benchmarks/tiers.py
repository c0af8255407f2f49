"""Measures each tier of docs/artifact.md as a reviewer would run it, in a fresh clone.

python benchmarks/tiers.py [--write]    # --write saves to docs/measured.toml, for `make docs`

Tier 1 runs with an empty home, without keys, and without network except its own loopback.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
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
"""Seconds allowed for figures, claims and report together, on two cores."""
CELL = tomllib.loads(Path(__file__).with_name("targets.toml").read_text(encoding="utf-8"))["cell"]
"""The archived cell that is rerun."""


@dataclass(frozen=True)
class Step:
    """A step of a tier: its name in measured.toml, and the command to type."""

    name: str
    typed: str
    alone: bool = False


SETUP = Step("setup", "make setup")
FIGURES = (
    Step("verify", ".venv/bin/repro verify", alone=True),
    Step("figures", ".venv/bin/repro figures --check", alone=True),
    Step("claims", ".venv/bin/repro claims", alone=True),
    Step("report", ".venv/bin/repro report --dataset frameworks", alone=True),
    Step("report-sessions", ".venv/bin/repro report --dataset local-model", alone=True),
)
TOGETHER = ("figures", "claims", "report", "report-sessions")
"""The steps to which LIMIT applies."""
LATER = (
    Step("smoke", "make all"),
    Step("cell", f".venv/bin/repro cell run {CELL} --dataset frameworks --repeat 10"),
    Step("agent", ".venv/bin/repro setup --agent"),
    Step("replay", ".venv/bin/repro replay --dataset local-model"),
    Step("image", ".venv/bin/repro image build --julia debian"),
)


@dataclass(frozen=True)
class Taken:
    """The measurement of a step: seconds, growth of the clone in MB, exit code, last line."""

    seconds: float
    megabytes: float
    code: int
    said: str


def do(step: Step, clone: Path, home: Path) -> Taken:
    """Run a step in a clone."""
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
    """Run steps one after the other in a new clone."""
    with tempfile.TemporaryDirectory(prefix="repro-tiers-") as directory:
        clone, home = Path(directory, "repro"), Path(directory, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        for step in steps:
            yield step, do(step, clone, home)


def rows() -> Iterator[tuple[str, str]]:
    """Compare tier 1 with its limit."""
    taken = {step.name: what for step, what in measure([SETUP, *FIGURES])}
    seconds = sum(taken[name].seconds for name in TOGETHER)
    share = f"{seconds / LIMIT:.2f} of the limit of {LIMIT} s"
    yield "a fresh clone: figures --check, claims, report", f"{seconds:.1f} s, {share}"


def write(found: Mapping[str, tuple[Step, Taken]]) -> None:
    """Save the measurements with the name of the machine."""
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
    """Return the disk usage of a directory."""
    files = (Path(top, name) for top, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_blocks for file in files) * 512 / 1e6


def main() -> None:
    """Measure every tier that one machine can run."""
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
