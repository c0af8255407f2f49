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
from repro.study.directories import find_problem

import docs
import figures
import frameworks
import hangs
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
    for name, target in TARGETS.items():
        problem = find_problem(name)
        ideal = problem.definition.closed_form_vendor
        what = ["ideal", "1000000000", "7"] if ideal else ["vendor", "4096", "256,512,1024", "7"]
        answer = subprocess.run(
            [julia.path, "--startup-file=no", "-t", "2", script, what[0], problem.path,
             problem.entry("shared"), *what[1:]],
            env=variables, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for line in answer.stdout.splitlines():
            found = json.loads(line)
            share = found["of_ideal" if ideal else "of_vendor"]
            of = "of ideal speedup" if ideal else f"of vendor, tile {found['tile']}"
            where = f"{found['threads']} threads, Julia {found['julia']}"
            yield (
                f"reference {name}, n = {found['n']:,}",
                f"{share:.2f} {of} (target {target}), {where}",
            )


def main() -> None:
    """Print the table, each row as soon as it is measured."""
    for rows in (
        reference_rows,
        frameworks.rows,
        overhead.rows,
        hangs.rows,
        status.rows,
        image.rows,
        docs.rows,
        report.rows,
        tiers.rows,
        slurm.rows,
    ):
        for name, text in rows():
            print(f"{name:40} {text}", flush=True)
    print(figures.measure(ROOT / "data" / "frameworks"), flush=True)
    verify.main()


if __name__ == "__main__":
    main()
