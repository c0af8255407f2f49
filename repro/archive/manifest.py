"""The manifest of a dataset: `SHA256SUMS`, which `sha256sum -c SHA256SUMS` can check as well.

A line is 64 lower-case hex digits, two spaces and a path; lines are sorted by path. Names that
sha256sum would have to escape are refused, so that a line means the same to every reader.
Imports nothing slow: `repro verify` must be as fast as sha256sum.
"""

import os
import re
from collections.abc import Mapping

from repro.errors import UserError

MANIFEST = "SHA256SUMS"
DIGEST = slice(0, 64)
"""Position of the digest in a line."""
PATH = slice(66, None)
"""Position of the path in a line."""
_AWKWARD = r"[\\\x00-\x1f\x7f\ud800-\udfff]"  # the last: bytes that are not UTF-8


def render(digests: Mapping[str, str]) -> str:
    """Return the manifest's text for digests by path.

    Raises:
        UserError: a path is outside of the dataset, is not text, or would have to be escaped.
    """
    for path in digests:
        if re.search(_AWKWARD, path) or not is_safe(path):
            raise UserError(
                f"{path!a}: not allowed in {MANIFEST}; rename the file: no backslash, no control "
                "character, only UTF-8"
            )
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests, key=os.fsencode))


def lines_of(text: str) -> list[str]:
    """Split a manifest into lines, without checking them."""
    lines = text.split("\n")  # splitlines() also splits at other characters
    if not lines[-1]:
        lines.pop()
    return lines


def flaw(line: str) -> str:
    """Return `malformed` or `unsafe` (the path) if a line is wrong; otherwise an empty string.

    For speed, the digits are only compared with the file's digest: so twenty thousand lines take
    milliseconds.
    """
    if line[64:66] != "  " or len(line) == 66:  # noqa: PLR2004 - two ends of the gap
        return "malformed"
    return "" if is_safe(line[PATH]) else "unsafe"


def is_safe(path: str) -> bool:
    """True if `path` is inside of the dataset and in its normal form.

    `-` is not: sha256sum would read its standard input.
    """
    fenced = f"/{path}/"
    if "//" in fenced or fenced == "/-/" or "\0" in fenced:
        return False
    return "/." not in fenced or ("/../" not in fenced and "/./" not in fenced)
