"""What has to be measured to tell: for each claim, filters of cells of the study `paper`."""

from collections.abc import Mapping, Sequence

GPT, OPUS, QWEN = "gpt", "claude", "qwen3"
TWO, THREE = (GPT, OPUS), (GPT, OPUS, QWEN)


def _of(models: Sequence[str], *names: str) -> tuple[str, ...]:
    return tuple(f"{model}*/{name}" for name in names for model in models)


TELLING: Mapping[str, tuple[str, ...]] = {
    "small-runs": _of(THREE, "*@1x1x1"),
    "large-fails": _of(THREE, "*"),
    "open-weight-worst": _of(THREE, "*"),
    "commercial-alike": _of(TWO, "threads/0@*", "mpi/0@*"),
    "dagger-weaker": _of(TWO, "*"),
    "promising": (),
    "kinds-of-failure": _of(THREE, "*"),
    "pi-threads": _of(THREE, "pi/threads/*", "pi/dagger/*"),
    "pi-mpi": _of(THREE, "pi/mpi/*"),
    "gemm-opus-dagger": _of((OPUS,), "gemm/dagger/*"),
    "gemm-mpi": _of(THREE, "gemm/mpi/*", "gemm/dagger-distributed/*"),
    "cholesky-dagger": _of(TWO, "cholesky/dagger/*@*x24", "cholesky/dagger/*@*x32"),
    "cholesky-threads": _of(TWO, "cholesky/threads/*@*x192"),
    "cholesky-saturation": tuple(
        name for cores in (16, 64, 192) for name in _of(TWO, f"cholesky/threads/*@*x{cores}")
    ),
    "qwen-wrong": _of((QWEN,), "*"),
    "qwen-tests": (),
}
"""By the claim's name; nothing for a claim that no cell can tell."""
