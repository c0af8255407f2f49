"""Prints the results of all benchmarks. `make bench` runs it, tests never do.

Times depend on the machine, so each row has a ratio to a peer or a limit, measured in the same run.
"""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from repro import ROOT
from repro.container.julia import find_julia
from repro.launch.environment import describe_environment

import docs
import figures
import frameworks
import image
import overhead
import report
import slurm
import status
import tiers
import verify

TARGETS: dict[str, float] = tomllib.loads(
    Path(__file__).with_name("targets.toml").read_text(encoding="utf-8")
)["reference"]


def reference_rows() -> Iterator[tuple[str, str]]:
    """Compare the reference programs with the vendor's library, or the ideal, on two threads."""
    julia = find_julia()
    description = describe_environment(julia, None, os.cpu_count() or 1)
    core = description.julia.blas_core_forced
    variables = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    if core:
        variables["OPENBLAS_CORETYPE"] = core
    script = Path(__file__).with_name("reference_speed.jl")
    answer = subprocess.run(
        [julia.path, "--startup-file=no", "-t", "2", script],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in answer.stdout.splitlines():
        found = json.loads(line)
        target = TARGETS[found["problem"]]
        if "of_ideal" in found:
            share = f"{found['of_ideal']:.2f} of ideal speedup"
        else:
            share = f"{found['of_vendor']:.2f} of vendor, tile {found['tile']}"
        yield (
            f"reference {found['problem']}, n = {found['n']:,}",
            f"{share} (target {target}), {found['threads']} threads, Julia {found['julia']}",
        )


def main() -> None:
    """Print the table, each row as soon as it is measured."""
    for rows in (
        reference_rows,
        frameworks.rows,
        overhead.rows,
        status.rows,
        image.rows,
        docs.rows,
        report.rows,
        tiers.rows,
        slurm.rows,
    ):
        for name, text in rows():
            print(f"{name:40} {text}", flush=True)
    print(figures.measure(ROOT / "data" / "baseline"), flush=True)
    verify.main()


if __name__ == "__main__":
    main()
