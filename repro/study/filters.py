"""The filter that every command on cells takes: shell globs on names."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from repro.errors import UserError

T = TypeVar("T")


def matcher(patterns: Iterable[str], *, otherwise: bool) -> Callable[[str], bool]:
    """A predicate: does a name match any of the globs? Without a glob it answers `otherwise`.

    `*` also crosses `/`: `claude-*/gemm/dagger*@*x24` is every sample and scale point.
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
    """The items whose names match one of `patterns` (all, if none is given) and none of `exclude`.

    Raises:
        UserError: nothing is left; the message names the nearest names.
    """
    wanted, unwanted = matcher(patterns, otherwise=True), matcher(exclude, otherwise=False)
    chosen = [item for item in items if wanted(name(item)) and not unwanted(name(item))]
    if not chosen:
        names = [name(item) for item in items]
        given = " ".join([*patterns, *(f"--exclude {pattern}" for pattern in exclude)])
        raise UserError(f"no {what} matches {given or 'the study'}{_hint(patterns, names)}")
    return chosen


def nearest(wanted: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The names most like `wanted`, the best first; none, if all are far off."""
    return difflib.get_close_matches(wanted, list(names), n=count, cutoff=0.6)


def _hint(patterns: Sequence[str], names: Sequence[str]) -> str:
    if not patterns:
        return "; see `repro plan` for what there is"
    close = nearest(patterns[0], names)
    if not close:  # a program's name without a scale point is a usual slip
        close = nearest(patterns[0], {name.split("@")[0] + "@*" for name in names})
    if not close:
        return "; see `repro plan` for what there is"
    return f"; did you mean {' or '.join(close)}?"
