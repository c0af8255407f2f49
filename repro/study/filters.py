"""The filter of all commands on cells: shell globs on names."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from repro.errors import UserError

T = TypeVar("T")


def matcher(patterns: Iterable[str], *, otherwise: bool) -> Callable[[str], bool]:
    """Return a predicate: true if a name matches any of the globs; `otherwise` without a glob.

    `*` also matches `/`: `claude-*/gemm/dagger*@*x24` matches all samples and scale points.
    """
    compiled = [re.compile(fnmatch.translate(pattern)) for pattern in patterns]
    if not compiled:
        return lambda _: otherwise
    return lambda name: any(regex.match(name) for regex in compiled)


def select(
    items: Sequence[T],
    patterns: Sequence[str],
    exclude: Sequence[str] = (),
    name: Callable[[T], str] = str,
    what: str = "cell",
) -> list[T]:
    """Return the items whose names match `patterns` (all without a pattern) and not `exclude`.

    Raises:
        UserError: no item is left; the message suggests similar names.
    """
    wanted, unwanted = matcher(patterns, otherwise=True), matcher(exclude, otherwise=False)
    chosen = [item for item in items if wanted(name(item)) and not unwanted(name(item))]
    if not chosen:
        names = [name(item) for item in items]
        given = " ".join([*patterns, *(f"--exclude {pattern}" for pattern in exclude)])
        raise UserError(f"no {what} matches {given or 'the study'}{_hint(patterns, names)}")
    return chosen


def nearest(wanted: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return the names most similar to `wanted`, the best first; empty if none is similar."""
    return difflib.get_close_matches(wanted, list(names), n=count, cutoff=0.6)


def _hint(patterns: Sequence[str], names: Sequence[str]) -> str:
    if not patterns:
        return "; `repro plan` lists the names"
    close = nearest(patterns[0], names)
    if not close:  # users often omit the scale point
        close = nearest(patterns[0], {name.split("@")[0] + "@*" for name in names})
    if not close:
        return "; `repro plan` lists the names"
    return f"; did you mean {' or '.join(close)}?"
