"""What a report lacks because a file is damaged, named in place of an error."""

from collections.abc import Iterator
from contextlib import contextmanager

from repro.errors import UserError

Gaps = list[str]
"""One line each: what is wrong, where."""


@contextmanager
def named(gaps: Gaps | None) -> Iterator[None]:
    """Add what the block could not read to `gaps`; with None it is an error, as elsewhere."""
    try:
        yield
    except UserError as error:
        if gaps is None:
            raise
        gaps.append(str(error))
