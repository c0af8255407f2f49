"""Measures the start of the container image and the sizes of its parts."""

import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence

from repro.container.image import PYTHON, Image, open_image

from lab.an_image import built_image, install_apptainer
from overhead import seconds_a_cell

RUNS = 7
PARTS = (
    "/usr",
    "/opt/julia",
    "/opt/julia-depot",
    "/opt/opencode",
    "/opt/repro/.venv",
    "/opt/repro",
)
"""Parts of the image; the size of the last one excludes the one before."""


def rows() -> Iterator[tuple[str, str]]:
    """Measure and yield the rows; build the image first if needed."""
    install_apptainer()
    path = built_image()
    image = open_image(path)
    bare = _median([*image.start(), "true"])
    start = [str(image.apptainer), "run", *image.options, str(path), "--help"]
    helped, julia = (
        _median(start),
        _median([*image.start(), "julia", "--startup-file=no", "-e", "0"]),
    )
    yield "apptainer exec image true", f"{bare:.2f} s"
    yield "apptainer run image --help", f"{helped:.2f} s, {helped / bare:.1f} times that"
    yield "julia -e 0 in the image", f"{julia:.2f} s, {julia / bare:.1f} times that"
    cell, outside = seconds_a_cell(RUNS, image), seconds_a_cell(RUNS)
    share = f"{cell / bare:.1f} times the bare start; outside of the image {outside:.2f} s"
    yield "a no-op cell in the image", f"{cell:.2f} s, {share}"
    yield "the image's size", f"{path.stat().st_size / 1e6:,.0f} MB: {_parts(image)} unpacked"


def _median(command: Sequence[str]) -> float:
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _parts(image: Image) -> str:
    """Return the sizes of the parts in MB."""
    code = (
        "import os, sys\n"
        "for top in sys.argv[1:]:\n"
        "    files = [os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs]\n"
        "    print(sum(os.lstat(f).st_size for f in files) // 10**6)\n"
    )
    command = [*image.start(), PYTHON, "-c", code, *PARTS]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    sizes = dict(zip(PARTS, map(int, answer.stdout.split()), strict=True))
    sizes["/opt/repro"] -= sizes["/opt/repro/.venv"]
    return ", ".join(f"{name} {size}" for name, size in sizes.items())


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name:40} {text}")
