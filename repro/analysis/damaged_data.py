"""Damaged data: files that cannot be read are recorded and reported, and the rest is used."""

from collections.abc import Iterator
from contextlib import contextmanager

from repro.errors import UserError

Damage = list[str]
"""What is damaged or missing: a line each, with the file and what is wrong."""


@contextmanager
def recorded(damage: Damage | None) -> Iterator[None]:
    """Record a `UserError` of the block in `damage` and go on; with None, raise it."""
    try:
        yield
    except UserError as error:
        if damage is None:
            raise
        damage.append(str(error))
