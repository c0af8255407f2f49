"""Studies of many small cells, made for measuring."""

from pathlib import Path

from repro import ROOT

_STUDY = """
name = "many"
title = "Many cells"
seed = 1
repetitions = 1
time_limit_s = 60
stall_limit_s = 60
memory_limit_gib = 1
[models.many]
title = "Many"
kernels = "{kernels}"
samples = {samples}
[problems.pi]
title = "Pi"
sizes = [{{ n = 1 }}]
check = {{ n = 1 }}
[frameworks.threads]
title = "Base.Threads"
memory = "shared"
[scale_points]
shared = [{points}]
distributed = []
"""


def write_study(directory: Path, samples: int, points: int) -> Path:
    """A study of `samples` programs at scale points of 1 to `points` threads; its file."""
    shared = ", ".join(f'"1x1x{threads}"' for threads in range(1, points + 1))
    kernels = directory / "kernels"
    kernels.mkdir(exist_ok=True)
    program = (ROOT / "julia" / "reference" / "pi_threads.jl").read_bytes()
    for sample in range(samples):
        (kernels / f"pi_threads_{sample}.jl").write_bytes(program)
    path = directory / "many.toml"
    text = _STUDY.format(samples=samples, points=shared, kernels=kernels)
    path.write_text(text, encoding="utf-8")
    return path
