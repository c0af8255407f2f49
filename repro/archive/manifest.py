"""The manifest of a dataset: `SHA256SUMS`, which `sha256sum -c SHA256SUMS` can check as well.

A line is 64 lower-case hex digits, two spaces and a path; lines are sorted by path. Names that
sha256sum would have to escape are refused, so that a line means the same to every reader.
Imports nothing slow: `repro verify` has to be as quick as sha256sum.
"""

import os
import re
from collections.abc import Mapping

from repro.errors import UserError

MANIFEST = "SHA256SUMS"
DIGEST = slice(0, 64)
"""Where a line has the digest."""
PATH = slice(66, None)
"""Where a line has the path."""
_AWKWARD = r"[\\\x00-\x1f\x7f\ud800-\udfff]"  # the last: bytes that are not UTF-8


def render(digests: Mapping[str, str]) -> str:
    """The manifest's text for SHA-256 by path.

    Raises:
        UserError: a path that leaves the dataset, that sha256sum would have to escape, or that
            is not text.
    """
    for path in digests:
        if re.search(_AWKWARD, path) or not is_safe(path):
            raise UserError(
                f"{path!a}: cannot stand in {MANIFEST}; rename the file: no backslash, no control "
                "character, nothing but UTF-8"
            )
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests, key=os.fsencode))


def lines_of(text: str) -> list[str]:
    """The lines of a manifest, whatever they say."""
    lines = text.split("\n")  # splitlines() would split at more than that
    if not lines[-1]:
        lines.pop()
    return lines


def flaw(line: str) -> str:
    """`malformed`, if `line` is no manifest's line; `unsafe`, if its path is; else nothing.

    The digits are left to the comparison with the file's digest, for speed: twenty thousand lines
    are a matter of milliseconds.
    """
    if line[64:66] != "  " or len(line) == 66:  # noqa: PLR2004 - two ends of the gap
        return "malformed"
    return "" if is_safe(line[PATH]) else "unsafe"


def is_safe(path: str) -> bool:
    """Does `path` stay inside the dataset, written in the one plain way?

    `-` does not: sha256sum would read its standard input.
    """
    fenced = f"/{path}/"
    if "//" in fenced or fenced == "/-/" or "\0" in fenced:
        return False
    return "/." not in fenced or ("/../" not in fenced and "/./" not in fenced)
