"""A study on a cluster, as a user has it: a directory to say `repro run` in."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from repro.measure.attempts import Attempt, attempts_of

from .cluster import Cluster
from .machine import wait_until
from trials import study_text

REPRO = Path(sys.executable).with_name("repro")
LIMITS: dict[str, Any] = {"repetitions": 1, "time_limit_s": 120, "stall_limit_s": 60}


class Place:
    """A directory with a study and its run, on a cluster; None: on this machine."""

    def __init__(
        self, directory: Path, cluster: Cluster | None, *models: str, **limits: Any
    ) -> None:
        self.directory, self._cluster = directory, cluster
        self._models, self._limits = models, LIMITS | limits
        self._write_study(*models)
        self.run = directory / "run"

    def _write_study(self, *models: str | Path) -> None:
        text = study_text(*models, **self._limits)
        (self.directory / "trial.toml").write_text(text, encoding="utf-8")

    @property
    def cluster(self) -> Cluster:
        """Its cluster, which it has to have."""
        assert self._cluster
        return self._cluster

    def start(self, *arguments: str, first_on_path: Path | None = None) -> "subprocess.Popen[str]":
        """`repro run` on the cluster; a directory may come first on its PATH."""
        site = "lab" if self._cluster else "local"
        where = ["--study", "trial.toml", "--site", site, "--run", str(self.run)]
        environment = os.environ | (self._cluster.environment if self._cluster else {})
        if first_on_path:
            environment["PATH"] = f"{first_on_path}:{environment['PATH']}"
        return subprocess.Popen(
            [REPRO, "run", *where, *arguments],
            cwd=self.directory, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def repro(self, *arguments: str, code: int = 0) -> str:
        """The same, to its end; what it says."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=240)
        assert process.returncode == code, said
        return said

    def attempts(self, cell: str) -> list[Attempt]:
        """The attempts of a cell."""
        return attempts_of(self.run, cell)

    def outcomes(self, cell: str) -> list[tuple[str, str]]:
        """(outcome, detail) of each attempt of a cell."""
        found = [attempt.outcome() for attempt in self.attempts(cell)]
        return [(outcome.outcome, outcome.detail) for outcome in found]

    def job(self) -> str:
        """The number of the only job."""
        (path,) = self.run.glob("submissions/*/job.json")
        return str(json.loads(path.read_text())["job"])

    def wait_for(self, cell: str, file: str, seconds: float = 60) -> Path:
        """Wait until the newest attempt of a cell has a file with something in it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for attempt in self.attempts(cell)[-1:]:
                path = attempt.path / file
                if path.exists() and path.stat().st_size:
                    return path
            time.sleep(0.1)
        raise AssertionError(f"{cell} has no {file} after {seconds} s")

    def tasks(self) -> list[str]:
        """What Slurm was given of this run, queued, running or over: `17_1`."""
        names = [path.name for path in self.run.glob("submissions/*")]
        line = ("squeue", "-h", "-r", "-t", "all", "-o", "%i %j")
        shown = [line.split() for line in self.cluster.run(*line).stdout.splitlines()]
        return [task for task, name in shown if name.removeprefix("repro-") in names]

    def wait_until_over(self) -> None:
        """Wait until Slurm has nothing more of this run."""
        line = ("squeue", "-h", "-o", "%i")
        wait_until(lambda: not self.cluster.run(*line).stdout, "all jobs are over", 120)

    def forget_all_jobs(self) -> None:
        """Start the controller anew without what it has saved."""
        self.cluster.kill_controller()
        for name in ("job_state", "job_state.old"):
            (self.cluster.directory / "state" / name).unlink(missing_ok=True)
        self.cluster.start_controller()

    def add_slow_model(self, seconds: int = 15) -> None:
        """Add a program to the study that takes so long, in which it can be killed; it sleeps."""
        kernels = self.directory / "slow"
        kernels.mkdir(exist_ok=True)
        kernel = SLOW_KERNEL.format(seconds=seconds)
        (kernels / "pi_threads.jl").write_text(kernel, encoding="utf-8")
        self._write_study(*self._models, kernels)


SLOW = "slow/pi/threads/0@1x1x1"
SLOW_KERNEL = """
function compute_pi(n)
    until = n > 10_000 ? time() + {seconds} : 0.0
    while time() < until; sleep(0.1); end
    sum(4 / (1 + ((i - 0.5) / n)^2) for i in 1:n) / n
end
"""
