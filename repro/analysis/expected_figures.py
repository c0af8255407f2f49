"""Expected figures: whether figures equal the committed ones, byte for byte, and where not.

paper_figures/expected/<dataset>/ has the figures and SHA256SUMS in the format of sha256sum.
"""

import hashlib
import shutil
from itertools import zip_longest
from pathlib import Path

from repro import ROOT
from repro.errors import UserError
from repro.files import reading, write_atomic

EXPECTED = ROOT / "paper_figures" / "expected"
SUMS = "SHA256SUMS"
SHOWN = 100
"""Characters shown of a line that differs."""


def check(built: Path, expected: Path) -> list[str]:
    """Compare figures just drawn with the committed ones.

    Args:
        built: directory with the figures drawn.
        expected: directory with the committed figures and their hashes.

    Returns:
        One line for each file that differs, is missing or is not expected; empty if all agree.
    """
    sums = _read_sums(expected / SUMS)
    if sums is None:
        return [f"{expected / SUMS}: missing; make it with --update-expected"]
    problems = []
    for name in sorted({path.name for path in built.iterdir()} | sums.keys()):
        problem = _compare(built / name, expected / name, sums.get(name))
        problems += [problem] if problem else []
    listed = sums.keys() | {SUMS}
    extra = sorted(path.name for path in expected.iterdir() if path.name not in listed)
    return problems + [f"{expected / name}: not in {SUMS}; remove it" for name in extra]


def update(built: Path, expected: Path) -> None:
    """Make the figures just drawn the expected ones; remove those no longer drawn.

    Raises:
        OSError: `expected` cannot be written.
    """
    expected.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in built.iterdir())
    for stale in expected.iterdir():
        if stale.name not in names:
            stale.unlink()
    for name in names:
        shutil.copyfile(built / name, expected / name)
    lines = [f"{_sha256(expected / name)}  {name}\n" for name in names]
    write_atomic(expected / SUMS, "".join(lines))


def _compare(built: Path, expected: Path, digest: str | None) -> str | None:
    """What is wrong with a figure, in one line; None: nothing."""
    if digest is None:
        return f"{built.name}: drawn, but not expected; see --update-expected"
    if not built.exists():
        return f"{built.name}: expected, but no longer drawn; see --update-expected"
    if _sha256(built) == digest and expected.exists() and _sha256(expected) == digest:
        return None
    if not expected.exists():
        return f"{expected}: missing; restore it, or see --update-expected"
    if _sha256(expected) != digest:
        return f"{expected}: does not match {SUMS}; restore both, or see --update-expected"
    return f"{built.name}: {difference(built, expected)}"


def difference(built: Path, expected: Path) -> str:
    """The first difference between two files: a pixel of a PNG, a line of anything else."""
    if built.suffix == ".png":
        return _pixel_difference(built, expected)
    pairs = zip_longest(*(path.read_bytes().split(b"\n") for path in (built, expected)))
    for number, (ours, theirs) in enumerate(pairs, start=1):
        if ours != theirs:
            return f"line {number} is {_shown(ours, theirs)}, expected {_shown(theirs, ours)}"
    return "no difference"


def _pixel_difference(built: Path, expected: Path) -> str:
    """Where two images first differ, from the upper left corner, row by row."""
    from matplotlib.image import imread  # slow, and needed for a failure only

    ours, theirs = (imread(path) for path in (built, expected))
    if ours.shape != theirs.shape:
        sizes = [f"{image.shape[1]} x {image.shape[0]}" for image in (ours, theirs)]
        return f"is {sizes[0]} pixels, expected {sizes[1]}"
    rows, columns = (ours != theirs).any(axis=-1).nonzero()
    if len(rows) == 0:
        return "the pixels are the same, their compression differs"
    y, x = int(rows[0]), int(columns[0])
    values = [tuple(round(float(part) * 255) for part in image[y, x]) for image in (ours, theirs)]
    return (
        f"{len(rows)} pixels differ, the first at x={x}, y={y}: {values[0]}, expected {values[1]}"
    )


def _shown(line: bytes | None, other: bytes | None) -> str:
    """A line, or the part of it around the first difference from the other."""
    if line is None:
        return "missing"
    pairs = zip(line, other or b"", strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(line), len(other or b"")))
    begin = max(0, same - SHOWN // 2)
    part = line[begin : begin + SHOWN].decode("latin-1")
    before, after = "..." if begin else "", "..." if begin + SHOWN < len(line) else ""
    return repr(f"{before}{part}{after}")


def _read_sums(path: Path) -> dict[str, str] | None:
    """Digests by file name; None if there is no such file."""
    if not path.exists():
        return None
    sums = {}
    with reading(path):
        lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, separator, name = line.partition("  ")
        if not separator or "/" in name:
            raise UserError(f"{path}: not a line of sha256sum: {line}; see --update-expected")
        sums[name] = digest
    return sums


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
